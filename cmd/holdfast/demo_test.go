package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"testing"

	"holdfast/call"
	"holdfast/client"
)

// TestDemoStays: what demo --stay says can be tried can be tried, also the
// kill; interrupted, it leaves nothing running.
func TestDemoStays(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	demo, said := demoStay(ctx, t)
	server := saying(t, said, `export HOLDFAST_SERVER=(\S+)`)
	process := saying(t, said, `kill -9 (\d+)`)
	saying(t, said, `= (talking): `)

	transfer := exec.CommandContext(ctx, "holdfast", "transfer", "ana", "busy", "reception", "--confirm", "--wait", "--server", server)
	if out, err := transfer.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	kill(t, process)
	process = saying(t, said, `back after \d+ ms as process (\d+)`)
	contacts, err := client.New(server).Contacts(ctx)
	if err != nil || len(contacts) != 1 || contacts[0].Past[0].Outcome != call.Completed {
		t.Fatalf("the killed server has lost the customer: %+v, %v", contacts, err)
	}

	if err := demo.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	saying(t, said, `(The server, the phones and all calls have ended)`)
	if _, err := io.Copy(io.Discard, said); err != nil { // until it ends
		t.Fatal(err)
	}
	if err := demo.Wait(); err != nil {
		t.Errorf("interrupted, it ended with %v", err)
	}
	if _, err := client.New(server).Contacts(ctx); !errors.Is(err, client.ErrNoServer) {
		t.Errorf("process %s goes on: %v", process, err)
	}
}

// TestDemoKilled: killed, demo --stay leaves no server behind.
func TestDemoKilled(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only on Linux the server ends with the demo")
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	demo, said := demoStay(ctx, t, "--callers", "0")
	server := saying(t, said, `export HOLDFAST_SERVER=(\S+)`)
	process := saying(t, said, `kill -9 (\d+)`)
	if err := demo.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = demo.Wait() // it was killed; that is its exit status
	for {
		_, err := client.New(server).Contacts(ctx)
		switch {
		case ctx.Err() != nil:
			kill(t, process)
			t.Fatalf("process %s goes on", process)
		case errors.Is(err, client.ErrNoServer):
			return
		}
	}
}

// demoStay starts demo --stay where the stories have been played, which must stay
// there, and returns what it says.
func demoStay(ctx context.Context, t *testing.T, args ...string) (*exec.Cmd, *bufio.Reader) {
	t.Helper()
	demo := exec.CommandContext(ctx, "holdfast", append([]string{"demo", "--stay"}, args...)...)
	demo.Dir = t.TempDir()
	played := filepath.Join(demo.Dir, "holdfast-demo", "holdfast.toml")
	if err := os.Mkdir(filepath.Dir(played), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(played, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := os.Stat(played); err != nil {
			t.Errorf("the stories are gone: %v", err)
		}
	})
	stdout, err := demo.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := demo.Start(); err != nil {
		t.Fatal(err)
	}
	return demo, bufio.NewReader(stdout)
}

// saying reads until a line has what is looked for, and returns that.
func saying(t *testing.T, from *bufio.Reader, what string) string {
	t.Helper()
	for {
		line, err := from.ReadString('\n')
		if found := regexp.MustCompile(what).FindStringSubmatch(line); found != nil {
			return found[1]
		}
		if err != nil {
			t.Fatalf("it does not say %s: %v", what, err)
		}
	}
}

func kill(t *testing.T, process string) {
	t.Helper()
	pid, err := strconv.Atoi(process)
	if err != nil {
		t.Fatal(err)
	}
	p, err := os.FindProcess(pid)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Kill(); err != nil {
		t.Fatal(err)
	}
}
