//go:build deploycheck

package deploycheck

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"tokensync/internal/dev/samtemplate"
	"tokensync/internal/dev/workspace"
)

// deployment is a template as it is written, and as SAM's translator hands it to CloudFormation.
type deployment struct {
	root workspace.Root
	// path is the template's file: the project's own, or a broken copy.
	path string
	// written and resources are resolved with every optional part switched on.
	written   *samtemplate.Template
	resources []samtemplate.Resource
	// translated is the JSON that CloudFormation receives.
	translated []byte
}

// everything are parameters that switch on all optional parts.
var everything = map[string]string{
	"LaunchpadId": "56JeApcTgcSEE6mNJ5ygv4i7rkzjCiVgpuwPD4UE8r7V", "SolanaRpcUrlParameter": "/solana/rpc-url",
	"AdminTokenParameter": "/operator/token", "AlarmEmail": "operator@example.com",
}

// load reads the template in path. An error is what the translator, or our own reader, has against it.
func load(ctx context.Context, root workspace.Root, path string) (*deployment, error) {
	d := &deployment{root: root, path: path}
	arguments := []string{filepath.Join(string(root), "internal/proof/deploycheck/translate.py"), path}
	for _, name := range slices.Sorted(maps.Keys(everything)) {
		arguments = append(arguments, name+"="+everything[name])
	}
	translated, err := d.tool(ctx, "sam/bin/python", arguments...).Output()
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		return nil, fmt.Errorf("SAM's translator: %s", failed.Stderr)
	} else if err != nil {
		return nil, err
	}
	d.translated = translated
	options := samtemplate.Options{Parameters: everything}
	if d.written, err = samtemplate.Load(path, options); err != nil {
		return nil, err
	}
	template, err := samtemplate.Parse(translated, options)
	if err != nil {
		return nil, fmt.Errorf("translated template: %w", err)
	}
	d.resources, err = template.Resources()
	return d, err
}

// tool is a command of .tools/, run at the module's root.
func (d *deployment) tool(ctx context.Context, name string, arguments ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, filepath.Join(string(d.root), ".tools", name), arguments...)
	cmd.Dir = string(d.root)
	return cmd
}

// of are the resources of a type.
func (d *deployment) of(kind string) []samtemplate.Resource {
	return slices.DeleteFunc(slices.Clone(d.resources), func(r samtemplate.Resource) bool { return r.Type != kind })
}

// find is the resource with a logical ID.
func (d *deployment) find(logicalID string) (samtemplate.Resource, bool) {
	i := slices.IndexFunc(d.resources, func(r samtemplate.Resource) bool { return r.LogicalID == logicalID })
	if i < 0 {
		return samtemplate.Resource{}, false
	}
	return d.resources[i], true
}

// A check answers what is wrong with a deployment, one line each.
type check struct {
	name string
	run  func(context.Context, *deployment) ([]string, error)
}

var checks = []check{
	{"sam validate", samValidate},
	{"cfn-lint", cfnLint},
	{"checkov", checkov},
	{"permissions", permissions},
	{"stars", stars},
	{"queues", queues},
	{"memory", memory},
	{"timeouts", timeouts},
	{"variables", variables},
	{"events", events},
	{"routes", routes},
	{"alarms", alarms},
	{"deployments", deployments},
	{"circles", circles},
	{"build", build},
}

// ours is the project's own template, which is translated once.
var ours = sync.OnceValues(func() (*deployment, error) {
	root, err := workspace.Find()
	if err != nil {
		return nil, err
	}
	return load(context.Background(), root, root.Template())
})

func TestTemplate(t *testing.T) {
	t.Parallel()
	d, err := ours()
	if err != nil {
		t.Fatal(err)
	}
	for _, check := range checks {
		t.Run(check.name, func(t *testing.T) {
			t.Parallel()
			problems, err := check.run(t.Context(), d)
			if err != nil {
				t.Fatal(err)
			}
			if len(problems) > 0 {
				t.Error(strings.Join(problems, "\n"))
			}
		})
	}
}
