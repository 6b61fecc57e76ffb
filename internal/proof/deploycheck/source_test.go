//go:build deploycheck

package deploycheck

import (
	"debug/elf"
	"debug/gosym"
	"fmt"
	"go/ast"
	"go/constant"
	"go/types"
	"maps"
	"slices"
	"strings"

	"golang.org/x/tools/go/packages"

	"tokensync/internal/dev/workspace"
)

// symbols returns the functions that the linker kept in a binary, by their full names such as
// tokensync/internal/dynamo.(*Tokens).Page. What a binary can never call is not among them, nor is what was inlined.
var symbols = memo(func(path string) (map[string]bool, error) {
	file, err := elf.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	text, lines := file.Section(".text"), file.Section(".gopclntab")
	if text == nil || lines == nil {
		return nil, fmt.Errorf("%s is no Go binary", path)
	}
	data, err := lines.Data()
	if err != nil {
		return nil, err
	}
	table, err := gosym.NewTable(nil, gosym.NewLineTable(data, text.Addr))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	found := map[string]bool{}
	for _, f := range table.Funcs {
		found[f.Name] = true
	}
	return found, nil
})

// source is a package's code, for questions about what a function leads to.
type source struct {
	path string
	info *types.Info
	// bodies hold the declaration of each function, and the value of each variable and constant of the package.
	bodies map[types.Object]ast.Node
}

// at is a package's path in the module at root.
type at struct {
	root workspace.Root
	path string
}

var loadSource = memo(func(p at) (*source, error) {
	config := &packages.Config{Dir: string(p.root), Mode: packages.NeedName | packages.NeedSyntax | packages.NeedTypes | packages.NeedTypesInfo | packages.NeedImports}
	loaded, err := packages.Load(config, p.path)
	if err != nil {
		return nil, err
	}
	if len(loaded) != 1 || len(loaded[0].Errors) > 0 {
		return nil, fmt.Errorf("load %s: %v", p.path, loaded[0].Errors)
	}
	s := &source{path: p.path, info: loaded[0].TypesInfo, bodies: map[types.Object]ast.Node{}}
	for _, file := range loaded[0].Syntax {
		for _, declaration := range file.Decls {
			s.add(declaration)
		}
	}
	return s, nil
})

func (s *source) add(declaration ast.Decl) {
	switch d := declaration.(type) {
	case *ast.FuncDecl:
		s.bodies[s.info.Defs[d.Name]] = d
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			if value, ok := spec.(*ast.ValueSpec); ok {
				for _, name := range value.Names {
					s.bodies[s.info.Defs[name]] = value
				}
			}
		}
	}
}

// symbol returns the linker's name of a function of the package.
func (s *source) symbol(f *types.Func) string {
	receiver := f.Signature().Recv()
	if receiver == nil {
		return s.path + "." + f.Name()
	}
	if pointer, ok := receiver.Type().(*types.Pointer); ok {
		return fmt.Sprintf("%s.(*%s).%s", s.path, pointer.Elem().(*types.Named).Obj().Name(), f.Name())
	}
	return fmt.Sprintf("%s.%s.%s", s.path, receiver.Type().(*types.Named).Obj().Name(), f.Name())
}

// linked returns the package's functions that a binary has, and those of the package that they lead to: some are inlined.
func (s *source) linked(symbols map[string]bool) []*types.Func {
	found := map[*types.Func]bool{}
	for object := range s.bodies {
		f, ok := object.(*types.Func)
		if !ok || !symbols[s.symbol(f)] {
			continue
		}
		found[f] = true
		for other := range s.reach(f, func(types.Object) bool { return true }) {
			if g, ok := other.(*types.Func); ok && s.bodies[g] != nil {
				found[g] = true
			}
		}
	}
	return slices.Collect(maps.Keys(found))
}

// reach walks everything that a function names, and what that names in turn within the package, as far as follow allows.
func (s *source) reach(from types.Object, follow func(types.Object) bool) map[types.Object]bool {
	seen := map[types.Object]bool{}
	var visit func(types.Object)
	visit = func(object types.Object) {
		body := s.bodies[object]
		if body == nil {
			return
		}
		ast.Inspect(body, func(n ast.Node) bool {
			name, ok := n.(*ast.Ident)
			if !ok {
				return true
			}
			if used := s.info.Uses[name]; used != nil && !seen[used] {
				seen[used] = true
				if follow(used) {
					visit(used)
				}
			}
			return true
		})
	}
	visit(from)
	return seen
}

// names returns the texts behind the constants among objects, and those written into package-level variables such as tables.
func (s *source) names(objects map[types.Object]bool) map[string]bool {
	found := map[string]bool{}
	for object := range objects {
		if c, ok := object.(*types.Const); ok && c.Val().Kind() == constant.String {
			found[constant.StringVal(c.Val())] = true
		}
		if _, ok := object.(*types.Var); ok && s.bodies[object] != nil {
			ast.Inspect(s.bodies[object], func(n ast.Node) bool {
				if e, ok := n.(ast.Expr); ok {
					if v := s.info.Types[e].Value; v != nil && v.Kind() == constant.String {
						found[constant.StringVal(v)] = true
					}
				}
				return true
			})
		}
	}
	return found
}

// artifact returns a function's binary, as sam build made it.
func artifact(root workspace.Root, logicalID string) string {
	return strings.Join([]string{string(root), ".aws-sam", "build", logicalID, "bootstrap"}, "/")
}
