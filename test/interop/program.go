package interop

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

const install = "apt-get install --no-install-recommends baresip-core sip-tester"

// Asked reports whether tests use the phones of others: only if
// HOLDFAST_PEERS is set, because most machines do not have them.
func Asked() bool { return os.Getenv("HOLDFAST_PEERS") != "" }

// Need skips a test that is not asked to use the phones of others, or runs on
// a machine without the programs it needs. Under CI, where nothing may be
// skipped, a missing program is a failure.
func Need(t testing.TB, programs ...string) {
	t.Helper()
	if !Asked() {
		t.Skip("set HOLDFAST_PEERS=1 to test with foreign phones; they come with: " + install)
	}
	for _, p := range programs {
		if _, err := exec.LookPath(p); err == nil {
			continue
		}
		if ci := os.Getenv("CI"); ci != "" && ci != "0" && ci != "false" {
			t.Fatalf("%s is missing: %s", p, install)
		}
		t.Skipf("%s is missing: %s", p, install)
	}
}

// A program is one that others wrote, while it runs.
type program struct {
	cmd   *exec.Cmd
	said  *os.File      // its output
	ended chan struct{} // closed when it has ended
	err   error         // of its end, once it has ended
}

// start starts a program in a directory, with its output in a file there.
func start(dir, name string, args ...string) (*program, error) {
	said, err := os.Create(filepath.Join(dir, "said"))
	if err != nil {
		return nil, fmt.Errorf("starting %s: %w", name, err)
	}
	p := &program{cmd: exec.Command(name, args...), said: said, ended: make(chan struct{})}
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = dir, said, said
	if err := p.cmd.Start(); err != nil {
		_ = said.Close()
		return nil, fmt.Errorf("starting %s: %w", name, err)
	}
	go func() { // ends with the program
		p.err = p.cmd.Wait()
		close(p.ended)
	}()
	return p, nil
}

// stop ends the program, if it has not ended by itself.
func (p *program) stop() {
	_ = p.cmd.Process.Kill()
	<-p.ended
	_ = p.said.Close()
}

// words is the program's output so far.
func (p *program) words() string {
	text, err := os.ReadFile(p.said.Name())
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// await waits until a condition of the world outside this process holds.
func await(ctx context.Context, what string, holds func() bool) error {
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for !holds() {
		select {
		case <-look.C:
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s: %w", what, context.Cause(ctx))
		}
	}
	return nil
}
