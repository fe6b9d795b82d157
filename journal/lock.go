package journal

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
)

// A hold is a directory that this process alone has open.
type hold struct {
	dir  string
	file atomic.Pointer[os.File] // locked
}

// take takes a directory until close, or until the end of the process.
func take(dir string) (*hold, error) {
	f, err := lock(dir)
	if err != nil {
		return nil, err
	}
	h := &hold{dir: dir}
	h.file.Store(f)
	return h, nil
}

// intact reports whether the directory is still the one that was taken. If
// somebody has removed it or moved it away, its open files can be written as
// before, and nobody will ever find them.
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
	_ = h.file.Swap(f).Close() // of a directory that is no more
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

// inUse is the error that somebody else has the directory. The file names the
// last process that could write.
func inUse(dir string, f *os.File) error {
	if flock(f, syscall.LOCK_SH) == nil {
		return fmt.Errorf("somebody is looking into the journal in %s: wait until that has ended", dir)
	}
	holder, err := io.ReadAll(io.LimitReader(f, 20))
	if err != nil || len(holder) == 0 {
		holder = []byte("unknown")
	}
	return fmt.Errorf("the journal in %s is in use (process %s): stop that process, or configure another directory",
		dir, strings.TrimSpace(string(holder)))
}

// sign writes down who holds the lock, for the message to the next who comes.
func sign(f *os.File) error {
	if err := f.Truncate(0); err != nil {
		return fmt.Errorf("locking the journal: %w", err)
	}
	if _, err := fmt.Fprintln(f, os.Getpid()); err != nil {
		return fmt.Errorf("locking the journal: %w", err)
	}
	return nil
}
