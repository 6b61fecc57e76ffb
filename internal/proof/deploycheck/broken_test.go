//go:build deploycheck

package deploycheck

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// A fault is a change to a copy of the template, and the checks that must find it, each with words of what it says.
type fault struct {
	name string
	// in is the resource that is changed; the change applies to its part of the file alone. "" is the whole file.
	in       string
	old, new string // a regular expression, and what its first match becomes
	caught   map[string]string
}

var faults = []fault{
	{
		"a missing permission", "GetStatsFunction", `Action: \[dynamodb:GetItem, `, "Action: [dynamodb:DescribeTable, ",
		map[string]string{"permissions": "GetStatsFunction calls dynamodb:GetItem"},
	},
	{
		"an action that is never called", "GetTokenFunction", `Action: dynamodb:GetItem`, "Action: [dynamodb:GetItem, dynamodb:PutItem]",
		map[string]string{"permissions": "GetTokenFunction may call dynamodb:PutItem"},
	},
	{
		"an index that is never read", "SyncTokensFunction", `index/by-launchpad`, "index/by-tvl",
		map[string]string{"permissions": "SyncTokensFunction calls dynamodb:Query on .*by-launchpad .*\n.*may call dynamodb:Query on .*by-tvl"},
	},
	{
		"a permission on the wrong table", "GetTokenFunction", `!GetAtt TokensTable.Arn`, "!GetAtt SyncTable.Arn",
		map[string]string{"permissions": "GetTokenFunction calls dynamodb:GetItem on .*TokensTable"},
	},
	{
		"the wrong keys", "HealthFunction", `\[RUN, BREAKER\]`, "[RUN]",
		map[string]string{"permissions": `HealthFunction may call dynamodb:Query .* keys \[RUN\], and does for \[BREAKER RUN\]`},
	},
	{
		"all actions of a service", "GetStatsFunction", `Action: \[.*\]`, "Action: 'dynamodb:*'",
		map[string]string{"stars": `GetStatsFunctionRole: a star`, "permissions": "GetStatsFunction"},
	},
	{
		"all resources", "GetStatsFunction", `Resource: !GetAtt BoardTable.Arn`, "Resource: '*'",
		map[string]string{"stars": `GetStatsFunctionRole: a star`, "permissions": "GetStatsFunction"},
	},
	{
		"a managed policy", "GetStatsFunction", `Policies:`, "Policies:\n        - arn:aws:iam::aws:policy/AmazonDynamoDBFullAccess",
		map[string]string{"permissions": "AmazonDynamoDBFullAccess"},
	},
	{
		"a wrong runtime", "", `Runtime: provided.al2023`, "Runtime: go1.x",
		map[string]string{"sam validate": "go1.x", "cfn-lint": "go1.x", "build": "runtime go1.x"},
	},
	{
		"another processor", "", `Architectures: \[arm64\]`, "Architectures: [x86_64]",
		map[string]string{"build": "x86_64"},
	},
	{
		"an unknown property", "HealthFunction", `LoggingConfig:`, "Patience: 5\n      LoggingConfig:",
		map[string]string{"sam validate": "Patience", "cfn-lint": "Patience"},
	},
	{
		"a reference to nothing", "HealthFunction", `!Ref HealthLogGroup`, "!Ref LogGroup",
		map[string]string{"sam validate": "LogGroup", "translator": "LogGroup"},
	},
	{
		"a route without a handler", "GetStatsFunction", `Path: /v1/stats`, "Path: /v1/statistics",
		map[string]string{"routes": "GetStatsFunction does not serve GET /v1/statistics", "events": "get-stats.json"},
	},
	{
		"a route of another function", "GetStatsFunction", `Path: /v1/stats`, "Path: /v1/tokens/{mint}",
		map[string]string{"translator": "GetStats"},
	},
	{
		"a parameter that the path does not have", "GetTokenFunction", `/v1/tokens/\{mint\}`, "/v1/tokens/{address}/pools",
		map[string]string{"routes": "GetTokenFunction does not serve"},
	},
	{
		"a method that is not served", "GetStatsFunction", `Method: GET`, "Method: POST",
		map[string]string{"routes": "GetStatsFunction does not serve POST"},
	},
	{
		"a function without code", "", `\nOutputs:\n`,
		"\n  WellFunction:\n    Type: AWS::Serverless::Function\n    Metadata:\n      BuildMethod: makefile\n    Properties:\n      MemorySize: 128\n\nOutputs:\n",
		map[string]string{"build": "functions/well/main.go", "translator": ""},
	},
	{
		"no build method", "HealthFunction", `BuildMethod: makefile`, "BuildMethod: go1.x",
		map[string]string{"build": `build method "go1.x"`},
	},
	{
		"code by folder, which the build cache knows too little of", "HealthFunction", `LoggingConfig:`, "CodeUri: functions/health\n      LoggingConfig:",
		map[string]string{"build": "code functions/health"},
	},
	{
		"Go may use all memory", "HealthFunction", `SYNC_TABLE:`, "GOMEMLIMIT: 256MiB\n          SYNC_TABLE:",
		map[string]string{"memory": "HealthFunction"},
	},
	{
		"more memory and the limit left", "SyncTokensFunction", `MemorySize: .*`, "MemorySize: 1024",
		map[string]string{"memory": "SyncTokensFunction"},
	},
	{
		"slower than API Gateway waits", "HealthFunction", `LoggingConfig:`, "Timeout: 30\n      LoggingConfig:",
		map[string]string{"timeouts": "HealthFunction may take 30s"},
	},
	{
		"schedules closer than a run may take", "", `Default: rate\(1 hour\)`, "Default: rate(5 minutes)",
		map[string]string{"timeouts": "SyncTokensFunction may take 5m0s, longer"},
	},
	{
		"health that waits for another schedule", "", `Expression: rate\(1 minute\)`, "Expression: rate(10 minutes)",
		map[string]string{"timeouts": "SYNC_INTERVAL is 1m, the shortest schedule 10m0s"},
	},
	{
		"an event that outlives its tick", "SyncTokensFunction", `MaximumEventAgeInSeconds: 60`, "MaximumEventAgeInSeconds: 3600",
		map[string]string{"timeouts": "keeps an event for 1h0m0s"},
	},
	{
		"a variable that nobody reads", "HealthFunction", `SYNC_TABLE:`, "STALE_AFTER: 3m\n          SYNC_TABLE:",
		map[string]string{"variables": "HealthFunction is given STALE_AFTER"},
	},
	{
		"a variable that is missing", "HealthFunction", `SYNC_INTERVAL: .*`, "",
		map[string]string{"variables": "HealthFunction needs SYNC_INTERVAL"},
	},
	{
		"a variable that is misspelled", "SyncTokensFunction", `SYNC_TABLE:`, "SYNCS_TABLE:",
		map[string]string{"variables": "SyncTokensFunction needs SYNC_TABLE"},
	},
	{
		"an alarm on no metric", "", `Resources:\n`, "Resources:\n" + alarm("tokensync", "RunsFaild"),
		map[string]string{"alarms": "no function reports RunsFaild"},
	},
	{
		"an alarm on no metric of AWS's", "", `Resources:\n`, "Resources:\n" + alarm("AWS/Lambda", "Failures"),
		map[string]string{"alarms": "AWS reports no Failures"},
	},
	{
		"a deployment that watches what depends on it", "", `\[!Ref ConfigurationAlarm, !Ref ReadErrorsAlarm\]`, "[!Ref ConfigurationAlarm, !Ref ApiErrorsAlarm]",
		map[string]string{"circles": "ReadApi"},
	},
	{
		"a deployment that no alarm takes back", "GetStatsFunction", `LoggingConfig:`, "DeploymentPreference: { Enabled: false }\n      LoggingConfig:",
		map[string]string{"deployments": "GetStatsFunction"},
	},
	{
		"a change of a setting's spelling that reaches nobody", "GetStatsFunction", `AutoPublishAliasAllProperties: true`, "AutoPublishAliasAllProperties: false",
		map[string]string{"deployments": "a deployment that changes a setting alone"},
	},
	{
		"a canary for one call a minute", "SyncTokensFunction", `AutoPublishAlias: ""`, "AutoPublishAlias: live",
		map[string]string{"deployments": "SyncTokensFunction has an alias"},
	},
	{
		"a setting whose change reaches nobody", "GetStatsFunction", ` \$\{CacheMaxAge\}`, "",
		map[string]string{"versions": "GetStatsFunction: another CacheMaxAge publishes no version"},
	},
	{
		"a version for nothing", "GetStatsFunction", `\$\{CacheMaxAge\}`, "${CacheMaxAge} ${ApiRateLimit}",
		map[string]string{"versions": "ApiRateLimit in a version's description may be of any length\nGetStatsFunction: another ApiRateLimit publishes a version as the one before"},
	},
	{
		"a version whose description may be too long", "GetStatsFunction", `\$\{CacheMaxAge\}`, "${CacheMaxAge} " + strings.Repeat("x", 240),
		map[string]string{"versions": "GetStatsFunction: the description of a version has up to"},
	},
	{
		"a queue without encryption", "SyncFailuresQueue", `SqsManagedSseEnabled: true`, "SqsManagedSseEnabled: false",
		map[string]string{"queues": "SyncFailuresQueue"},
	},
	{
		"a table without recovery", "SyncTable", `PointInTimeRecoveryEnabled: true`, "PointInTimeRecoveryEnabled: false",
		map[string]string{"checkov": "SyncTable: CKV_AWS_28"},
	},
}

