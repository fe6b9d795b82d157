package holdfast_test

import (
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// update has tests write the files that they otherwise compare with.
var update = flag.Bool("update", false, "write docs/REFUSALS.md and testdata/v1-draft")

// refusing are the packages that refuse requests.
var refusing = []string{"call", "routing", "switchboard", "api", "panel"}

// TestRefusals keeps docs/REFUSALS.md true: it has every code that is declared,
// with the comment beside it. After a change run go test . -run Refusals -update
// and read the difference.
func TestRefusals(t *testing.T) {
	var page strings.Builder
	page.WriteString(`# What can be refused, and how a program knows

A request that is refused changes nothing. The HTTP interface answers with 409 and a problem, whose ` + "`detail`" + ` is a sentence
for the person who asked and whose ` + "`code`" + ` is one of these words for a program. A page on Amazon Connect Streams gets the
same word as ` + "`code`" + `, and one that uses ` + "`holdfast.transfer`" + ` as ` + "`errorKey`" + `; the last rows are only for such pages. Sentences
may change, the words do not; there may be more of them one day.

This page is written by ` + "`go test . -run Refusals -update`" + ` from the codes that the packages declare, which a test compares
it with.

| code | what stands in the way |
|---|---|
`)
	seen := map[string]bool{}
	for _, pkg := range refusing {
		codes := codesOf(t, pkg)
		if len(codes) == 0 {
			t.Errorf("package %s declares no code", pkg)
		}
		for _, c := range codes {
			if c.meaning == "" || seen[c.value] {
				t.Errorf("the code %q is not described, or is there twice", c.value)
			}
			seen[c.value] = true
			page.WriteString("| `" + c.value + "` | " + c.meaning + " |\n")
		}
	}
	sameAs(t, "docs/REFUSALS.md", page.String())
}

// TestPackageKnowsRefusals: the types of holdfast-transfer have every code with which a
// transfer may be refused.
func TestPackageKnowsRefusals(t *testing.T) {
	_, union, _ := strings.Cut(read(t, "connect/index.d.ts"), "export type RefusalCode =")
	union, _, _ = strings.Cut(union, ";")
	var got, want []string
	for _, m := range regexp.MustCompile(`"([^"]+)"`).FindAllStringSubmatch(union, -1) {
		got = append(got, m[1])
	}
	for _, pkg := range []string{"call", "switchboard", "panel"} {
		for _, c := range codesOf(t, pkg) {
			want = append(want, c.value)
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("connect/index.d.ts has the codes\n%q, want\n%q", got, want)
	}
}

// sameAs compares a file with what it must be, or writes it.
func sameAs(t *testing.T, file, want string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got := read(t, file)
	if got == want {
		return
	}
	lines, wanted := strings.Split(got, "\n"), strings.Split(want, "\n")
	n := 0
	for n < len(lines)-1 && n < len(wanted)-1 && lines[n] == wanted[n] {
		n++
	}
	t.Errorf("%s:%d has %q and must have %q; run this test with -update and read the difference", file, n+1, lines[n], wanted[n])
}

// TestRefusalsNameTheirCode: each refusal has a code that is declared, and each
// code that is declared is used.
func TestRefusalsNameTheirCode(t *testing.T) {
	used := map[string]bool{}
	for _, pkg := range refusing {
		for _, file := range sources(t, pkg) {
			ast.Inspect(file, func(n ast.Node) bool {
				name, ok := codeNamed(n)
				if ok && name == "" {
					t.Errorf("package %s refuses something without the name of a code", pkg)
				}
				used[name] = true
				return true
			})
		}
	}
	for _, pkg := range refusing {
		for _, c := range codesOf(t, pkg) {
			if !used[c.name] {
				t.Errorf("nothing is refused as %s", c.name)
			}
		}
	}
}

// codeNamed returns the name of the code with which n refuses something.
func codeNamed(n ast.Node) (name string, refuses bool) {
	c, ok := n.(*ast.CallExpr)
	if !ok || len(c.Args) == 0 {
		return "", false
	}
	f, ok := c.Fun.(*ast.Ident)
	if !ok || f.Name != "refuse" && f.Name != "refused" {
		return "", false
	}
	switch code := c.Args[0].(type) {
	case *ast.Ident:
		return code.Name, true
	case *ast.SelectorExpr: // call.NotInContact, or the code of a refusal that is passed on
		return code.Sel.Name, true
	}
	return "", true
}

type code struct{ name, value, meaning string }

// codesOf returns the codes that a package declares, in the order of its files.
func codesOf(t *testing.T, pkg string) (codes []code) {
	t.Helper()
	for _, file := range sources(t, pkg) {
		ast.Inspect(file, func(n ast.Node) bool {
			if v, ok := n.(*ast.ValueSpec); ok && isCode(v.Type) {
				value, err := strconv.Unquote(v.Values[0].(*ast.BasicLit).Value)
				if err != nil {
					t.Fatal(err)
				}
				codes = append(codes, code{v.Names[0].Name, value, strings.TrimSpace(v.Comment.Text())})
			}
			return true
		})
	}
	return codes
}

func isCode(e ast.Expr) bool {
	switch typ := e.(type) {
	case *ast.Ident:
		return typ.Name == "Code"
	case *ast.SelectorExpr:
		return typ.Sel.Name == "Code"
	}
	return false
}

// sources parses the files of a package, without its tests.
func sources(t *testing.T, pkg string) (files []*ast.File) {
	t.Helper()
	paths, err := filepath.Glob(pkg + "/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range slices.DeleteFunc(paths, func(p string) bool { return strings.HasSuffix(p, "_test.go") }) {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	return files
}
