package holdfast_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestDocumentsNameWhatThereIs: a test, a make target or a file that a document
// names is there.
func TestDocumentsNameWhatThereIs(t *testing.T) {
	tests := declaredTests(t)
	makefile := read(t, "Makefile")
	documents, err := filepath.Glob("docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	named := 0
	for _, document := range append(documents, "README.md", "CONTRIBUTING.md") {
		text := read(t, document)
		for _, name := range regexp.MustCompile(`\b(Test|Fuzz)[A-Z]\w+`).FindAllString(text, -1) {
			named++
			if !slices.Contains(tests, name) {
				t.Errorf("%s names %s, which there is not", document, name)
			}
		}
		for _, target := range regexp.MustCompile("`make ([a-z]+)`").FindAllStringSubmatch(text, -1) {
			named++
			if !strings.Contains(makefile, "\n"+target[1]+":") {
				t.Errorf("%s names make %s, which there is not", document, target[1])
			}
		}
		for _, link := range regexp.MustCompile(`\]\(([^)#:]+)\)`).FindAllStringSubmatch(text, -1) {
			named++
			if _, err := os.Stat(filepath.Join(filepath.Dir(document), link[1])); err != nil {
				t.Errorf("%s links to what there is not: %v", document, err)
			}
		}
	}
	if named < 20 {
		t.Errorf("only %d names were found in the documents; are they still looked for in the right way?", named)
	}
}

// declaredTests are the names of all tests and fuzz tests of the module.
func declaredTests(t *testing.T) (names []string) {
	t.Helper()
	declared := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)
	for _, dir := range packageDirs(t) {
		files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			for _, m := range declared.FindAllStringSubmatch(read(t, file), -1) {
				names = append(names, m[1])
			}
		}
	}
	return names
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
