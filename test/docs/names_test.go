package docs

import (
	"fmt"
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
	declared = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz|Benchmark)\w+)\(`)
)

// TestNames: the tests, files and variables of the environment that a document names
// exist. The changelog and the decisions may name files of their time.
func TestNames(t *testing.T) {
	c := newCode(t)
	named := 0
	for _, d := range documents(t) {
		if d.path == "CHANGELOG.md" {
			continue
		}
		problems, n := c.names(d, read(t, d.path))
		named += n
		for _, problem := range problems {
			t.Errorf("%s: %s", d.path, problem)
		}
	}
	if named < 200 {
		t.Errorf("checked only %d names", named)
	}
}

// A code is what documents name of the repository.
type code struct {
	text  string
	tests map[string]bool
}

func newCode(t *testing.T) *code {
	t.Helper()
	var all strings.Builder
	for _, file := range append(files(t, ".go", ".js"), "Makefile", "scripts/test") {
		all.WriteString(read(t, file))
	}
	c := &code{all.String(), map[string]bool{}}
	for _, m := range declared.FindAllStringSubmatch(c.text, -1) {
		c.tests[m[1]] = true
	}
	return c
}

// notOurs are paths that are not in the repository: files that are built, or of others.
var notOurs = []string{"dist/", "connect/dist/", "holdfast-transfer/"}

// names returns the names in a document that do not exist, and how many it has.
func (c *code) names(d *document, text string) (problems []string, named int) {
	for _, name := range testName.FindAllString(text, -1) {
		named++
		if !c.tests[name] {
			problems = append(problems, "no package declares "+name)
		}
	}
	for _, name := range variable.FindAllString(text, -1) {
		named++
		if !strings.Contains(c.text, `"`+name) {
			problems = append(problems, "nothing reads the variable "+name)
		}
	}
	for _, s := range d.spans {
		other := slices.ContainsFunc(notOurs, func(prefix string) bool { return strings.HasPrefix(s.text, prefix) })
		if other || !fileName.MatchString(s.text) || d.path == "docs/DECISIONS.md" {
			continue
		}
		named++
		if found, err := filepath.Glob(s.text); err != nil || len(found) == 0 {
			problems = append(problems, fmt.Sprintf("line %d: there is no file %s", s.line, s.text))
		}
	}
	return problems, named
}
