package holdfast_test

import (
	"errors"
	"fmt"
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// arrows is who may import whom of ours; "." is the root package. A new arrow
// is a word here and a conversation first.
var arrows = map[string][]string{
	"call":        {},
	"operator":    {"call"},
	"notation":    {"call"},
	"story":       {"call", "notation"},
	"switchboard": {"call", "notation"},

	"sipua":           {},
	"lobby":           {},
	"siptransport":    {"lobby", "sipua"},
	"media":           {"call"},
	"softphone":       {"sipua", "siptransport", "media"},
	"test/browser":    {"softphone", "media"},
	"test/connect":    {},
	"test/interleave": {},
	"test/interop":    {"softphone", "media"},
	"test/amazon":     {},

	"password":    {},
	"hostcheck":   {},
	"certificate": {},
	"config":      {"call", "certificate", "media", "password", "sipua"},
	"routing":     {"call"},
	"dispatch":    {"call", "config", "routing", "switchboard"},
	"sipleg":      {"call", "switchboard", "sipua", "media"},
	"webleg":      {"call", "lobby", "switchboard", "media"},
	"journal":     {"call", "notation", "switchboard"},
	"directory":   {"call", "config", "switchboard", "sipua"},
	"api":         {"call", "hostcheck", "notation", "routing", "switchboard"},
	"panel":       {"call", "hostcheck", "password", "routing", "switchboard"},
	"client":      {"call", "notation", "routing", "story"},

	".": {
		"call", "switchboard", "sipua", "siptransport", "sipleg", "webleg",
		"config", "directory", "routing", "dispatch", "media", "journal", "api", "panel",
		"certificate", "hostcheck", "lobby",
	},
	"cmd/holdfast-wasm": {"operator"},
	"cmd/holdfast":      {".", "call", "client", "config", "demo", "journal", "password", "routing", "story"},
	"demo":              {"call", "client", "holdfasttest", "media", "password", "routing", "softphone", "story"},
	"holdfasttest":      {".", "call", "client", "config", "journal", "routing", "softphone"},

	"media/genaudio":        {"media"},
	"examples/embedding":    {"call", "holdfasttest"},
	"test/amazon/simulated": {"test/amazon"},
}

// foreign is who may know which foreign module, for those whose words must
// stay in their place.
var foreign = map[string][]string{
	"github.com/emiago/sipgo": {"sipua", "siptransport", "sipleg", "softphone"},
	"github.com/nats-io":      {"journal"},
	"github.com/minio":        {"journal"}, // nats-server's checksums
	"github.com/pion":         {"media", "sipleg", "webleg", "softphone"},
	"github.com/pion/webrtc":  {"webleg"},
	"github.com/pion/ice":     {"webleg"},
	"github.com/danielgtaylor": {
		"api",
	},
	"github.com/spf13/cobra":     {"cmd/holdfast"},
	"github.com/chromedp":        {"test/browser"},
	"github.com/coder/websocket": {"panel", "test/amazon", "test/browser"},
	"golang.org/x/crypto":        {"password"},
	"golang.org/x/term":          {"cmd/holdfast"},
}

// Packages call and operator take time as an argument, reach nothing of the world,
// and are small enough for a browser to load as WebAssembly.
var (
	pure          = []string{"call", "operator"}
	unfitForThose = []string{
		"context", "sync", "os", "net", "log", "syscall", "math/rand", "crypto/rand",
		"encoding", "fmt", "reflect",
	}
	clock = []string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker"}
)

// module is the path that scripts/module may change.
var module = func() string {
	text, err := os.ReadFile("go.mod")
	if err != nil {
		panic(err)
	}
	return strings.Fields(string(text))[1]
}()

func TestLayers(t *testing.T) {
	for _, dir := range packageDirs(t) {
		p, err := build.ImportDir(dir, 0)
		var none *build.NoGoError
		if errors.As(err, &none) || err == nil && len(p.GoFiles) == 0 {
			browser := build.Default // a program for browsers, perhaps
			browser.GOOS, browser.GOARCH = "js", "wasm"
			p, err = browser.ImportDir(dir, 0)
		}
		if errors.As(err, &none) || err == nil && len(p.GoFiles) == 0 {
			continue // tests only, or nothing on this platform
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, fault := range faults(filepath.ToSlash(dir), p.Imports) {
			t.Error(fault)
		}
	}
}

func TestLayersPureReadNoClock(t *testing.T) {
	for _, pkg := range pure {
		files, err := filepath.Glob(pkg + "/*.go")
		if err != nil || len(files) == 0 {
			t.Fatalf("no files of package %s: %v", pkg, err)
		}
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			for _, fault := range clockFaults(name, f) {
				t.Error(fault)
			}
		}
	}
}

// The check itself must be able to fail.
func TestLayersPlantedFaultsAreFound(t *testing.T) {
	tests := []struct {
		pkg, imports, want string
	}{
		{"call", module + "/switchboard", "call may not import switchboard"},
		{"call", "net/netip", "call may not import net/netip"},
		{"call", "log/slog", "call may not import log/slog"},
		{"call", "fmt", "call may not import fmt"},
		{"call", "encoding/json", "call may not import encoding/json"},
		{"call", "time", ""},
		{"operator", "sync", "operator may not import sync"},
		{"operator", "strings", ""},
		{"sipleg", module + "/journal", "sipleg may not import journal"},
		{"sipleg", module + "/sipua", ""},
		{"switchboard", "github.com/emiago/sipgo/sip", "switchboard may not import github.com/emiago/sipgo/sip"},
		{"media", "github.com/pion/webrtc/v4", "media may not import github.com/pion/webrtc/v4"},
		{"cmd/holdfast", module, ""},
		{"api", module, "api may not import ."},
		{"util", "fmt", "util is in no layer; give it its place in arrows"},
	}
	for _, test := range tests {
		got := strings.Join(faults(test.pkg, []string{test.imports}), "; ")
		if got != test.want {
			t.Errorf("%s importing %s: got %q, want %q", test.pkg, test.imports, got, test.want)
		}
	}

	const planted = "package call\nimport \"time\"\nfunc late(t time.Time) bool { return time.Now().After(t) }"
	f, err := parser.ParseFile(token.NewFileSet(), "planted.go", planted, 0)
	if err != nil {
		t.Fatal(err)
	}
	if got := clockFaults("planted.go", f); len(got) != 1 {
		t.Errorf("a planted time.Now gives %q, want one fault", got)
	}
}

// faults says what a package imports although it may not.
func faults(pkg string, imports []string) []string {
	allowed, known := arrows[pkg]
	if !known {
		return []string{pkg + " is in no layer; give it its place in arrows"}
	}
	var out []string
	for _, i := range imports {
		if !allows(pkg, allowed, i) {
			out = append(out, fmt.Sprintf("%s may not import %s", pkg, ours(i)))
		}
	}
	return out
}

func allows(pkg string, allowed []string, imported string) bool {
	if local := ours(imported); local != imported {
		return slices.Contains(allowed, local)
	}
	if slices.Contains(pure, pkg) && slices.ContainsFunc(unfitForThose, within(imported)) {
		return false
	}
	for prefix, who := range foreign {
		if within(imported)(prefix) && !slices.Contains(who, pkg) {
			return false
		}
	}
	return true
}

// ours shortens the import path of one of our packages to its directory.
func ours(imported string) string {
	if imported == module {
		return "."
	}
	return strings.TrimPrefix(imported, module+"/")
}

func within(imported string) func(prefix string) bool {
	return func(prefix string) bool {
		return imported == prefix || strings.HasPrefix(imported, prefix+"/")
	}
}

func clockFaults(name string, f *ast.File) []string {
	var out []string
	ast.Inspect(f, func(n ast.Node) bool {
		s, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if x, ok := s.X.(*ast.Ident); ok && x.Name == "time" && slices.Contains(clock, s.Sel.Name) {
			out = append(out, fmt.Sprintf("%s: its package takes time as an argument and may not use time.%s", filepath.ToSlash(name), s.Sel.Name))
		}
		return true
	})
	return out
}

// packageDirs lists the directories of this module.
func packageDirs(t *testing.T) []string {
	var dirs []string
	err := filepath.WalkDir(".", func(dir string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		name := d.Name()
		if dir != "." && (strings.HasPrefix(name, ".") || name == "testdata" || name == "bin" || name == "tools") {
			return filepath.SkipDir
		}
		dirs = append(dirs, dir)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return dirs
}
