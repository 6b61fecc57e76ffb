//go:build deploycheck

package deploycheck

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"tokensync/internal/dev/samtemplate"
)

// alias is what a function's callers ask for, so that a deployment can move them to a new version bit by bit.
const alias = "live"

// deployments makes sure that every function of the API is deployed behind its alias, that everything which calls it calls
// the alias, and that alarms which exist take a bad version back. A function that a schedule calls has none of it: a tenth
// of one call a minute would mostly not run the new version at all.
func deployments(_ context.Context, d *deployment) ([]string, error) {
	written, err := d.written.Resources()
	if err != nil {
		return nil, err
	}
	var out []string
	for _, f := range d.of("AWS::Lambda::Function") {
		if d.scheduled(f) {
			if _, ok := d.find(f.LogicalID + "Alias" + alias); ok {
				out = append(out, f.LogicalID+" has an alias, and too few calls for a canary")
			}
			continue
		}
		out = append(out, d.deployment(f)...)
		if !slices.ContainsFunc(written, func(r samtemplate.Resource) bool {
			return r.LogicalID == f.LogicalID && r.Properties["AutoPublishAliasAllProperties"] == true
		}) {
			out = append(out, f.LogicalID+": a deployment that changes a setting alone publishes no version")
		}
	}
	return append(out, d.callersOfOneVersion()...), nil
}

// scheduled reports whether schedules call a function.
func (d *deployment) scheduled(f samtemplate.Resource) bool {
	written, err := d.written.Function(folder(f.LogicalID))
	return err == nil && len(written.Schedules) > 0
}

// deployment finds what is wrong with how a function's traffic moves.
func (d *deployment) deployment(f samtemplate.Resource) []string {
	var out []string
	if _, ok := d.find(f.LogicalID + "Alias" + alias); !ok {
		out = append(out, f.LogicalID+" has no alias "+alias)
	}
	group, ok := d.find(f.LogicalID + "DeploymentGroup")
	if !ok {
		return append(out, f.LogicalID+" takes all traffic at once, and nothing takes it back")
	}
	alarms := mappings(dig(group.Properties, "AlarmConfiguration", "Alarms"))
	for _, a := range alarms {
		if !slices.ContainsFunc(d.of("AWS::CloudWatch::Alarm"), func(r samtemplate.Resource) bool { return a["Name"] == "tokensync-local-"+r.LogicalID }) {
			out = append(out, fmt.Sprintf("%s is watched by %v, which is not an alarm", f.LogicalID, a["Name"]))
		}
	}
	if len(alarms) == 0 {
		out = append(out, f.LogicalID+": no alarm takes a deployment back")
	}
	return out
}

// callersOfOneVersion returns what would go on calling the newest code of a function with an alias, however a deployment goes.
func (d *deployment) callersOfOneVersion() []string {
	var out []string
	for _, f := range d.of("AWS::Lambda::Function") {
		unqualified := regexp.MustCompile("function:tokensync-local-" + f.LogicalID + `(?:[^:\w]|$)`)
		for _, r := range d.resources {
			calls := r.Type == "AWS::Scheduler::Schedule" || strings.HasPrefix(r.Type, "AWS::ApiGatewayV2::")
			if calls && !d.scheduled(f) && unqualified.MatchString(fmt.Sprint(r.Properties)) {
				out = append(out, fmt.Sprintf("%s calls %s and not its alias", r.LogicalID, f.LogicalID))
			}
		}
	}
	return out
}

// TestRollBackIsAChoice: a deployment that mends what rings would be taken back at once.
func TestRollBackIsAChoice(t *testing.T) {
	t.Parallel()
	d, err := ours()
	if err != nil {
		t.Fatal(err)
	}
	for value, want := range map[string]int{"true": 2, "false": 0} {
		set := map[string]string{"RollBackOnAlarms": value}
		translated, err := d.translate(t.Context(), set)
		if err != nil {
			t.Fatal(err)
		}
		template, err := samtemplate.Parse(translated[0], samtemplate.Options{Parameters: set})
		if err != nil {
			t.Fatal(err)
		}
		resources, err := template.Resources()
		if err != nil {
			t.Fatal(err)
		}
		groups := (&deployment{resources: resources}).of("AWS::CodeDeploy::DeploymentGroup")
		for _, group := range groups {
			if alarms := mappings(dig(group.Properties, "AlarmConfiguration", "Alarms")); len(alarms) != want {
				t.Errorf("RollBackOnAlarms=%s: %s is guarded by %v", value, group.LogicalID, alarms)
			}
		}
		if len(groups) < 9 {
			t.Errorf("%d functions are deployed bit by bit", len(groups))
		}
	}
}
