package repotest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestExportedNamesAreDocumented wants a comment on every exported name of a package, which begins with the name. Names that
// are declared together may share one, and the methods that implement an interface of the standard library need none.
func TestExportedNamesAreDocumented(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		for _, file := range p.GoFiles {
			files := token.NewFileSet()
			f, err := parser.ParseFile(files, filepath.Join(p.Dir, file), nil, parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			for _, problem := range undocumented(f) {
				t.Errorf("%s: %s", files.Position(problem.at), problem.text)
			}
		}
	}
}

// TestUndocumented shows what the test above finds.
func TestUndocumented(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]string{
		"// F does it.\nfunc F() {}":             "",
		"func F() {}":                            "F has no comment",
		"// It does.\nfunc F() {}":               "the comment of F begins with \"It does.\"",
		"// A T is one.\ntype T int":             "",
		"type T int":                             "T has no comment",
		"type t int\nfunc (t) M() {}":            "",
		"// T is.\ntype T int\nfunc (*T) M() {}": "M has no comment",
		"// T is.\ntype T int\nfunc (T) Error() string { return \"\" }": "",
		"// Sizes.\nconst (\n A = 1\n B = 2\n)":                         "",
		"const (\n A = 1 // one\n)":                                     "",
		"const A = 1":                                                   "A has no comment",
		"var (\n a = 1\n)":                                              "",
	} {
		f, err := parser.ParseFile(token.NewFileSet(), "x.go", "package x\n"+source, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, problem := range undocumented(f) {
			got = append(got, problem.text)
		}
		if strings.Join(got, "; ") != want {
			t.Errorf("%q: %q, want %q", source, got, want)
		}
	}
}

// standard are methods that everybody knows.
var standard = []string{
	"Error", "Unwrap", "String", "Is", "As", "Read", "Write", "Close", "Len", "Less", "Swap", "ServeHTTP",
	"MarshalJSON", "UnmarshalJSON", "MarshalText", "UnmarshalText", "RoundTrip",
}

type problem struct {
	at   token.Pos
	text string
}

func undocumented(f *ast.File) (problems []problem) {
	check := func(name *ast.Ident, docs ...*ast.CommentGroup) {
		if !name.IsExported() {
			return
		}
		for _, doc := range docs {
			if doc != nil {
				return
			}
		}
		problems = append(problems, problem{name.Pos(), name.Name + " has no comment"})
	}
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if !exportedReceiver(d) || d.Recv != nil && slices.Contains(standard, d.Name.Name) {
				continue
			}
			check(d.Name, d.Doc)
			problems = append(problems, misnamed(d.Name, d.Doc)...)
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					check(spec.Name, d.Doc, spec.Doc, spec.Comment)
					problems = append(problems, misnamed(spec.Name, d.Doc)...)
				case *ast.ValueSpec:
					for _, name := range spec.Names {
						check(name, d.Doc, spec.Doc, spec.Comment)
					}
				}
			}
		}
	}
	return problems
}

// exportedReceiver reports whether d is a function, or a method of an exported type.
func exportedReceiver(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	kind := d.Recv.List[0].Type
	if star, ok := kind.(*ast.StarExpr); ok {
		kind = star.X
	}
	if generic, ok := kind.(*ast.IndexExpr); ok {
		kind = generic.X
	}
	name, ok := kind.(*ast.Ident)
	return ok && name.IsExported()
}

// misnamed wants a comment to begin with the name, for it is what go doc shows and people search for.
func misnamed(name *ast.Ident, doc *ast.CommentGroup) []problem {
	if doc == nil || !name.IsExported() {
		return nil
	}
	text, _, _ := strings.Cut(doc.Text(), "\n")
	rest := strings.TrimPrefix(text, "A ")
	rest = strings.TrimPrefix(strings.TrimPrefix(rest, "An "), "The ")
	if strings.HasPrefix(rest, name.Name) {
		return nil
	}
	return []problem{{name.Pos(), "the comment of " + name.Name + " begins with \"" + text + "\""}}
}
