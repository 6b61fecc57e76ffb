package repotest

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Lengths in lines: of half of all functions, of nine in ten, of every one, and of a Lambda's main.go.
const (
	halfOfFunctions = 9
	nineInTen       = 23
	everyFunction   = 47
	maxMain         = 25
)

func root(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestEveryPackageSaysWhatItIs(t *testing.T) {
	t.Parallel()
	for name, p := range packages(t) {
		want := "Package " + p.Name + " "
		if p.Name == "main" {
			want = "Command "
		}
		found := false
		for _, file := range p.GoFiles {
			f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, file), nil, parser.ParseComments|parser.PackageClauseOnly)
			if err != nil {
				t.Fatal(err)
			}
			found = found || f.Doc != nil && strings.HasPrefix(f.Doc.Text(), want)
		}
		if !found {
			t.Errorf("%s has no comment that starts with %q", name, want)
		}
	}
}

func TestFunctionsAreShort(t *testing.T) {
	t.Parallel()
	var all []int
	for name, p := range packages(t) {
		for _, file := range p.GoFiles {
			for function, lines := range functionLengths(t, filepath.Join(p.Dir, file)) {
				all = append(all, lines)
				if lines > everyFunction {
					t.Errorf("%s: %s has %d lines, more than %d", name, function, lines, everyFunction)
				}
			}
		}
	}
	slices.Sort(all)
	if half := all[len(all)/2]; half > halfOfFunctions {
		t.Errorf("half of the functions have %d lines or more, want %d", half, halfOfFunctions)
	}
	if most := all[len(all)*9/10]; most > nineInTen {
		t.Errorf("one in ten functions has %d lines or more, want %d", most, nineInTen)
	}
}

func functionLengths(t *testing.T, path string) map[string]int {
	t.Helper()
	files := token.NewFileSet()
	f, err := parser.ParseFile(files, path, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	lengths := map[string]int{}
	for _, d := range f.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok {
			at := files.Position(fn.Pos())
			lengths[fmt.Sprintf("%s (line %d)", fn.Name.Name, at.Line)] = files.Position(fn.End()).Line - at.Line + 1
		}
	}
	return lengths
}

func TestMainsAreThin(t *testing.T) {
	t.Parallel()
	mains, err := filepath.Glob(filepath.Join(root(t), "functions", "*", "*"))
	if err != nil || len(mains) == 0 {
		t.Fatalf("%d mains, error %v", len(mains), err)
	}
	for _, path := range mains {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if lines := bytes.Count(b, []byte("\n")); lines > maxMain || filepath.Base(path) != "main.go" {
			t.Errorf("%s has %d lines; a function is one main.go of at most %d", path, lines, maxMain)
		}
	}
}

// TestTopLevel checks the layout: a newcomer finds any behaviour by the names of folders.
func TestTopLevel(t *testing.T) {
	t.Parallel()
	allowed := []string{
		"functions", "internal", "docs", "events", "template.yaml", "samconfig.toml", "clients", "go.mod", "go.sum", "Makefile",
		"README.md", "LICENSE", "CHANGELOG.md", "SECURITY.md",
	}
	for _, path := range tracked(t) {
		top, _, _ := strings.Cut(path, "/")
		if !strings.HasPrefix(top, ".") && !slices.Contains(allowed, top) {
			t.Errorf("%s does not belong at the top level", path)
		}
	}
}

// TestNothingOfOneMachine keeps paths and registries of whoever wrote it out of what everyone gets.
func TestNothingOfOneMachine(t *testing.T) {
	t.Parallel()
	private := regexp.MustCompile(`/(?:` + strings.Join([]string{"work", "farm", "root"}, "|") + `)/|/home/` + `\w|bash_` + `jobs|` +
		strings.Join([]string{`proxy\.golang` + `\.org`, `registry\.npmjs` + `\.org`, `repo1?\.` + `maven`, `pypi` + `\.org`, `files\.` + `pythonhosted`}, "|"))
	for _, path := range tracked(t) {
		if strings.HasSuffix(path, ".sum") {
			continue
		}
		b, err := os.ReadFile(filepath.Join(root(t), path))
		if err != nil {
			continue // deleted and not yet committed
		}
		if found := private.Find(b); found != nil && !bytes.Contains(b[:min(len(b), 8000)], []byte{0}) {
			t.Errorf("%s holds %q", path, found)
		}
	}
}

// tracked returns the files that git tracks; without git there is nothing to check.
func tracked(t *testing.T) []string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "git", "-C", root(t), "ls-files").Output()
	if err != nil {
		t.Skip("not a git checkout")
	}
	return strings.Fields(string(out))
}
