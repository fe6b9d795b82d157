package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
)

// copies are the newest message of each contact that has not been archived, and
// of each stored item, a second time: a message that a damaged block loses is still
// there. With a message that builds on a whole entry, that entry is there, too.
// Each subject has a file, to which its messages are appended as records once the
// server has acknowledged them and before its server acts on them; the newest
// counts. They outlive a kill. They are not synced: after a power cut the blocks
// are whole, and newer.
type copies struct {
	dir    string // of the journal
	log    *slog.Logger
	failed atomic.Bool // the last one could not be written
}

// A secondCopy is a subject's messages in the copies.
type secondCopy struct {
	record        // the newest
	complete bool // so is the entry it builds on
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

// keep writes a copy of a message that builds on none, and reports whether it
// could. The message is in its stream already, so that the contact goes on if it
// has no copy.
func (c *copies) keep(r record) bool { return c.noted(c.add(r, nil)) }

// keepOn does so with a message that builds on base; had: of that, the copy was
// written.
func (c *copies) keepOn(base record, had bool, r record) bool {
	if !had {
		return c.noted(c.begin(base, r))
	}
	return c.noted(c.add(r, &base))
}

// noted logs that copies cannot be written, once.
func (c *copies) noted(err error) (written bool) {
	if failed := c.failed.Swap(err != nil); err != nil && !failed {
		c.log.Error("the journal keeps no second copies: a damaged block may now lose a contact", "error", err)
	}
	return err == nil
}

// add appends to the file of a subject. One that is missing is begun with base, and
// one that is long is begun anew as soon as r needs none.
func (c *copies) add(r record, base *record) error {
	var anew []record
	if base != nil {
		anew = append(anew, *base)
	}
	anew = append(anew, r)
	const how = os.O_WRONLY | os.O_APPEND
	f, err := os.OpenFile(c.file(r.subject), how, 0o600)
	if errors.Is(err, fs.ErrNotExist) {
		return c.begin(anew...)
	}
	if err != nil {
		return fmt.Errorf("keeping a copy: %w", err)
	}
	size, err := f.Seek(0, 2)
	full := size >= copyMost && base == nil
	if err == nil && !full {
		_, err = f.Write(copyFormat().encode(r))
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("keeping a copy: %w", err)
	}
	if full {
		return c.begin(anew...)
	}
	return nil
}

// begin makes the file of a subject hold only these messages.
func (c *copies) begin(messages ...record) error {
	file := c.file(messages[0].subject)
	var data []byte
	for _, r := range messages {
		data = append(data, copyFormat().encode(r)...)
	}
	err := os.MkdirAll(filepath.Dir(file), 0o700)
	if err != nil {
		return fmt.Errorf("beginning a copy: %w", err)
	}
	err = os.WriteFile(file+newCopy, data, 0o600)
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
func (c *copies) all() (map[string]secondCopy, error) {
	files, err := os.ReadDir(filepath.Join(c.dir, copiesDir))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("reading the copies: %w", err)
	}
	all := map[string]secondCopy{}
	for _, f := range files {
		if strings.HasSuffix(f.Name(), newCopy) {
			continue
		}
		if newest, has := c.newest(f.Name()); has {
			all[newest.subject] = newest
		}
	}
	return all, nil
}

// newest returns the newest copy in a file, if one can be read.
func (c *copies) newest(file string) (secondCopy, bool) {
	var newest record
	there := map[uint64]bool{0: true}
	for r := range c.in(file) {
		if there[r.seq] = true; r.seq >= newest.seq {
			newest = r
		}
	}
	// The rest of the file need not stay in memory.
	return secondCopy{newest.clone(), there[newest.base()]}, newest.seq != 0 && url.PathEscape(newest.subject) == file
}

// in yields the messages in a file that can be read.
func (c *copies) in(file string) iter.Seq[record] {
	return func(yield func(record) bool) {
		data, err := os.ReadFile(filepath.Join(c.dir, copiesDir, file))
		if err != nil {
			return
		}
		for p := range copyFormat().pieces(data) {
			if p.err == nil && p.isMessage() && !yield(p.record) {
				return
			}
		}
	}
}

// find returns the message of a subject with a sequence, if a copy is left.
func (c *copies) find(subject string, seq uint64) (record, bool) {
	for r := range c.in(url.PathEscape(subject)) {
		if r.subject == subject && r.seq == seq {
			return r.clone(), true
		}
	}
	return record{}, false
}
