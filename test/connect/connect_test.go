package connect

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestPage runs the tests of connect/ with Node, which needs no package for that.
func TestPage(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("node is missing")
		}
		t.Skip("node is missing: apt-get install --no-install-recommends nodejs")
	}
	tests, err := filepath.Glob("../../connect/*.test.js")
	if err != nil || len(tests) == 0 {
		t.Fatalf("found the tests %q (%v)", tests, err)
	}
	command := exec.CommandContext(t.Context(), node, append([]string{"--test"}, tests...)...)
	if said, err := command.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, said)
	}
}
