//go:build deploycheck

package deploycheck

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"tokensync/internal/dev/samtemplate"
)

// alias is what a function's callers ask for, so that a deployment can move them to a new version bit by bit.
const alias = "live"

// deployments makes sure that every function is deployed behind its alias, that a new setting is a new version, that
// everything that calls it calls the alias, and that alarms which exist take a bad version back.
func deployments(_ context.Context, d *deployment) ([]string, error) {
	written, err := d.written.Resources()
	if err != nil {
		return nil, err
	}
	var out []string
	for _, f := range d.of("AWS::Lambda::Function") {
		if !slices.ContainsFunc(written, func(r samtemplate.Resource) bool {
			return r.LogicalID == f.LogicalID && r.Properties["AutoPublishAliasAllProperties"] == true
		}) {
			out = append(out, f.LogicalID+": a deployment that changes a setting alone publishes no version")
		}
		if _, ok := d.find(f.LogicalID + "Alias" + alias); !ok {
			out = append(out, f.LogicalID+" has no alias "+alias)
		}
		group, ok := d.find(f.LogicalID + "DeploymentGroup")
		if !ok {
			out = append(out, f.LogicalID+" takes all traffic at once, and nothing takes it back")
			continue
		}
		alarms := mappings(dig(group.Properties, "AlarmConfiguration", "Alarms"))
		for _, a := range alarms {
			if !slices.ContainsFunc(d.of("AWS::CloudWatch::Alarm"), func(r samtemplate.Resource) bool { return a["Name"] == "tokensync-local-"+r.LogicalID }) {
				out = append(out, fmt.Sprintf("%s is watched by %v, which is no alarm", f.LogicalID, a["Name"]))
			}
		}
		if len(alarms) == 0 {
			out = append(out, f.LogicalID+": no alarm takes a deployment back")
		}
	}
	return append(out, d.callersOfOneVersion()...), nil
}

var unqualified = regexp.MustCompile(`function:tokensync-local-\w+(?:[^:\w]|$)`)

// callersOfOneVersion are what would go on calling the newest code, however a deployment goes.
func (d *deployment) callersOfOneVersion() []string {
	var out []string
	for _, r := range d.resources {
		if r.Type != "AWS::Scheduler::Schedule" && !strings.HasPrefix(r.Type, "AWS::ApiGatewayV2::") {
			continue
		}
		if found := unqualified.FindString(fmt.Sprint(r.Properties)); found != "" {
			out = append(out, fmt.Sprintf("%s calls %s and not its alias", r.LogicalID, found))
		}
	}
	return out
}
