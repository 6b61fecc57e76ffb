//go:build emulator

package emulator

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// tried are the commands of docs/deploy.md by how they begin, with the test that runs them as they are written, or why none
// does.
var tried = map[string]string{
	"aws ssm put-parameter --type StringList":                                               "TestNewStack",
	"sam remote invoke":                                                                     "TestNewStack",
	"aws ssm put-parameter --overwrite":                                                     "TestNewStack",
	"sam build && sam deploy --config-file":                                                 "TestNewStack",
	"git pull && sam build && sam deploy":                                                   "TestNewStack",
	"aws cloudformation deploy --region us-east-1 --stack-name tokensync-front":             "TestNewStack",
	"sam deploy --config-file samconfig.mine.toml --parameter-overrides DeletionProtection": "TestNewStack",
	"sam delete":                "TestNewStack",
	"aws ssm delete-parameters": "TestNewStack",
	"sam deploy --guided --config-file samconfig.mine.toml --config-env staging":           "TestProduction",
	"sam deploy --config-file samconfig.mine.toml --parameter-overrides OldTokenIndexes=6": "TestUpgrade",
	"for left in":         "TestUpgrade",
	"sam build":           "TestNewStack, in a longer one",
	"make run":            "README's, and make test runs all that it starts",
	"make local-aws":      "it ends with Ctrl-C; cmd/dev's TestFunctionsOfSamLocal runs what it starts",
	"make local-aws\nsam": "sam local needs Docker; cmd/dev's TestFunctionsOfSamLocal gives the functions what sam local would",
	"sam local start-api": "it needs Docker",
}

var (
	fenced = regexp.MustCompile("(?ms)^ *```sh\n(.*?)^ *```$")
	inline = regexp.MustCompile("`((?:sam|aws|git|make|curl)\\s[^`]+)`")
	spaces = regexp.MustCompile(`\s+`)
)

// commands returns what docs/deploy.md tells to type: its blocks, and what stands within its sentences.
func commands(t *testing.T, root string) []string {
	t.Helper()
	page, err := os.ReadFile(filepath.Join(root, "docs", "deploy.md"))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, m := range fenced.FindAllStringSubmatch(string(page), -1) {
		out = append(out, strings.TrimSpace(m[1]))
	}
	for _, m := range inline.FindAllStringSubmatch(fenced.ReplaceAllString(string(page), ""), -1) {
		out = append(out, spaces.ReplaceAllString(m[1], " "))
	}
	return out
}

// find returns the longest beginning in tried that a command has, or "".
func find(command string) (begins string) {
	for b := range tried {
		if strings.HasPrefix(command, b) && len(b) > len(begins) {
			begins = b
		}
	}
	return begins
}

// TestEveryCommandIsTried: whoever adds a command to docs/deploy.md has it tried, or says why that cannot be.
func TestEveryCommandIsTried(t *testing.T) {
	t.Parallel()
	found := map[string]bool{}
	for _, command := range commands(t, "../../../..") {
		begins := find(command)
		if begins == "" {
			t.Errorf("docs/deploy.md: nobody tries %q", command)
		}
		found[begins] = true
	}
	for begins := range tried {
		if !found[begins] {
			t.Errorf("docs/deploy.md has no command %q", begins)
		}
	}
}

// A site is a copy of the repository as a new user has it, where the commands of docs/deploy.md run as they are written. What
// stands for AWS takes the place of git, which has nothing newer, and of curl, as the emulator has no routes.
type site struct {
	*cloud
	folder, tools string
}

// wrappers stand before the tools of the same names.
var wrappers = map[string]string{
	// What it builds loses what the emulator lacks.
	"sam": `"$ROOT/.tools/sam/bin/sam" "$@" || exit
[ "$1" != build ] || derive .aws-sam/build/template.yaml`,
	"derive": `"$ROOT/.tools/sam/bin/python" "$ROOT/internal/proof/deploycheck/emulator/derive.py" "$1" "$PWD/.aws-sam/build" derived.yaml && mv derived.yaml "$1"`,
	"aws":    `exec "$AWS" --endpoint-url "$AWS_ENDPOINT_URL" "$@"`, // which knows the variable from 2.13 on
	"git":    `[ "$*" = pull ]`,
	"curl":   `echo "$@" >>curled`,
}

// newSite copies the repository's own files.
func newSite(t *testing.T, c *cloud) *site {
	t.Helper()
	s := &site{cloud: c, folder: t.TempDir(), tools: t.TempDir()}
	for name, script := range wrappers {
		if err := os.WriteFile(filepath.Join(s.tools, name), []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil { //nolint:gosec // it has to run
			t.Fatal(err)
		}
	}
	copying := fmt.Sprintf("cd '%s' && git ls-files -z | tar --null -T - -cf - | tar -xf - -C '%s'", c.root, s.folder)
	if output, err := exec.CommandContext(t.Context(), "sh", "-c", copying).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	return s
}

// run runs the command of docs/deploy.md that begins so, with answers to what it asks, and returns what it prints.
func (s *site) run(t *testing.T, begins, answers string) string {
	t.Helper()
	for _, command := range commands(t, s.folder) {
		if find(command) == begins {
			return s.shell(t, command, answers)
		}
	}
	t.Fatalf("docs/deploy.md has no command %q", begins)
	return ""
}

// shell runs a command in the site.
func (s *site) shell(t *testing.T, command, answers string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", command) //nolint:gosec // the documentation's own
	cmd.Dir = s.folder
	cmd.Env = append(s.environment(), "PATH="+s.tools+":"+os.Getenv("PATH"), "ROOT="+string(s.root))
	cmd.Stdin = strings.NewReader(answers)
	output, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", command, err, output)
	}
	return string(output)
}

// file returns a file of the site.
func (s *site) file(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(s.folder, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
