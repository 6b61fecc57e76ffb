package repotest

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"tokensync/internal/dev/samtemplate"
)

var (
	pinned      = regexp.MustCompile(`^[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$`)
	uses        = regexp.MustCompile(`(?m)^\s*(?:- )?uses: (.+)$`)
	override    = regexp.MustCompile(`"(\w+)=\\"`)
	asked       = regexp.MustCompile(`OutputKey == "(\w+)"`)
	environment = regexp.MustCompile(`(?m)^      config: (\w+)$`)
)

// TestWorkflows: what others wrote runs from a commit that cannot move, nothing may do more than it has to, and no secret
// is kept that could leak.
func TestWorkflows(t *testing.T) {
	t.Parallel()
	for name, text := range workflows(t) {
		for _, m := range uses.FindAllStringSubmatch(text, -1) {
			if !strings.HasPrefix(m[1], "./") && !pinned.MatchString(m[1]) {
				t.Errorf("%s: %s is not pinned to a commit with its version after it", name, m[1])
			}
		}
		for _, forbidden := range []string{"secrets.", "pull_request_target", "write-all", "aws-access-key-id", "contents: write"} {
			if strings.Contains(text, forbidden) {
				t.Errorf("%s has %s", name, forbidden)
			}
		}
		if strings.Contains(text, "id-token: write") != strings.HasPrefix(name, "deploy") {
			t.Errorf("%s: only deployments take a role in AWS", name)
		}
		var workflow struct {
			Permissions any
			Jobs        map[string]struct {
				Uses    string
				Timeout int `yaml:"timeout-minutes"`
			}
		}
		if err := yaml.Unmarshal([]byte(text), &workflow); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if workflow.Permissions == nil {
			t.Errorf("%s leaves the permissions to the repository's settings", name)
		}
		for id, job := range workflow.Jobs {
			if job.Uses == "" && job.Timeout == 0 {
				t.Errorf("%s: job %s may run for six hours", name, id)
			}
		}
	}
}

// TestTheRoleSeesNoBuild: what takes a role in AWS deploys what another job built, so that nothing which a build downloads and
// runs can use it.
func TestTheRoleSeesNoBuild(t *testing.T) {
	t.Parallel()
	text := workflows(t)["deploy-stack.yml"]
	for _, tool := range []string{"setup-go", "setup-node", "npm ", "sam-build", "make check", "make test"} {
		if strings.Contains(text, tool) {
			t.Errorf("deploy-stack.yml has %s", tool)
		}
	}
	if !strings.Contains(text, "download-artifact") {
		t.Error("deploy-stack.yml deploys nothing that was built before")
	}
}

// TestEveryCheckIsRun: what make check consists of runs before anything is deployed, here or there.
func TestEveryCheckIsRun(t *testing.T) {
	t.Parallel()
	read := func(name string) string {
		text, err := os.ReadFile(filepath.Join(root(t), name))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	m := regexp.MustCompile(`(?m)^check: (.+?) ##`).FindStringSubmatch(read("Makefile"))
	if m == nil {
		t.Fatal("there is no make check")
	}
	run := map[string]bool{}
	for _, line := range regexp.MustCompile(`(?m)^\s*(?:- run: )?make (.+)$`).FindAllStringSubmatch(read(".ci/run")+workflows(t)["ci.yml"], -1) {
		for target := range strings.FieldsSeq(line[1]) {
			run[target] = true
		}
	}
	for _, target := range append(strings.Fields(m[1]), "test", "test-dynamodb-local", "vulnerabilities") {
		if !run[target] {
			t.Errorf("neither .ci/run nor ci.yml runs make %s", target)
		}
	}
	if !strings.Contains(workflows(t)["ci.yml"], "run: .ci/run") {
		t.Error("ci.yml does not run .ci/run")
	}
}

// TestWorkflowsKnowTheStack: the parameters, outputs and environments that are named exist.
func TestWorkflowsKnowTheStack(t *testing.T) {
	t.Parallel()
	all := workflows(t)
	template, err := os.ReadFile("../../../template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	config, err := os.ReadFile("../../../samconfig.toml")
	if err != nil {
		t.Fatal(err)
	}
	given := map[string]string{}
	for _, m := range override.FindAllStringSubmatch(all["deploy-stack.yml"], -1) {
		given[m[1]] = map[string]string{"Environment": "prod", "LaunchpadIdParameter": "/any"}[m[1]]
	}
	if _, err := samtemplate.Parse(template, samtemplate.Options{Parameters: given}); err != nil || len(given) < 4 {
		t.Errorf("parameters %v: %v", given, err)
	}
	outputs := names(asked, []byte(all["deploy-stack.yml"]))
	for _, output := range outputs {
		if !regexp.MustCompile(`(?m)^  ` + output + `:$`).Match(template[strings.Index(string(template), "\nOutputs:"):]) {
			t.Errorf("the template has no output %s", output)
		}
	}
	stages := names(environment, []byte(all["deploy.yml"]))
	for _, stage := range stages {
		if !strings.Contains(string(config), "["+stage+".deploy.parameters]") {
			t.Errorf("samconfig.toml has no environment %s", stage)
		}
	}
	if len(outputs) == 0 || !slices.Equal(stages, []string{"prod", "staging"}) {
		t.Errorf("outputs %v, environments %v", outputs, stages)
	}
}

var (
	byHand      = regexp.MustCompile("(?s)remote invoke\\s+SyncTokensFunction[^`]{0,200}")
	readTimeout = regexp.MustCompile(`AWS_MAX_ATTEMPTS=1 aws lambda invoke .*\n?.*--cli-read-timeout (\d+)`)
)

// TestRunsByHandStartOnce: the SAM CLI starts a slow run five times unless it is told not to wait, and the AWS CLI does unless it
// waits for longer than the function may take. A probe is over before.
func TestRunsByHandStartOnce(t *testing.T) {
	t.Parallel()
	found := 0
	for _, path := range tracked(t) {
		if strings.Contains(path, "testdata") || !slices.Contains([]string{".md", ".yml", ".yaml"}, filepath.Ext(path)) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(root(t), path))
		if err != nil {
			t.Fatal(err)
		}
		for _, command := range byHand.FindAllString(string(text), -1) {
			if found++; !strings.Contains(command, "InvocationType=Event") && !strings.Contains(command, "sync-probe.json") {
				t.Errorf("%s: a slow run starts five times: %s", path, command)
			}
		}
	}
	if found < 3 {
		t.Errorf("only %d commands", found)
	}
	template, err := samtemplate.Load(filepath.Join(root(t), "template.yaml"), samtemplate.Options{})
	if err != nil {
		t.Fatal(err)
	}
	f, err := template.Function("sync-tokens")
	m := readTimeout.FindStringSubmatch(workflows(t)["deploy-stack.yml"])
	if err != nil || m == nil {
		t.Fatalf("the workflow runs no sync that is waited for once: %v", err)
	}
	if seconds, err := strconv.Atoi(m[1]); err != nil || float64(seconds) <= f.Timeout.Seconds() {
		t.Errorf("the workflow waits %s s for a run of up to %v", m[1], f.Timeout)
	}
}

func workflows(t *testing.T) map[string]string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(root(t), ".github", "workflows", "*.yml"))
	if err != nil || len(paths) < 3 {
		t.Fatalf("workflows %v, error %v", paths, err)
	}
	all := map[string]string{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		all[filepath.Base(path)] = string(text)
	}
	return all
}