func alarm(namespace, name string) string {
	return fmt.Sprintf(`  BrokenAlarm:
    Type: AWS::CloudWatch::Alarm
    Properties:
      Namespace: %s
      MetricName: %s
      Dimensions: [{ Name: Service, Value: !Ref AWS::StackName }, { Name: Environment, Value: !Ref Environment }]
      ComparisonOperator: GreaterThanThreshold
      Threshold: 0
      EvaluationPeriods: 1
      Period: 60
      Statistic: Sum
`, namespace, name)
}

// TestBrokenTemplates breaks a copy of the template in one way at a time: what every check is for, it finds.
func TestBrokenTemplates(t *testing.T) {
	t.Parallel()
	d, err := ours()
	if err != nil {
		t.Fatal(err)
	}
	sound, err := os.ReadFile(d.path)
	if err != nil {
		t.Fatal(err)
	}
	for _, fault := range faults {
		t.Run(fault.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "template.yaml")
			if err := os.WriteFile(path, []byte(fault.apply(t, string(sound))), 0o600); err != nil {
				t.Fatal(err)
			}
			for name, want := range fault.caught {
				said := strings.Join(run(t, d, path, name), "\n")
				if matched, err := regexp.MatchString(want, said); err != nil || !matched || said == "" {
					t.Errorf("%s says %q, want %q (error %v)", name, said, want, err)
				}
			}
		})
	}
}

