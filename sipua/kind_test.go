package sipua

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"testing"
)

// TestEveryKindHasAClass reads the constants out of the source, so that a new
// kind cannot be forgotten in the table.
func TestEveryKindHasAClass(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "kind.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if kind, ok := spec.Type.(*ast.Ident); !ok || kind.Name != "Kind" {
			return true
		}
		for i, name := range spec.Names {
			value, err := strconv.Unquote(spec.Values[i].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			found++
			if _, listed := Kinds[Kind(value)]; !listed {
				t.Errorf("%s has no class", name.Name)
			}
		}
		return true
	})
	if found != len(Kinds) {
		t.Errorf("%d kinds in the source, %d in the table", found, len(Kinds))
	}
}
