package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The example of embedding works in a module of its own, outside this tree.
func TestEmbeddingInAnotherModule(t *testing.T) {
	dir := t.TempDir()
	tree, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	gomod, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	path := strings.Fields(string(gomod))[1]
	copyFile(t, "../../examples/embedding/main.go", filepath.Join(dir, "main.go"))
	copyFile(t, "../../go.sum", filepath.Join(dir, "go.sum"))
	run := func(args ...string) string {
		cmd := exec.CommandContext(t.Context(), "go", args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOWORK=off")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
		}
		return string(out)
	}
	run("mod", "init", "example.org/embedding")
	run("mod", "edit", "-require", path+"@v0.0.0", "-replace", path+"="+tree)
	if out := run("run", "."); !strings.Contains(out, "transfer completed") {
		t.Errorf("the program printed\n%s", out)
	}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	content, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, content, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}
