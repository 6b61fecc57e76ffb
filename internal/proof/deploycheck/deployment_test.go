//go:build deploycheck

package deploycheck

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
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
	"SolanaRpcUrlParameter": "/solana/rpc-url", "AdminTokenParameter": "/operator/token", "AlarmEmail": "operator@example.com",
	"ListingRulesParameter": "/listing/rules", "DetailedMetrics": "true", "Tracing": "Active",
}

// load reads the template in path. An error is what the translator, or our own reader, has against it.
func load(ctx context.Context, root workspace.Root, path string) (*deployment, error) {
	d := &deployment{root: root, path: path}
	translated, err := d.translate(ctx, everything)
	if err != nil {
		return nil, err
	}
	d.translated = translated[0]
	options := samtemplate.Options{Parameters: everything}
	if d.written, err = samtemplate.Load(path, options); err != nil {
		return nil, err
	}
	template, err := samtemplate.Parse(d.translated, options)
	if err != nil {
		return nil, fmt.Errorf("translated template: %w", err)
	}
	d.resources, err = template.Resources()
	return d, err
}

// translate returns the JSON that CloudFormation would receive for each set of parameters. An error is what the translator
// has against the template.
func (d *deployment) translate(ctx context.Context, sets ...map[string]string) ([]json.RawMessage, error) {
	values, err := json.Marshal(sets)
	if err != nil {
		return nil, err
	}
	cmd := d.tool(ctx, "sam/bin/python", filepath.Join(string(d.root), "internal/proof/deploycheck/translate.py"), d.path)
	cmd.Stdin = bytes.NewReader(values)
	output, err := cmd.Output()
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		return nil, fmt.Errorf("SAM's translator: %s", failed.Stderr)
	} else if err != nil {
		return nil, err
	}
	var translated []json.RawMessage
	if err := json.Unmarshal(output, &translated); err != nil {
		return nil, fmt.Errorf("SAM's translator: %w", err)
	}
	return translated, nil
}

// tool returns a command of .tools/, run at the module's root.
func (d *deployment) tool(ctx context.Context, name string, arguments ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, filepath.Join(string(d.root), ".tools", name), arguments...)
	cmd.Dir = string(d.root)
	return cmd
}

// of returns the resources of a type.
func (d *deployment) of(kind string) []samtemplate.Resource {
	return slices.DeleteFunc(slices.Clone(d.resources), func(r samtemplate.Resource) bool { return r.Type != kind })
}

// find returns the resource with a logical ID.
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
	{"versions", versions},
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
