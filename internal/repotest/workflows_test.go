package repotest

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
)

// workflow is the part of a workflow, or of an action of our own, that says what it may do and what it runs.
type workflow struct {
	Permissions map[string]string
	Jobs        map[string]struct {
		Permissions map[string]string
		Environment any
		Steps       []step
	}
	Runs struct{ Steps []step }
}

type step struct {
	Uses, Run string
	With      map[string]any
}

func (w workflow) steps() []step {
	all := slices.Clone(w.Runs.Steps)
	for _, job := range w.Jobs {
		all = append(all, job.Steps...)
	}
	return all
}

// workflows are all files under .github, by path, with their text.
func workflows(t *testing.T) (parsed map[string]workflow, text map[string]string) {
	t.Helper()
	parsed, text = map[string]workflow{}, map[string]string{}
	for _, pattern := range []string{"workflows/*.yml", "actions/*/action.yml"} {
		paths, err := filepath.Glob(filepath.Join(root(t), ".github", pattern))
		if err != nil || len(paths) == 0 {
			t.Fatalf("%s: %d files, error %v", pattern, len(paths), err)
		}
		for _, path := range paths {
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			var w workflow
			if err := yaml.Unmarshal(b, &w); err != nil {
				t.Fatalf("%s: %v", path, err)
			}
			parsed[path], text[path] = w, string(b)
		}
	}
	return parsed, text
}

// TestActionsArePinned lets nobody change what runs with our credentials: a tag can be moved, a commit cannot.
func TestActionsArePinned(t *testing.T) {
	t.Parallel()
	pinned := regexp.MustCompile(`^([\w.-]+/[\w./-]+)@[0-9a-f]{40} # v\d+\.\d+\.\d+$`)
	uses := regexp.MustCompile(`(?m)^\s*-?\s*uses:\s*(.*)$`)
	_, texts := workflows(t)
	seen := map[string]string{}
	for path, text := range texts {
		for _, match := range uses.FindAllStringSubmatch(text, -1) {
			if strings.HasPrefix(match[1], "./") {
				continue
			}
			parts := pinned.FindStringSubmatch(match[1])
			if parts == nil {
				t.Errorf("%s uses %q, not a commit with its version beside it", path, match[1])
				continue
			}
			if before, ok := seen[parts[1]]; ok && before != match[1] {
				t.Errorf("two versions of an action: %s, %s", before, match[1])
			}
			seen[parts[1]] = match[1]
		}
	}
	if len(seen) == 0 {
		t.Error("no actions found")
	}
}

// TestWorkflowsMayDoLittle holds permissions: to read the code, and to ask for a role where there is an environment,
// whose reviewers and branches guard it.
func TestWorkflowsMayDoLittle(t *testing.T) {
	t.Parallel()
	parsed, texts := workflows(t)
	for path, w := range parsed {
		if len(w.Jobs) > 0 {
			if diff := cmp.Diff(map[string]string{"contents": "read"}, w.Permissions); diff != "" {
				t.Errorf("%s: permissions (-want +got):\n%s", path, diff)
			}
		}
		for name, job := range w.Jobs {
			want := map[string]string{"contents": "read", "id-token": "write"}
			if job.Permissions != nil && (job.Environment == nil || !cmp.Equal(want, job.Permissions)) {
				t.Errorf("%s: job %s: permissions %v, environment %v", path, name, job.Permissions, job.Environment)
			}
		}
		for _, forbidden := range []string{"secrets.", "pull_request_target", "aws-access-key-id", "write-all"} {
			if strings.Contains(texts[path], forbidden) {
				t.Errorf("%s says %s", path, forbidden)
			}
		}
	}
}

// TestWorkflowScripts keeps what others write, a branch's name say, out of shell scripts, and the git token off the disk.
func TestWorkflowScripts(t *testing.T) {
	t.Parallel()
	parsed, _ := workflows(t)
	for path, w := range parsed {
		for _, s := range w.steps() {
			if strings.Contains(s.Run, "${{") {
				t.Errorf("%s: a script with an expression inside: %q", path, s.Run)
			}
			if strings.HasPrefix(s.Uses, "actions/checkout@") && s.With["persist-credentials"] != false {
				t.Errorf("%s: checkout leaves its token on the disk", path)
			}
		}
	}
}

// TestDeploymentsAreSetUp compares the environments that are deployed to with samconfig.toml's.
func TestDeploymentsAreSetUp(t *testing.T) {
	t.Parallel()
	config, err := os.ReadFile(filepath.Join(root(t), "samconfig.toml"))
	if err != nil {
		t.Fatal(err)
	}
	parsed, _ := workflows(t)
	var environments []string
	for path, w := range parsed {
		for _, s := range w.steps() {
			if name, ok := s.With["config-env"].(string); ok {
				environments = append(environments, name)
				if !strings.Contains(string(config), "["+name+".deploy.parameters]") {
					t.Errorf("%s deploys to %s, which samconfig.toml does not know", path, name)
				}
			}
		}
	}
	slices.Sort(environments)
	if diff := cmp.Diff([]string{"prod", "staging"}, environments); diff != "" {
		t.Errorf("deployed to (-want +got):\n%s", diff)
	}
}
