package interleave

import (
	"os"
	"os/exec"
	"slices"
	"strconv"
	"testing"
)

// interleaveEnv is empty for the least, "part" for what make test plays, and "all" for
// 10,000 seeds of everything.
const interleaveEnv = "HOLDFAST_INTERLEAVE"

const coldTransfer = "../../connect/cold-transfer.js"

// TestColdTransferIsSmall: the file is shipped as it is, with its comments.
func TestColdTransferIsSmall(t *testing.T) {
	text, err := os.ReadFile(coldTransfer)
	if err != nil {
		t.Fatal(err)
	}
	if len(text) > 8192 {
		t.Errorf("cold-transfer.js has %d bytes, want at most 8192", len(text))
	}
}

// TestPlainPlays plays cold-transfer.js, and then with each planted fault, which must be
// caught.
func TestPlainPlays(t *testing.T) {
	seeds := map[string]int{"": 1000, "part": 10_000, "all": 10_000}[os.Getenv(interleaveEnv)]
	node(t, "plain", strconv.Itoa(seeds))
	node(t, "faults", "plain")
}

// TestEnginePlays plays the engine with the desk of the page, also when the page is
// reloaded at any moment, and compares where customers end with cold-transfer.js.
func TestEnginePlays(t *testing.T) {
	seeds := map[string]int{"part": 250, "all": 10_000}[os.Getenv(interleaveEnv)]
	if seeds == 0 {
		t.Skipf("LEFT OUT: set %s=part or all to play the engine", interleaveEnv)
	}
	if said, err := exec.CommandContext(t.Context(), "../../scripts/wasm").CombinedOutput(); err != nil {
		t.Fatalf("building the engine: %v\n%s", err, said)
	}
	for _, mode := range []string{"engine", "reload", "compare"} {
		node(t, mode, strconv.Itoa(seeds))
	}
	node(t, "faults", "engine")
}

// node runs main.js and shows what it prints. Without Node nothing is tested, which is a
// failure where everything must be.
func node(t *testing.T, arguments ...string) {
	t.Helper()
	program, err := exec.LookPath("node")
	if err != nil {
		if ci := os.Getenv("CI"); !slices.Contains([]string{"", "0", "false", "no"}, ci) {
			t.Fatal("node is missing")
		}
		t.Skip("LEFT OUT: node is missing")
	}
	said, err := exec.CommandContext(t.Context(), program, append([]string{"main.js"}, arguments...)...).CombinedOutput()
	t.Logf("node main.js %v:\n%s", arguments, said)
	if err != nil {
		t.Errorf("node main.js %v: %v", arguments, err)
	}
}
