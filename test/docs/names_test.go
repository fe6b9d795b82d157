package docs

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	testName = regexp.MustCompile(`\b(?:Test|Fuzz|Benchmark)[A-Z]\w+`)
	fileName = regexp.MustCompile(`^\w[\w-]*(?:/[\w.*-]+)+\.(?:go|txt|txtar|toml|json|md|js|mjs|ts|html)$`)
	variable = regexp.MustCompile(`\bHOLDFAST_[A-Z]+\b`)
)

// TestNames: the tests, files and variables of the environment that a document names
// exist. DECISIONS.md and CHANGELOG.md name those of their time.
func TestNames(t *testing.T) {
	var code strings.Builder
	for _, file := range append(files(t, ".go", ".js"), "Makefile", "scripts/test") {
		code.WriteString(read(t, file))
	}
	declared := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz|Benchmark)\w+)\(`)
	tests := map[string]bool{}
	for _, m := range declared.FindAllStringSubmatch(code.String(), -1) {
		tests[m[1]] = true
	}
	named := 0
	for _, d := range documents(t) {
		text := read(t, d.path)
		if d.path == "CHANGELOG.md" {
			continue
		}
		for _, name := range testName.FindAllString(text, -1) {
			named++
			if !tests[name] {
				t.Errorf("%s names %s, which no package declares", d.path, name)
			}
		}
		for _, name := range variable.FindAllString(text, -1) {
			named++
			if !strings.Contains(code.String(), `"`+name) {
				t.Errorf("%s names the variable %s, which nothing reads", d.path, name)
			}
		}
		if d.path == "docs/DECISIONS.md" {
			continue
		}
		for _, s := range d.spans {
			if !fileName.MatchString(s.text) || slices.ContainsFunc(notOurs, func(prefix string) bool { return strings.HasPrefix(s.text, prefix) }) {
				continue
			}
			named++
			if found, err := filepath.Glob(s.text); err != nil || len(found) == 0 {
				t.Errorf("%s:%d: there is no file %s", d.path, s.line, s.text)
			}
		}
	}
	if named < 200 {
		t.Errorf("checked only %d names", named)
	}
}

// notOurs are paths that are not in the repository: files that are built, or of others.
var notOurs = []string{"dist/", "connect/dist/", "holdfast-transfer/"}
