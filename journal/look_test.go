package journal

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"
)

// look closes a journal and looks into its directory.
func look(t testing.TB, j *Journal) *Look {
	t.Helper()
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	return lookInto(t, j.hold.dir)
}

func lookInto(t testing.TB, dir string) *Look {
	t.Helper()
	l, err := LookInto(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil && !errors.Is(err, fs.ErrClosed) {
			t.Error(err)
		}
	})
	return l
}

func TestAllEntriesOnce(t *testing.T) {
	j := open(t, t.TempDir())
	live(t, j, "b", 1)
	archive(t, j, "c", 2)
	mustAppend(t, j, over("a", 3), live(t, j, "a", 2))
	j.fail(pass, writeLost) // its first entry is archived, and is still where it was
	if err := j.Archive(t.Context(), "a"); err == nil {
		t.Fatal("archived in spite of all")
	}
	if _, err := j.js.PublishMsg(t.Context(), &nats.Msg{Subject: "contact.x", Data: []byte("{")}); err != nil {
		t.Fatal(err)
	}
	l := look(t, j)
	if got, want := steps(l.Entries(t.Context())), "2:c/1 3:c/2 4:a/1 1:b/1 5:a/2 6:a/3 error"; got != want {
		t.Errorf("entries: %s, want %s", got, want)
	}
	if got, want := steps(l.History(t.Context(), "a")), "4:a/1 5:a/2 6:a/3"; got != want {
		t.Errorf("history: %s, want %s", got, want)
	}
	contacts, err := l.Contacts(t.Context())
	if got, want := fmt.Sprint(contacts), "[a b c x]"; got != want || err != nil {
		t.Errorf("contacts: %s (%v), want %s", got, err, want)
	}
	if len(l.Damage()) > 0 {
		t.Errorf("damage: %v", l.Damage())
	}
}

func TestOneLooksOrOneWrites(t *testing.T) {
	none := filepath.Join(t.TempDir(), "none")
	if _, err := LookInto(t.Context(), none); err == nil || !strings.Contains(err.Error(), "no journal in "+none) {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(none); !os.IsNotExist(err) {
		t.Errorf("looking has made it: %v", err)
	}
	dir := t.TempDir()
	j := open(t, dir)
	want := fmt.Sprintf("is in use (process %d)", os.Getpid())
	if _, err := LookInto(t.Context(), dir); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("while a server writes: %v", err)
	}
	first, second := look(t, j), lookInto(t, dir)
	want = "a process is reading the journal in " + dir
	soon, cancel := context.WithTimeout(t.Context(), 10*takeAgain)
	defer cancel()
	if _, err := Open(soon, Options{Dir: dir}); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("while somebody looks: %v", err)
	}
	if err := errors.Join(first.Close(), second.Close()); err != nil {
		t.Fatal(err)
	}
	open(t, dir)
}

// contents is every file in a directory with the hash of what is in it.
func contents(t testing.TB, dir string) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			fmt.Fprintln(&all, path)
			return err
		}
		data, err := os.ReadFile(path)
		fmt.Fprintf(&all, "%s %x\n", path, sha256.Sum256(data))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}

// everything looks at all that there is to be seen.
func everything(t testing.TB, l *Look) {
	t.Helper()
	if _, err := l.Contacts(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := l.Verify(t.Context()); err != nil {
		t.Error(err)
	}
	steps(l.Entries(t.Context()))
	steps(l.History(t.Context(), "a"))
}

// theBlock is the only block of a stream.
func theBlock(t testing.TB, dir, stream string) block {
	t.Helper()
	all, err := blocks(dir, stream)
	if err != nil || len(all) != 1 {
		t.Fatalf("stream %s has the blocks %v (%v)", stream, all, err)
	}
	return all[0]
}

func change(t testing.TB, file string, how func([]byte) []byte) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, how(data), 0o600); err != nil {
		t.Fatal(err)
	}
}

func flip(offset int) func([]byte) []byte {
	return func(b []byte) []byte { b[(len(b)+offset)%len(b)] ^= 4; return b }
}

