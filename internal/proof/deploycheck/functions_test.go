//go:build deploycheck

package deploycheck

import (
	"context"
	"debug/elf"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"tokensync/internal/dev"
	"tokensync/internal/dev/gateway"
	"tokensync/internal/dev/runtimeapi"
)

var wordStart = regexp.MustCompile(`([a-z0-9])([A-Z])`)

// folder returns a function's under functions/: SyncTokensFunction is sync-tokens.
func folder(logicalID string) string {
	return strings.ToLower(wordStart.ReplaceAllString(strings.TrimSuffix(logicalID, "Function"), "$1-$2"))
}

// nowhere is an endpoint at which nothing answers.
const nowhere = "http://127.0.0.1:1"

// function returns a function's binary for this machine.
func (d *deployment) function(logicalID string, env map[string]string, log func(string)) (*runtimeapi.Function, error) {
	binary, err := d.root.Function(folder(logicalID))
	if err != nil {
		return nil, err
	}
	return runtimeapi.New(runtimeapi.Config{Name: logicalID, Binary: binary, Env: env, Log: log})
}

// invoke runs a function once and returns its answer and all that it logged.
func (d *deployment) invoke(ctx context.Context, logicalID string, env map[string]string, event []byte) (string, error) {
	var mu sync.Mutex
	var said strings.Builder
	f, err := d.function(logicalID, env, func(line string) {
		mu.Lock()
		defer mu.Unlock()
		said.WriteString(line + "\n")
	})
	if err != nil {
		return "", err
	}
	result, err := f.Invoke(ctx, event)
	if closing := f.Close(); err == nil {
		err = closing
	}
	mu.Lock()
	defer mu.Unlock()
	return said.String() + string(result.Payload), err
}

// samplePath fills in the parameters of a route with what exists.
var samplePath = strings.NewReplacer("{mint}", "So11111111111111111111111111111111111111112", "{file+}", "app.js")

// routes asks each function for each of its routes. Nothing it needs answers, but a path that it does not know shows.
func routes(ctx context.Context, d *deployment) ([]string, error) {
	var out []string
	for _, f := range d.written.Functions {
		env := maps.Clone(f.Environment)
		env["AWS_ENDPOINT_URL"] = nowhere
		maps.Copy(env, dev.MeteoraAt(nowhere))
		function, err := d.function(f.LogicalID, env, nil)
		if err != nil {
			out = append(out, err.Error())
			continue
		}
		for _, r := range f.Routes {
			g, err := gateway.New([]gateway.Route{{Method: r.Method, Path: r.Path, Function: function}}, nil)
			if err != nil {
				return nil, err
			}
			path := samplePath.Replace(r.Path)
			answer := httptest.NewRecorder()
			g.ServeHTTP(answer, httptest.NewRequestWithContext(ctx, r.Method, path, nil))
			switch answer.Code {
			case http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusBadGateway:
				out = append(out, fmt.Sprintf("%s does not serve %s %s: %d %s", f.LogicalID, r.Method, r.Path, answer.Code, answer.Body))
			}
		}
		if err := function.Close(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// build compares the functions with their folders, and with what sam build made of them.
func build(_ context.Context, d *deployment) ([]string, error) {
	var out []string
	var folders []string
	mains, err := filepath.Glob(filepath.Join(string(d.root), "functions", "*", "main.go"))
	if err != nil {
		return nil, err
	}
	for _, main := range mains {
		folders = append(folders, filepath.Base(filepath.Dir(main)))
	}
	for _, f := range d.written.Functions {
		i := slices.Index(folders, f.Name)
		if i < 0 {
			out = append(out, fmt.Sprintf("%s: there is no functions/%s/main.go", f.LogicalID, f.Name))
			continue
		}
		folders = slices.Delete(folders, i, i+1)
		if f.Runtime != "provided.al2023" || f.Handler != "bootstrap" || f.BuildMethod != "makefile" || f.CodeURI != "." || !slices.Equal(f.Architectures, []string{"arm64"}) {
			out = append(out, fmt.Sprintf("%s: runtime %s, handler %s, build method %q, code %s, architectures %v: the Makefile builds a bootstrap for provided.al2023 on arm64",
				f.LogicalID, f.Runtime, f.Handler, f.BuildMethod, f.CodeURI, f.Architectures))
		}
		if problem := checkBinary(artifact(d.root, f.LogicalID)); problem != "" {
			out = append(out, f.LogicalID+": "+problem)
		}
	}
	for _, name := range folders {
		out = append(out, fmt.Sprintf("functions/%s is not deployed", name))
	}
	return out, nil
}

// checkBinary returns what keeps a file from running on Lambda, or "".
func checkBinary(path string) string {
	file, err := elf.Open(path)
	if err != nil {
		return err.Error()
	}
	defer file.Close()
	info, err := os.Stat(path)
	if err != nil {
		return err.Error()
	}
	libraries, _ := file.ImportedLibraries() // a static binary has no table of them
	switch {
	case file.Machine != elf.EM_AARCH64 || file.OSABI != elf.ELFOSABI_NONE:
		return fmt.Sprintf("sam build made a binary for %v", file.Machine)
	case len(libraries) > 0:
		return fmt.Sprintf("the binary needs %v", libraries)
	case info.Mode()&0o111 == 0:
		return "the binary is not executable"
	}
	return ""
}
