"""Writes a template that the emulator takes: what it lacks is left out, and the code is what sam build made.

Usage: derive.py template.yaml build/ derived.yaml
"""

import pathlib
import sys

import yaml
from samtranslator.yaml_helper import yaml_parse


def derive(template, build):
    functions = template["Globals"]["Function"]
    functions.pop("CodeUri", None)
    functions["DeploymentPreference"] = {"Enabled": False}  # it has no CodeDeploy
    for name, resource in template["Resources"].items():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::Serverless::Function":
            properties["CodeUri"] = str(build / name)
            properties.pop("DeploymentPreference", None)
        if resource["Type"] == "AWS::CloudWatch::Alarm" and properties.pop("Metrics", None):
            properties.update(  # nor alarms on formulas
                Namespace="AWS/Lambda", MetricName="Errors", Statistic="Sum", Period=60
            )
    return template


def main():
    source, build, derived = map(pathlib.Path, sys.argv[1:4])
    template = derive(yaml_parse(source.read_text("utf-8")), build)
    derived.write_text(yaml.safe_dump(template, sort_keys=False), "utf-8")


main()
