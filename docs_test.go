package holdfast_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// The old names of docs/NAMES.md are left nowhere.
func TestNamesOfBeforeAreGone(t *testing.T) {
	text, err := os.ReadFile("docs/NAMES.md")
	if err != nil {
		t.Fatal(err)
	}
	checked, _, found := strings.Cut(string(text), "## Left as they are")
	if !found {
		t.Fatal("docs/NAMES.md has no section of what was left")
	}
	var old []string
	for line := range strings.Lines(checked) {
		if first, _, row := strings.Cut(strings.TrimPrefix(line, "| "), " |"); row && strings.HasPrefix(line, "| `") {
			for _, name := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(first, -1) {
				old = append(old, name[1])
			}
		}
	}
	if len(old) < 50 {
		t.Fatalf("only %d old names", len(old))
	}
	word := regexp.MustCompile(`(^|[^\w.-])(` + strings.ReplaceAll(strings.Join(old, "|"), ".", `\.`) + `)($|[^\w])`)
	for _, file := range texts(t) {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for n, line := range strings.Split(string(content), "\n") {
			if name := word.FindStringSubmatch(line); name != nil {
				t.Errorf("%s:%d: %s", file, n+1, name[2])
			}
		}
	}
}

// texts are the files in which names may occur.
func texts(t *testing.T) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (path == "bin" || path == "tools" || path == "node_modules" || strings.HasPrefix(path, ".") && path != "."):
			return fs.SkipDir
		case slices.Contains([]string{"docs/NAMES.md", "docs/DECISIONS.md", "docs/STATUS.md", "CHANGELOG.md"}, filepath.ToSlash(path)):
		case slices.Contains([]string{".go", ".md", ".txt", ".toml", ".txtar", ".json", ".js"}, filepath.Ext(path)):
			files = append(files, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
