package journal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// A hold is a directory that this process alone has open.
type hold struct {
	dir  string
	file atomic.Pointer[os.File] // locked
}

// A stopping process unlocks its directory soon, or after some seconds on a disk that
// stalls, so a start right after it waits.
const (
	takeWithin = 15 * time.Second
	takeAgain  = 5 * time.Millisecond
)

// take takes a directory until close, or until the end of the process. It waits a
// while for another process to unlock it.
func take(ctx context.Context, dir string, log *slog.Logger) (*hold, error) {
	ctx, cancel := context.WithTimeout(ctx, takeWithin)
	defer cancel()
	for waiting := false; ; waiting = true {
		f, err := lock(dir)
		if err == nil {
			h := &hold{dir: dir}
			h.file.Store(f)
			return h, nil
		}
		if !errors.Is(err, errInUse) {
			return nil, err
		}
		if !waiting {
			log.Info("waiting for the journal", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(takeAgain):
		}
	}
}

// intact reports whether the directory is still the one that was taken. If it was
// removed or moved away, its open files can be written as before, but no later server
// will find them.
func (h *hold) intact() bool {
	ours, err := h.file.Load().Stat()
	if err != nil {
		return false
	}
	found, err := os.Stat(filepath.Join(h.dir, lockName))
	return err == nil && os.SameFile(ours, found)
}

// renew takes the directory again, and makes it if it is missing.
func (h *hold) renew() error {
	if h.intact() {
		return nil
	}
	f, err := lock(h.dir)
	if err != nil {
		return err
	}
	_ = h.file.Swap(f).Close() // of a directory that has been removed
	return nil
}

func (h *hold) close() error {
	if err := h.file.Load().Close(); err != nil && !errors.Is(err, os.ErrClosed) {
		return fmt.Errorf("closing the journal: %w", err)
	}
	return nil
}

const lockName = "lock"

// lock takes the directory for this process until the file is closed, by this
// process or by its end.
func lock(dir string) (*os.File, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the journal's directory: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, lockName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("locking the journal: %w", err)
	}
	err = flock(f, syscall.LOCK_EX)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		err = inUse(dir, f)
	}
	if err == nil {
		err = sign(f)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// share takes the directory for this process and others that only look into it.
// It writes nothing. The file is nil if no process has ever taken the directory.
func share(dir string) (*os.File, error) {
	f, err := os.Open(filepath.Join(dir, lockName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("locking the journal: %w", err)
	}
	err = flock(f, syscall.LOCK_SH)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		err = inUse(dir, f)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

func flock(f *os.File, how int) error {
	return syscall.Flock(int(f.Fd()), how|syscall.LOCK_NB)
}

// errInUse is wrapped by every error about a directory that another process uses.
var errInUse = errors.New("in use")

// inUse returns the error for a directory that another process uses. The file names
// the last process that could write.
func inUse(dir string, f *os.File) error {
	if flock(f, syscall.LOCK_SH) == nil {
		return fmt.Errorf("a process is reading the journal in %s, so it is %w: wait until it has ended", dir, errInUse)
	}
	holder, err := io.ReadAll(io.LimitReader(f, 20))
	if err != nil || len(holder) == 0 {
		holder = []byte("unknown")
	}
	return fmt.Errorf("the journal in %s is %w (process %s): stop that process, or configure another directory",
		dir, errInUse, strings.TrimSpace(string(holder)))
}

// sign writes down who holds the lock, for the error message of the next process.
func sign(f *os.File) error {
	if err := f.Truncate(0); err != nil {
		return fmt.Errorf("locking the journal: %w", err)
	}
	if _, err := fmt.Fprintln(f, os.Getpid()); err != nil {
		return fmt.Errorf("locking the journal: %w", err)
	}
	return nil
}
