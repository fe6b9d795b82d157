package docs

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// built has the program after the first test that needs it.
var built struct {
	sync.Once
	file, output string
	err          error
}

// program builds holdfast once, as the README does, and returns where it is.
func program(t *testing.T) string {
	t.Helper()
	built.Do(func() {
		built.file = filepath.Join(scratch, "holdfast")
		cmd := exec.Command("go", "build", "-o", built.file, "./cmd/holdfast")
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		out, err := cmd.CombinedOutput()
		built.output, built.err = string(out), err
	})
	if built.err != nil {
		t.Fatalf("building holdfast: %v\n%s", built.err, built.output)
	}
	return built.file
}

// needs skips a test without these programs, but not in a continuous build.
func needs(t *testing.T, programs ...string) {
	t.Helper()
	for _, name := range programs {
		_, err := exec.LookPath(name)
		if err != nil && os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		if err != nil {
			t.Skipf("LEFT OUT: %s is missing", name)
		}
	}
}

// run runs a command for at most a minute and returns what it printed.
func run(name string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, name, args...).CombinedOutput()
	return string(out), err
}
