package journal

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"holdfast/call"
)

// twoOwners is a journal with a contact of two owners: entries 1 and 4 are whole,
// 2, 3, 5 and 6 build on them.
func twoOwners(t testing.TB, dir string) *Journal {
	t.Helper()
	j := open(t, dir)
	last := live(t, j, "a", 3)
	for step := uint64(4); step <= 6; step++ {
		e := entry("a", step)
		e.Epoch = 2
		last = mustAppend(t, j, e, last)
	}
	return j
}

// bases are what the entries of a contact build on.
func basesOf(t testing.TB, j *Journal, id call.ContactID) string {
	t.Helper()
	msgs, err := j.collect(t.Context(), j.contacts, contactSubject(id))
	if err != nil {
		t.Fatal(err)
	}
	var all []uint64
	for _, m := range msgs {
		all = append(all, messageIn(m).base)
	}
	return fmt.Sprint(all)
}

// damageRecord flips a bit in the record of a message.
func damageRecord(t testing.TB, file string, f *format, seq uint64) {
	t.Helper()
	change(t, file, func(data []byte) []byte {
		for p := range f.pieces(data) {
			if p.err == nil && p.isMessage() && p.seq == seq {
				data[p.to-1] ^= 1
				return data
			}
		}
		t.Fatalf("%s has no message %d", file, seq)
		return nil
	})
}

