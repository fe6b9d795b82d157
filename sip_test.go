package holdfast_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestSIPTable: the tests and files that docs/SIP.md names exist.
func TestSIPTable(t *testing.T) {
	table, err := os.ReadFile("docs/SIP.md")
	if err != nil {
		t.Fatal(err)
	}
	written := map[string]bool{}
	function := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)
	err = filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "node_modules" || strings.HasPrefix(d.Name(), ".") && path != "."):
			return filepath.SkipDir
		case !strings.HasSuffix(path, "_test.go"):
			return nil
		}
		text, err := os.ReadFile(path)
		for _, found := range function.FindAllStringSubmatch(string(text), -1) {
			written[found[1]] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile("`((?:Test|Fuzz)\\w+|[a-z]+/testdata/[^`]+)`").FindAllStringSubmatch(string(table), -1)
	if len(named) < 50 {
		t.Errorf("docs/SIP.md names only %d tests", len(named))
	}
	for _, name := range named {
		if _, err := os.Stat(name[1]); err != nil && !written[name[1]] {
			t.Errorf("docs/SIP.md names %s, which does not exist", name[1])
		}
	}
}
