//go:build deploycheck

package deploycheck

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"slices"
	"strings"
)

// An accepted finding of a tool is no problem, for a reason. One that no longer comes up has to go.
type accepted struct {
	rule string
	// resources that it is accepted for: a pattern of logical IDs.
	resources *regexp.Regexp
	reason    string
}

func all(pattern string) *regexp.Regexp { return regexp.MustCompile("^(?:" + pattern + ")$") }

// finding is a tool's complaint about a resource.
type finding struct{ rule, resource, message string }

// problems returns the findings that are not accepted, and what is accepted without being found.
func problems(found []finding, list []accepted) []string {
	var out []string
	used := make([]bool, len(list))
	for _, f := range found {
		i := slices.IndexFunc(list, func(a accepted) bool { return a.rule == f.rule && a.resources.MatchString(f.resource) })
		if i >= 0 {
			used[i] = true
			continue
		}
		out = append(out, fmt.Sprintf("%s: %s: %s", f.resource, f.rule, f.message))
	}
	for i, a := range list {
		if !used[i] {
			out = append(out, fmt.Sprintf("%s is accepted for %s, but never found", a.rule, a.resources))
		}
	}
	return out
}

func samValidate(ctx context.Context, d *deployment) ([]string, error) {
	output, err := d.tool(ctx, "sam/bin/sam", "validate", "--lint", "--template-file", d.path, "--region", "us-east-1").CombinedOutput()
	if _, failed := errors.AsType[*exec.ExitError](err); failed {
		return []string{string(output)}, nil
	}
	return nil, err
}

// acceptedByLint are findings of cfn-lint's serverless rules.
var acceptedByLint = []accepted{
	{"WS1004", all(".*Function"), "each function has a log group with a retention, named by LoggingConfig; the rule looks for one named after the function"},
	{"WS1000", all(".*Function"), "tracing costs five dollars a million requests: the parameter Tracing asks for it"},
	{"ES7000", all("AlarmEmailSubscription"), "a mail that cannot be delivered is not worth a queue"},
	{"ES6000", all("SyncFailuresQueue"), "it is a dead-letter queue itself: nothing takes messages from it"},
}

func cfnLint(ctx context.Context, d *deployment) ([]string, error) {
	output, err := d.tool(ctx, "sam/bin/cfn-lint", "-a", "cfn_lint_serverless.rules", "-f", "json", "-t", d.path).Output()
	if _, failed := errors.AsType[*exec.ExitError](err); err != nil && !failed {
		return nil, err
	}
	var matches []struct {
		Message string
		Rule    struct {
			ID string `json:"Id"`
		}
		Location struct{ Path []any }
	}
	if err := json.Unmarshal(output, &matches); err != nil {
		return nil, fmt.Errorf("cfn-lint's answer %q: %w", output, err)
	}
	var found []finding
	for _, m := range matches {
		resource := "the template"
		if path := m.Location.Path; len(path) > 1 && path[0] == "Resources" {
			resource = fmt.Sprint(path[1])
		}
		found = append(found, finding{m.Rule.ID, resource, m.Message})
	}
	return problems(found, acceptedByLint), nil
}

// acceptedByCheckov are findings of checkov.
var acceptedByCheckov = []accepted{
	{"CKV_AWS_116", all(".*Function"), "the sync's EventInvokeConfig has a queue for failures; API Gateway waits for the others, which Lambda never queues"},
	{"CKV_AWS_117", all(".*Function"), "nothing to reach is in a VPC; in one, the sync would need a NAT gateway for Meteora"},
	{"CKV_AWS_115", all(".*Function"), "a new account's quota allows no reservation: SyncReservedConcurrency asks for it, the API is throttled by its stage"},
	{"CKV_AWS_173", all(".*Function"), "names and URLs of public things; secrets are in SSM SecureStrings, which the variables only name"},
	{"CKV_AWS_158", all(".*LogGroup"), "CloudWatch encrypts with its own key; the logs hold no secret, and a customer-managed key costs a dollar a month and can be lost"},
	{"CKV_AWS_119", all("(Tokens|Board|Sync)Table"), "encrypted with AWS's key for DynamoDB; what is stored is public"},
	{"CKV_AWS_28", all("BoardTable"), "the next run builds a lost board anew from the tokens; recovery would be paid for by the GB"},
	{"CKV_AWS_26", all("AlarmTopic"), "alarms cannot use AWS's key for SNS, and hold no secret that a customer-managed key would be worth a dollar a month"},
	{"CKV_AWS_27", all("SyncFailuresQueue"), "encrypted with SQS's own key (SqsManagedSseEnabled), which the rule does not know, and the check of queues does"},
}

func checkov(ctx context.Context, d *deployment) ([]string, error) {
	output, err := d.tool(ctx, "checkov/bin/checkov", "--file", d.path, "--framework", "cloudformation",
		"--output", "json", "--quiet", "--skip-download").Output()
	if _, failed := errors.AsType[*exec.ExitError](err); err != nil && !failed {
		return nil, err
	}
	var answer struct {
		Results struct {
			FailedChecks []struct {
				ID       string `json:"check_id"`
				Name     string `json:"check_name"`
				Resource string
			} `json:"failed_checks"`
			ParsingErrors []string `json:"parsing_errors"`
		}
		Summary struct{ Passed int }
	}
	if err := json.Unmarshal(output, &answer); err != nil {
		return nil, fmt.Errorf("checkov's answer %q: %w", output, err)
	}
	var found []finding
	for _, c := range answer.Results.FailedChecks {
		resource := c.Resource[strings.LastIndex(c.Resource, ".")+1:]
		found = append(found, finding{c.ID, resource, c.Name})
	}
	out := append(answer.Results.ParsingErrors, problems(found, acceptedByCheckov)...)
	if answer.Summary.Passed == 0 {
		out = append(out, "checkov found nothing to check")
	}
	return out, nil
}
