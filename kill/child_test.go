package kill

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"holdfast"
	"holdfast/call"
	"holdfast/directory"
	"holdfast/switchboard"
)

// The test binary is also the server that is killed: a child process in whose
// environment configEnv names a configuration and pointEnv a place to die.
const (
	configEnv = "HOLDFAST_KILL_CONFIG"
	pointEnv  = "HOLDFAST_KILL_POINT" // "7 before"; empty: live
)

func TestMain(m *testing.M) {
	if file := os.Getenv(configEnv); file != "" {
		if err := serve(file, os.Getenv(pointEnv)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// serve runs a server until its standard input ends, which it does at the
// latest with the test that started it.
func serve(file, point string) error {
	config, err := directory.Load(file)
	if err != nil {
		return err
	}
	options := holdfast.Options{
		Config: config,
		Log:    slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	doomed := &doom{}
	if point != "" {
		if _, err := fmt.Sscanf(point, "%d %s", &doomed.entry, &doomed.when); err != nil {
			return fmt.Errorf("%s=%q: %w", pointEnv, point, err)
		}
	}
	options.WrapJournal = func(j switchboard.Journal) switchboard.Journal {
		return doomedJournal{j, doomed}
	}
	server, err := holdfast.Start(context.Background(), options)
	if err != nil {
		return err
	}
	fmt.Println("ready")
	_, _ = os.Stdin.Read(make([]byte, 1))
	return server.Close()
}

// When, about the writing of an entry, a process dies.
const (
	before  = "before"  // the entry is not written
	written = "written" // it is written, and nothing it allows has been sent
	sent    = "sent"    // it is written, and what it allows has been sent
)

// sendingTakes is more than a desk needs to send what an entry allows.
const sendingTakes = 5 * time.Millisecond

// doom is the place at which a process dies: at an entry counted from 1.
type doom struct {
	entry int64
	when  string
	count atomic.Int64
}

// doomedJournal kills its process at the doomed entry, and tells the others on
// standard output.
type doomedJournal struct {
	switchboard.Journal
	*doom
}

func (j doomedJournal) Append(ctx context.Context, e switchboard.Entry, after uint64) (uint64, error) {
	n := j.count.Add(1)
	if n == j.entry && j.when == before {
		die()
	}
	seq, err := j.Journal.Append(ctx, e, after)
	if n == j.entry && err == nil {
		switch j.when {
		case written:
			die()
		case sent:
			time.AfterFunc(sendingTakes, die)
		}
	}
	fmt.Printf("entry %d %s\n", n, events(e))
	return seq, err
}

func events(e switchboard.Entry) string {
	var names []string
	for _, r := range e.Events {
		names = append(names, call.EventName(r.Event))
	}
	return strings.Join(names, "+")
}

// die is what a crash, the kernel out of memory or an operator does.
func die() {
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {} // not one instruction more
}
