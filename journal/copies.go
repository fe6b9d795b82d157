package journal

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
)

// copies are the newest message of each contact that has not been archived, and
// of each stored item, a second time: what a damaged block loses is still there.
// Each subject has a file, to which its messages are appended as records once the
// server has acknowledged them and before anybody acts on them; the newest counts.
// They outlive a kill. They are not synced: after a power cut the blocks are
// whole, and newer.
type copies struct {
	dir    string // of the journal
	log    *slog.Logger
	failed atomic.Bool // the last one could not be written
}

const (
	copiesDir = "copies"
	copyMost  = 64 << 10 // a file that is longer is begun anew
	newCopy   = "%new"   // behind a name that is escaped, which it cannot end with itself
)

// copyFormat is that of copies.
func copyFormat() *format { return formatOf(copiesDir, 0) }

// file is where the copies of a subject are.
func (c *copies) file(subject string) string {
	return filepath.Join(c.dir, copiesDir, url.PathEscape(subject))
}

// keep writes a copy. The message is in its stream already, so that the contact
// goes on if it has no copy.
func (c *copies) keep(r record) {
	err := c.add(r)
	if failed := c.failed.Swap(err != nil); err != nil && !failed {
		c.log.Error("the journal keeps no second copies: a damaged block may now lose a contact", "error", err)
	}
}

func (c *copies) add(r record) error {
	const how = os.O_WRONLY | os.O_APPEND | os.O_CREATE
	f, err := os.OpenFile(c.file(r.subject), how, 0o600)
	if errors.Is(err, fs.ErrNotExist) { // the directory is missing
		return c.begin(r)
	}
	if err != nil {
		return fmt.Errorf("keeping a copy: %w", err)
	}
	size, err := f.Seek(0, 2)
	if err == nil && size < copyMost {
		_, err = f.Write(copyFormat().encode(r))
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("keeping a copy: %w", err)
	}
	if size >= copyMost {
		return c.begin(r)
	}
	return nil
}

// begin has the file of a subject hold nothing but r.
func (c *copies) begin(r record) error {
	file := c.file(r.subject)
	err := os.MkdirAll(filepath.Dir(file), 0o700)
	if err != nil {
		return fmt.Errorf("beginning a copy: %w", err)
	}
	err = os.WriteFile(file+newCopy, copyFormat().encode(r), 0o600)
	if err == nil {
		err = os.Rename(file+newCopy, file)
	}
	if err != nil {
		return fmt.Errorf("beginning a copy: %w", err)
	}
	return nil
}

// drop forgets the copies of a subject.
func (c *copies) drop(subject string) error {
	if err := os.Remove(c.file(subject)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("removing a copy: %w", err)
	}
	return nil
}

// dropOthers removes every file that is not needed.
func (c *copies) dropOthers(needed map[string]bool) error {
	files, err := os.ReadDir(filepath.Join(c.dir, copiesDir))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, f := range files {
		if needed[f.Name()] {
			continue
		}
		if err := os.Remove(filepath.Join(c.dir, copiesDir, f.Name())); err != nil {
			return err
		}
	}
	return nil
}

// all returns the newest copy of each subject. Files without a readable one are
// passed over.
func (c *copies) all() (map[string]record, error) {
	files, err := os.ReadDir(filepath.Join(c.dir, copiesDir))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("reading the copies: %w", err)
	}
	all := map[string]record{}
	for _, f := range files {
		if strings.HasSuffix(f.Name(), newCopy) {
			continue
		}
		data, err := os.ReadFile(filepath.Join(c.dir, copiesDir, f.Name()))
		if err != nil {
			continue
		}
		var newest record
		for p := range copyFormat().pieces(data) {
			if p.err == nil && p.isMessage() && p.seq >= newest.seq {
				newest = p.record
			}
		}
		// The rest of the file need not stay in memory.
		newest, err = copyFormat().parse(bytes.Clone(newest.raw))
		if err == nil && url.PathEscape(newest.subject) == f.Name() {
			all[newest.subject] = newest
		}
	}
	return all, nil
}
