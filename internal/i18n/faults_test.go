package i18n_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"kopiyka/internal/fault"
	"kopiyka/internal/i18n"
	"kopiyka/internal/member"
)

// A person who is refused something must read why, in either language. The faults are
// read from the program's sources, so that a new one cannot be forgotten.
func TestEveryFaultHasASentence(t *testing.T) {
	keys := faultKeys(t)
	if len(keys) < 40 {
		t.Fatalf("only %d faults were found in the sources: %v", len(keys), keys)
	}
	for key, where := range keys {
		for _, l := range i18n.Langs() {
			if _, err := l.Text(i18n.FaultKey(fault.New(fault.Invalid, key)), "A", "B", "C"); err != nil {
				t.Errorf("%s: %v", where, err)
			}
		}
	}
}

// faultKeys are the keys of all faults that the program makes, with the place of one.
func faultKeys(t *testing.T) map[string]string {
	t.Helper()
	keys := map[string]string{}
	fset := token.NewFileSet()
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(fset, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok {
				for _, key := range keysOf(t, fset, call) {
					keys[key] = fset.Position(call.Pos()).String()
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// keysOf reads the key of a call that makes a fault.
func keysOf(t *testing.T, fset *token.FileSet, call *ast.CallExpr) []string {
	if !makesFault(call) {
		return nil
	}
	switch key := call.Args[1].(type) {
	case *ast.BasicLit:
		s, err := strconv.Unquote(key.Value)
		if err != nil {
			t.Errorf("%s: %v", fset.Position(call.Pos()), err)
		}
		return []string{s}
	case *ast.BinaryExpr: // the one key that is put together: a missing role of the two
		return []string{"allocation.role." + string(member.Coordinator), "allocation.role." + string(member.Approver)}
	case *ast.Ident:
		if key.Name == "key" { // a helper hands it on; its own callers are looked at
			return nil
		}
	}
	t.Errorf("%s: the fault's key is no constant, so nobody can check that it has a sentence", fset.Position(call.Pos()))
	return nil
}

// makesFault finds fault.New, fault.In and the report's helper known. All take the key second.
func makesFault(call *ast.CallExpr) bool {
	if len(call.Args) < 2 {
		return false
	}
	switch fun := call.Fun.(type) {
	case *ast.Ident:
		return fun.Name == "known"
	case *ast.SelectorExpr:
		room, ok := fun.X.(*ast.Ident)
		return ok && room.Name == "fault" && (fun.Sel.Name == "New" || fun.Sel.Name == "In")
	}
	return false
}
