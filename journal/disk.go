package journal

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"syscall"
	"time"

	"holdfast/switchboard"
)

const (
	probeName = "probe*" // the star is another text each time
	// probeSize is how much a disk that has failed must take before the journal
	// is written again: with less, the next entries would fill it up once more.
	probeSize = 128 << 10
	// outlastTries is how often a read is tried that a start cannot do without.
	outlastTries = 5
)

// passing are the errors of a disk that may take entries again without any change to
// the journal: it is full, read-only or broken, or this process has too many files
// open.
var passing = []error{
	syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG, syscall.EROFS, syscall.EIO,
	syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM, syscall.ENODEV, syscall.ENXIO, syscall.ESTALE,
}

// MayPass reports whether Open failed because the disk refuses writes at the moment,
// such as when it is full. Open may succeed later.
func MayPass(err error) bool {
	return slices.ContainsFunc(passing, func(p error) bool { return errors.Is(err, p) })
}

// probe returns why a directory's disk refuses writes, or nil. Another process may do
// the same there, and a kill leaves no more than an empty file.
func probe(dir string) error {
	f, err := os.CreateTemp(dir, probeName)
	if err != nil {
		return fmt.Errorf("trying the disk: %w", err)
	}
	err = os.Remove(f.Name())
	if err == nil {
		_, err = f.Write(make([]byte, probeSize))
	}
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("trying the disk: %w", err)
	}
	return nil
}

// failing returns why a directory's disk fails, or nil: the server's errors do not
// wrap it in a way that MayPass understands.
func failing(dir string) error {
	if err := probe(dir); MayPass(err) {
		return err
	}
	return nil
}

// writeAgain writes the last block of some streams once more, as it is. After a failed
// write the kernel may treat pages as written that the disk does not have, so that the
// next server, of this process or of another one, would read and acknowledge data that
// a power cut destroys.
func writeAgain(dir string, streams ...string) error {
	for _, stream := range streams {
		all, err := blocks(dir, stream)
		if err != nil {
			return err
		}
		if len(all) == 0 {
			continue
		}
		last := all[len(all)-1]
		if err := rewriteInPlace(last.file); err != nil {
			return fmt.Errorf("writing %s again: %w", last, err)
		}
	}
	return nil
}

func rewriteInPlace(file string) error {
	f, err := os.OpenFile(file, os.O_RDWR, 0)
	if errors.Is(err, syscall.EISDIR) { // it will be repaired, too
		return nil
	}
	if err != nil {
		return err
	}
	data, err := io.ReadAll(f)
	if errors.Is(err, syscall.EIO) { // it will be repaired, which writes another file
		return f.Close()
	}
	if err == nil {
		_, err = f.WriteAt(data, 0)
	}
	return errors.Join(err, f.Sync(), f.Close())
}

// because returns, in the place of the error of a write, why the embedded server has
// failed, if it has: the error itself only reports that the server does not answer.
func (j *Journal) because(err error) error {
	if err == nil || errors.Is(err, switchboard.ErrFenced) || !j.replacing() {
		return err
	}
	return cmp.Or(j.embedded.why(), err)
}

// outlast repeats a read that fails: a few times, and in any case while the embedded
// server is being replaced, until ctx ends. A result read as the replacement began is
// not trusted, for a server that stops may answer that there is nothing.
func (j *Journal) outlast(ctx context.Context, read func() error) (err error) {
	for left := outlastTries; ; {
		if before := j.failures(); !j.replacing() {
			err = read()
			if j.failures() == before {
				if left--; err == nil || left == 0 {
					return err
				}
			}
		}
		select {
		case <-ctx.Done():
			return j.because(cmp.Or(err, ctx.Err()))
		case <-j.closed:
			return errClosed
		case <-time.After(lookAgain):
		}
	}
}

// failures returns how often the embedded server has failed.
func (j *Journal) failures() uint64 {
	if j.embedded == nil {
		return 0
	}
	return j.embedded.failures.Load()
}

// replacing reports whether the embedded server is being replaced.
func (j *Journal) replacing() bool { return j.embedded != nil && j.embedded.why() != nil }