// What an entry builds on is looked for where it is, and an error is not a loss.
func TestLookingForOneEntry(t *testing.T) {
	j := open(t, t.TempDir())
	mustAppend(t, j, fat("a", 2, 3), mustAppend(t, j, fat("a", 1, 3), 0))
	l := look(t, j)
	if _, err := l.fetch(t.Context(), "a", 9); !errors.Is(err, errNoEntry) {
		t.Errorf("an entry that is nowhere: %v", err)
	}
	noBlock := filepath.Join(streamDir(j.hold.dir, "ARCHIVE"), "msgs", "99.blk")
	if err := os.Symlink(noBlock, noBlock); err != nil {
		t.Fatal(err)
	}
	if m, err := l.decoder(t.Context()).fetch("contact.a", 1); err != nil || m.seq != 1 {
		t.Errorf("got entry %d, %v", m.seq, err)
	}
	if _, err := l.decoder(t.Context()).fetch("contact.a", 9); err == nil || errors.Is(err, errNoEntry) {
		t.Errorf("an entry that may be in ARCHIVE: %v", err)
	}
}

// Whatever is wrong with a journal, looking into it changes nothing, shows the
// place, and everything that is whole.
func TestLookingChangesNothing(t *testing.T) {
	const all = "1:c/1 2:c/2 3:a/1 4:b/1 5:a/2 6:b/2"
	for name, test := range map[string]struct {
		stream  string
		change  func([]byte) []byte
		damage  string
		entries string
	}{
		"nothing": {"CONTACTS", bytes.Clone, "[]", all},
		"the first entry": {"CONTACTS", flip(90),
			"[stream CONTACTS, block 3, bytes 30 to 494: unreadable: its checksum is wrong (it seems to be entry 3 of contact a) stream CONTACTS: entry 3 of contact a was missing, and comes from its copy]", all},
		"the note that the archived were removed": {"CONTACTS", flip(8),
			"[stream CONTACTS, block 3, bytes 0 to 30: unreadable: its checksum is wrong]", all},
		"a length": {"CONTACTS", flip(494),
			"[stream CONTACTS, block 3, bytes 494 to 958: unreadable: its checksum is wrong (it seems to be entry 4 of contact b) stream CONTACTS: entry 4 of contact b was missing, and comes from its copy]", all},
		"the last entry": {"CONTACTS", flip(-1),
			"[stream CONTACTS, block 3, bytes 1232 to 1506: unreadable: its checksum is wrong (it seems to be entry 6 of contact b) stream CONTACTS: entry 6 of contact b was missing, and comes from its copy]", all},
		"an entry that was never finished": {"CONTACTS", func(b []byte) []byte { return append(b, b[494:600]...) }, "[]", all},
		"zeroes in the archive": {"ARCHIVE", func(b []byte) []byte { clear(b[100:200]); return b },
			"[stream ARCHIVE, block 1, bytes 0 to 506: unreadable: not a record (it seems to be entry 1 of archived contact c) stream ARCHIVE: entry 1 is missing]", all}, // it was there twice
		"an agent": {"ROUTING", flip(-1),
			"[stream ROUTING, block 1, bytes 0 to 109: unreadable: its checksum is wrong (it seems to be entry 1 of agent ana) stream ROUTING: entry 1 of agent ana was missing, and comes from its copy]", all},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			j := open(t, dir)
			archive(t, j, "c", 2)
			a, b := live(t, j, "a", 1), live(t, j, "b", 1)
			mustAppend(t, j, entry("a", 2), a)
			mustAppend(t, j, entry("b", 2), b)
			mustPut(t, j, "agent", "ana", "free", 0)
			if err := j.Close(); err != nil {
				t.Fatal(err)
			}
			change(t, theBlock(t, dir, test.stream).file, test.change)
			before := contents(t, dir)
			l := lookInto(t, dir)
			everything(t, l)
			if got := fmt.Sprint(l.Damage()); got != test.damage {
				t.Errorf("damage: %s, want %s", got, test.damage)
			}
			if got := steps(l.Entries(t.Context())); got != test.entries {
				t.Errorf("entries: %s, want %s", got, test.entries)
			}
			if contents(t, dir) != before {
				t.Error("looking has changed the journal")
			}
		})
	}
}

// Entries that are missing in the archive leave a gap.
func TestLookingFindsGaps(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir)
	archive(t, j, "a", 2)
	archive(t, j, "b", 2)
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	archived := theBlock(t, dir, "ARCHIVE")
	change(t, archived.file, func(b []byte) (left []byte) {
		for p := range formatOf("ARCHIVE", archived.number).pieces(b) {
			if p.seq == 1 || p.seq == 6 {
				left = append(left, p.raw...)
			}
		}
		return left
	})
	if got, want := fmt.Sprint(lookInto(t, dir).Damage()), "[stream ARCHIVE: entries 2 to 5 are missing]"; got != want {
		t.Errorf("damage: %s, want %s", got, want)
	}
}
