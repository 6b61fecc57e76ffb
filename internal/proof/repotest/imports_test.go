package repotest

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"
)

const module = "tokensync/"

type goPackage struct {
	ImportPath, Name, Dir string
	Imports, Deps         []string
	GoFiles               []string
	DepOnly               bool
}

// packages returns the module's packages, with what each imports and reaches. Test files do not count.
func packages(t *testing.T) map[string]goPackage {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Name,Dir,Imports,Deps,GoFiles", "tokensync/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]goPackage{}
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p goPackage
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return found
		} else if err != nil {
			t.Fatal(err)
		}
		found[strings.TrimPrefix(p.ImportPath, module)] = p
	}
}

// TestWhatPackagesReach checks the direction of imports: functions → app → use cases → domain.
func TestWhatPackagesReach(t *testing.T) {
	t.Parallel()
	const aws, http = "github.com/aws/", "net/http"
	domain := []string{module + "internal/ingest", module + "internal/catalog", module + "internal/app", module + "internal/dynamo"}
	serve := module + "internal/dev/serve" // listens and closes, and knows nothing of what is served
	rules := []struct {
		of, reason string
		not        []string
	}{
		{"internal/token", "the domain knows no technology", []string{aws, http, module}},
		{"internal/board", "the board knows no store", append([]string{aws, http}, domain...)},
		{"internal/ingest", "a use case owns its interfaces", []string{aws, http, module + "internal/catalog", module + "internal/meteora", module + "internal/dynamo"}},
		{"internal/catalog", "a use case owns its interfaces", []string{aws, http, module + "internal/ingest", module + "internal/dynamo"}},
		{"internal/meteora", "an adapter knows no other, and no use case", append(domain, aws)},
		{"internal/params", "an adapter knows no other, and no use case", domain},
		{"internal/dynamo", "an adapter knows no other", []string{module + "internal/ingest", module + "internal/app", module + "internal/meteora", module + "internal/params", module + "internal/httpapi"}},
		{"internal/httpapi", "an adapter knows no other", []string{aws, module + "internal/ingest", module + "internal/app", module + "internal/meteora", module + "internal/dynamo"}},
		{"internal/apigw", "events and net/http, nothing else", []string{module + "internal/ingest", module + "internal/catalog", module + "internal/dynamo", module + "internal/app"}},
		{"internal/app", "what a function links starts with it", []string{aws + "aws-sdk-go-v2/service/ssm", module + "internal/ingest", module + "internal/params"}},
		{"internal/dev/meteoratest", "a fake shares no code with what it tests", []string{module, "testing"}},
	}
	all := packages(t)
	for _, rule := range rules {
		p, ok := all[rule.of]
		if !ok {
			continue // not built yet
		}
		for _, dep := range p.Deps {
			for _, not := range rule.not {
				if strings.HasPrefix(dep+"/", strings.TrimSuffix(not, "/")+"/") && dep != p.ImportPath && dep != serve {
					t.Errorf("%s reaches %s: %s", rule.of, dep, rule.reason)
				}
			}
		}
	}
}

// TestRings checks the three rings: what is deployed, what runs it here, what proves it. Each knows only what is inside it.
func TestRings(t *testing.T) {
	t.Parallel()
	rings := []string{"product", "internal/dev", "internal/proof"}
	ringOf := func(name string) int {
		for i, ring := range rings {
			if name == ring || strings.HasPrefix(name, ring+"/") {
				return i
			}
		}
		return 0
	}
	for name, p := range packages(t) {
		for _, dep := range p.Deps {
			dep, ours := strings.CutPrefix(dep, module)
			if ours && ringOf(dep) > ringOf(name) {
				t.Errorf("%s (%s) reaches %s (%s)", name, rings[ringOf(name)], dep, rings[ringOf(dep)])
			}
		}
	}
}

// TestFunctionsLinkNoFakes keeps test code out of what is deployed.
func TestFunctionsLinkNoFakes(t *testing.T) {
	t.Parallel()
	functions := 0
	for name, p := range packages(t) {
		if !strings.HasPrefix(name, "functions/") {
			continue
		}
		functions++
		for _, dep := range p.Deps {
			if dep == "testing" {
				t.Errorf("%s links %s", name, dep)
			}
		}
		if len(p.Imports) != 2 || p.Imports[0] != "github.com/aws/aws-lambda-go/lambda" || !strings.HasPrefix(p.Imports[1]+"/", module+"internal/app/") {
			t.Errorf("%s imports %v; a main only starts what internal/app builds", name, p.Imports)
		}
	}
	if functions == 0 {
		t.Error("no functions found")
	}
}