// A whole entry is found in the copies wherever it is in a contact's history.
func TestWholeEntriesAreRestored(t *testing.T) {
	for _, seq := range []uint64{1, 4} {
		dir := t.TempDir()
		j := twoOwners(t, dir)
		if got, want := basesOf(t, j, "a"), "[0 1 1 0 4 4]"; got != want {
			t.Fatalf("entries build on %s, want %s", got, want)
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		b := theBlock(t, dir, "CONTACTS")
		damageRecord(t, b.file, formatOf("CONTACTS", b.number), seq)
		l := lookInto(t, dir)
		const all = "1:a/1 2:a/2 3:a/3 4:a/4 5:a/5 6:a/6"
		if got := steps(l.Entries(t.Context())); got != all {
			t.Errorf("entry %d is damaged: looking finds %s", seq, got)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		j = open(t, dir)
		if got := history(t, j, "a"); got != all {
			t.Errorf("entry %d is damaged: history %s", seq, got)
		}
		if got, want := short(j.Damage()), fmt.Sprintf("unreadable (1), entry %d of contact a", seq); got != want {
			t.Errorf("damage: %s, want %s", got, want)
		}
	}
}

// When the block and the copy have lost a whole entry, what builds on it goes too,
// and the contact is carried on from the entry before.
func TestWholeEntryIsLostTwice(t *testing.T) {
	dir := t.TempDir()
	if err := twoOwners(t, dir).Close(); err != nil {
		t.Fatal(err)
	}
	b := theBlock(t, dir, "CONTACTS")
	damageRecord(t, b.file, formatOf("CONTACTS", b.number), 4)
	damageRecord(t, filepath.Join(dir, copiesDir, "contact.a"), copyFormat(), 4)
	l := lookInto(t, dir)
	if got, want := steps(l.Entries(t.Context())), "1:a/1 2:a/2 3:a/3"; got != want {
		t.Errorf("looking finds %s, want %s", got, want)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	j := open(t, dir)
	if got, want := short(j.Damage()), "unreadable (1), entry 4 of contact a, on which others build, is lost"; got != want {
		t.Errorf("damage: %s, want %s", got, want)
	}
	if got, want := steps(j.Live(t.Context())), "3:a/3"; got != want {
		t.Errorf("live: %s, want %s", got, want)
	}
	e := entry("a", 4)
	e.Epoch = 2
	if seq := mustAppend(t, j, e, 3); seq != 7 {
		t.Errorf("the next entry is %d, want 7", seq)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if log := logged(t, dir, func(j *Journal) {
		if got, want := history(t, j, "a"), "1:a/1 2:a/2 3:a/3 7:a/4"; got != want {
			t.Errorf("history: %s, want %s", got, want)
		}
	}); log != "" {
		t.Errorf("it is not repaired: %s", log)
	}
}

// A copy without what its newest entry builds on is made again.
func TestIncompleteCopyIsRenewed(t *testing.T) {
	dir := t.TempDir()
	if err := twoOwners(t, dir).Close(); err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(dir, copiesDir, "contact.a")
	damageRecord(t, copied, copyFormat(), 4)
	if err := open(t, dir).Close(); err != nil {
		t.Fatal(err)
	}
	b := theBlock(t, dir, "CONTACTS")
	if err := os.Remove(b.file); err != nil {
		t.Fatal(err)
	}
	if got, want := steps(open(t, dir).Live(t.Context())), "6:a/6"; got != want {
		t.Errorf("live: %s, want %s", got, want)
	}
}

// A whole entry may be longer than the file of a subject should be.
func TestLongCopyIsRenewed(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir)
	mustAppend(t, j, fat("a", 2, 20), mustAppend(t, j, fat("a", 1, 20), 0))
	if err := errors.Join(j.Close(), os.RemoveAll(filepath.Join(dir, copiesDir))); err != nil {
		t.Fatal(err)
	}
	c := &copies{dir: dir, log: slog.New(slog.DiscardHandler)}
	if _, err := repair(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	all, err := c.all()
	if a := all["contact.a"]; err != nil || a.seq != 2 || a.base() != 1 || !a.complete {
		t.Errorf("the copy is of entry %d, which builds on %d; complete: %v (%v)", a.seq, a.base(), a.complete, err)
	}
}

// A copy that could not be written for a while has everything again afterwards.
func TestCopyAfterAFailure(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir)
	last := live(t, j, "a", 2)
	file := filepath.Join(dir, copiesDir, "contact.a")
	if err := errors.Join(os.Rename(file, file+".old"), os.Mkdir(file, 0o700)); err != nil {
		t.Fatal(err)
	}
	e := entry("a", 3)
	e.Epoch = 2
	last = mustAppend(t, j, e, last) // whole, and not copied
	if err := errors.Join(os.Remove(file), os.Rename(file+".old", file)); err != nil {
		t.Fatal(err)
	}
	hasCopyOf := func(seq uint64) {
		t.Helper()
		if all, err := j.copies.all(); err != nil || all["contact.a"].seq != seq || !all["contact.a"].complete {
			t.Errorf("the copy is of entry %d, complete: %v (%v)", all["contact.a"].seq, all["contact.a"].complete, err)
		}
	}
	e.Step = 4
	last = mustAppend(t, j, e, last)
	hasCopyOf(4)
	if err := os.Remove(file); err != nil { // another time, with nobody knowing
		t.Fatal(err)
	}
	e.Step = 5
	mustAppend(t, j, e, last)
	hasCopyOf(5)
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(theBlock(t, dir, "CONTACTS").file); err != nil {
		t.Fatal(err)
	}
	if got, want := steps(open(t, dir).Live(t.Context())), "5:a/5"; got != want {
		t.Errorf("live: %s, want %s", got, want)
	}
}

// The journal reports no damage after a kill that interrupts the removal of an
// archived contact from CONTACTS, which begins with its whole entry.
func TestKilledWhilePurging(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir)
	mustAppend(t, j, over("a", 4), live(t, j, "a", 3))
	entries, err := j.collect(t.Context(), j.contacts, "contact.a")
	if err == nil {
		err = errors.Join(j.copyTo(t.Context(), j.past.stream, "archive.a", entries, 4), j.forgetCopy(t.Context(), "a"))
	}
	if err == nil {
		err = j.contacts.DeleteMsg(t.Context(), 1)
	}
	if err != nil {
		t.Fatal(err)
	}
	left := killed(t, j)
	if log := logged(t, left, func(j *Journal) {
		if got := steps(j.Live(t.Context())); got != "4:a/4" { // it is over, and is archived again
			t.Errorf("live: %s", got)
		}
		if err := j.Archive(t.Context(), "a"); err != nil {
			t.Error(err)
		}
		if got := steps(j.Live(t.Context())); got != "" {
			t.Errorf("in the end live: %s", got)
		}
		if got, want := history(t, j, "a"), "1:a/1 2:a/2 3:a/3 4:a/4"; got != want {
			t.Errorf("history: %s, want %s", got, want)
		}
	}); log != "" {
		t.Errorf("it logs: %s", log)
	}
}

// What is damaged in ARCHIVE costs no more than itself.
func TestDamagedArchiveCostsOneEntry(t *testing.T) {
	dir := t.TempDir()
	j := twoOwners(t, dir)
	e := over("a", 7)
	e.Epoch = 2
	mustAppend(t, j, e, 6)
	if err := j.Archive(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	b := theBlock(t, dir, "ARCHIVE")
	for seq := range uint64(9) {
		left := killedAt(t, dir)
		file := strings.Replace(b.file, dir, left, 1)
		damageRecord(t, file, formatOf("ARCHIVE", b.number), seq+1)
		l := lookInto(t, left)
		found := strings.Fields(steps(l.Entries(t.Context())))
		if len(found) < 6 || strings.Contains(strings.Join(found, " "), "error") {
			t.Errorf("message %d is damaged: looking finds %s", seq+1, found)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		if got := strings.Fields(history(t, open(t, left), "a")); fmt.Sprint(got) != fmt.Sprint(found) {
			t.Errorf("message %d is damaged: history %s, looking %s", seq+1, got, found)
		}
	}
}
