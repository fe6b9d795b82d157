package holdfasttest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"sync"
)

// Try runs play outside of go test and returns its failures, or nil. It serves
// programs that are not tests, and tests that expect a failure.
func Try(ctx context.Context, play func(T)) error {
	ctx, cancel := context.WithCancel(ctx)
	t := &trial{ctx: ctx}
	done := make(chan struct{})
	go func() { // ends with play
		defer close(done)
		defer t.cleanUp()
		defer cancel()
		play(t)
	}()
	<-done
	return errors.Join(t.failures...)
}

// A trial is a test that Try runs.
type trial struct {
	ctx context.Context //nolint:containedctx // as that of a testing.T

	mu       sync.Mutex // guards the fields below
	failures []error
	cleanups []func()
}

func (t *trial) Helper() {}

func (t *trial) Context() context.Context { return t.ctx }

func (t *trial) Cleanup(f func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.cleanups = append(t.cleanups, f)
}

// cleanUp calls the cleanups, the last first.
func (t *trial) cleanUp() {
	for _, f := range slices.Backward(t.cleanups) {
		f()
	}
}

func (t *trial) TempDir() string {
	dir, err := os.MkdirTemp("", "holdfasttest")
	if err != nil {
		t.Fatalf("a temporary directory: %v", err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) }) // a rest of it is only temporary
	return dir
}

func (t *trial) Errorf(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.failures = append(t.failures, fmt.Errorf(format, args...))
}

// Fatalf ends the goroutine of play, as it does in a testing.T.
func (t *trial) Fatalf(format string, args ...any) {
	t.Errorf(format, args...)
	runtime.Goexit()
}