// run runs one check on a template that may be too broken to be translated: then only the tools of others go on.
func run(t *testing.T, sound *deployment, path, name string) []string {
	t.Helper()
	d, err := load(t.Context(), sound.root, path)
	if err != nil {
		d = &deployment{root: sound.root, path: path}
	}
	if name == "translator" || err != nil && !slices.Contains([]string{"sam validate", "cfn-lint", "checkov"}, name) {
		return []string{fmt.Sprint(err)}
	}
	i := slices.IndexFunc(checks, func(c check) bool { return c.name == name })
	if i < 0 {
		t.Fatalf("there is no check %s", name)
	}
	problems, err := checks[i].run(t.Context(), d)
	if err != nil {
		problems = append(problems, err.Error())
	}
	return problems
}

// apply makes the change, which must change something.
func (f fault) apply(t *testing.T, template string) string {
	t.Helper()
	start, end := 0, len(template)
	if f.in != "" {
		section := regexp.MustCompile(`(?m)^  ` + f.in + `:\n(?:(?:    .*)?\n)*`).FindStringIndex(template)
		if section == nil {
			t.Fatalf("the template has no %s", f.in)
		}
		start, end = section[0], section[1]
	}
	found := regexp.MustCompile(f.old).FindStringIndex(template[start:end])
	if found == nil {
		t.Fatalf("%s of the template has no %s", f.in, f.old)
	}
	return template[:start+found[0]] + f.new + template[start+found[1]:]
}

// TestEveryCheckCanFail keeps a check that finds nothing from passing for one that has nothing to find.
func TestEveryCheckCanFail(t *testing.T) {
	t.Parallel()
	for _, check := range checks {
		if !slices.ContainsFunc(faults, func(f fault) bool { return f.caught[check.name] != "" }) {
			t.Errorf("no fault is there for %s to find", check.name)
		}
	}
}
