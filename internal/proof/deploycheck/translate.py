"""Prints what SAM's translator makes of a template, as CloudFormation would receive it; offline.

Usage: translate.py template.yaml <sets.json
The sets are a list of parameters' values, {"Parameter": "Value"}; printed is a list of templates, one for each set.
"""

import copy
import json
import os
import sys

from samtranslator.model.exceptions import InvalidDocumentException
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse


class ManagedPolicies:
    """Stands in for a look-up in IAM. Names of managed policies are not translated; their ARNs are."""

    def load(self):
        return {}


def upload(template):
    """Puts in place of local code what sam deploy would have uploaded."""
    code = "s3://bucket/code"
    template.get("Globals", {}).get("Function", {}).pop("CodeUri", None)
    for resource in template["Resources"].values():
        if resource.get("Type") == "AWS::Serverless::Function":
            resource.setdefault("Properties", {})["CodeUri"] = code


def main():
    os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
    with open(sys.argv[1], encoding="utf-8") as file:
        template = yaml_parse(file)
    upload(template)
    try:
        translated = [
            transform(copy.deepcopy(template), values, ManagedPolicies())
            for values in json.load(sys.stdin)
        ]
        json.dump(translated, sys.stdout)
    except InvalidDocumentException as error:
        sys.exit("\n".join(cause.message for cause in error.causes))


main()
