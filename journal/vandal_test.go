package journal

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// copyFileTo copies a file as it is.
func copyFileTo(t testing.TB, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, data, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func exchange(t testing.TB, a, b string) {
	t.Helper()
	err := os.Rename(a, a+".x")
	err = errors.Join(err, os.Rename(b, a), os.Rename(a+".x", b))
	if err != nil {
		t.Fatal(err)
	}
}

// Whatever somebody does to the files of a journal that is stopped or was killed, those who
// live are carried on, and it is told if anything else is lost.
func TestVandals(t *testing.T) {
	for name, test := range map[string]struct {
		do   func(t *testing.T, dir string, file func(stream string) string)
		told bool // there is damage
	}{
		"blocks of two streams are exchanged": {func(t *testing.T, _ string, file func(string) string) { exchange(t, file("CONTACTS"), file("ROUTING")) }, true},
		"a block is there twice": {func(t *testing.T, _ string, file func(string) string) {
			copyFileTo(t, file("CONTACTS"), filepath.Join(filepath.Dir(file("CONTACTS")), "9.blk"))
		}, true},
		"a block has another number": {func(t *testing.T, _ string, file func(string) string) {
			if err := os.Rename(file("CONTACTS"), filepath.Join(filepath.Dir(file("CONTACTS")), "8.blk")); err != nil {
				t.Fatal(err)
			}
		}, true},
		"a block is in itself twice": {func(t *testing.T, _ string, file func(string) string) {
			change(t, file("CONTACTS"), func(b []byte) []byte { return append(b, b...) })
		}, false},
		"the indexes are cut": {func(t *testing.T, _ string, file func(string) string) {
			for stream := range prefixes {
				change(t, filepath.Join(filepath.Dir(file(stream)), "index.db"), func(b []byte) []byte { return b[:len(b)/2] })
			}
		}, false},
		"the indexes are exchanged": {func(t *testing.T, _ string, file func(string) string) {
			exchange(t, filepath.Join(filepath.Dir(file("CONTACTS")), "index.db"), filepath.Join(filepath.Dir(file("ROUTING")), "index.db"))
		}, false},
		"an index is a directory": {func(t *testing.T, _ string, file func(string) string) {
			index := filepath.Join(filepath.Dir(file("CONTACTS")), "index.db")
			if err := errors.Join(os.Remove(index), os.Mkdir(index, 0o700)); err != nil {
				t.Fatal(err)
			}
		}, false},
		"a block is a directory": {func(t *testing.T, _ string, file func(string) string) {
			b := file("CONTACTS")
			if err := errors.Join(os.Remove(b), os.Mkdir(b, 0o700)); err != nil {
				t.Fatal(err)
			}
		}, true},
		"a directory has a block's name": {func(t *testing.T, _ string, file func(string) string) {
			if err := os.Mkdir(filepath.Join(filepath.Dir(file("CONTACTS")), "9.blk"), 0o700); err != nil {
				t.Fatal(err)
			}
		}, true},
		"a copy is a directory": {func(t *testing.T, dir string, _ func(string) string) {
			c := filepath.Join(dir, copiesDir, "contact.a")
			if err := errors.Join(os.Remove(c), os.Mkdir(c, 0o700)); err != nil {
				t.Fatal(err)
			}
		}, false},
		"the copies are exchanged": {func(t *testing.T, dir string, _ func(string) string) {
			exchange(t, filepath.Join(dir, copiesDir, "contact.a"), filepath.Join(dir, copiesDir, "contact.b"))
		}, false},
		"the descriptions are exchanged": {func(t *testing.T, dir string, _ func(string) string) {
			for _, f := range []string{"meta.inf", "meta.sum"} {
				exchange(t, filepath.Join(streamDir(dir, "CONTACTS"), f), filepath.Join(streamDir(dir, "ROUTING"), f))
			}
		}, true},
		"a description is a directory": {func(t *testing.T, dir string, _ func(string) string) {
			f := filepath.Join(streamDir(dir, "CONTACTS"), "meta.inf")
			if err := errors.Join(os.Remove(f), os.Mkdir(f, 0o700)); err != nil {
				t.Fatal(err)
			}
		}, true},
		"a stream is gone": {func(t *testing.T, dir string, _ func(string) string) {
			if err := os.RemoveAll(streamDir(dir, "CONTACTS")); err != nil {
				t.Fatal(err)
			}
		}, true},
		"the archive's stream is gone": {func(t *testing.T, dir string, _ func(string) string) {
			if err := os.RemoveAll(filepath.Join(dir, archiveDir)); err != nil {
				t.Fatal(err)
			}
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			town(t, dir)
			test.do(t, dir, func(stream string) string { return theBlock(t, dir, stream).file })
			j := open(t, dir)
			if got := steps(j.Live(t.Context())); got != townLives {
				t.Errorf("live: %s, want %s", got, townLives)
			}
			itemsAre(t, j, "agent", "ana=busy")
			itemsAre(t, j, "queue", "heart=1")
			if damage := j.Damage(); len(damage) > 0 != test.told {
				t.Errorf("damage: %q", damage)
			}
			for id, want := range map[string]string{"a": "3:a/1 7:a/2 9:a/3", "c": "1:c/1 2:c/2"} {
				if got := history(t, j, id); got != want && !test.told {
					t.Errorf("history of %s: %s, want %s", id, got, want)
				}
			}
			if seq := mustAppend(t, j, over("a", 4), 9); seq != 11 {
				t.Errorf("the next entry is %d, want 11", seq)
			}
			if err := j.Archive(t.Context(), "a"); err != nil {
				t.Error(err)
			}
			if err := j.Close(); err != nil {
				t.Fatal(err)
			}
			j = open(t, dir)
			if got := steps(j.Live(t.Context())); got != "10:b/3" {
				t.Errorf("in the end live: %s\n%s", got, strings.Join(j.Damage(), "\n"))
			}
		})
	}
}

// A copy that is made file by file while a server writes has everybody who lived before and
// lives afterwards, at least as they were when it was begun. Somebody who ended after ARCHIVE
// was copied is there as long as their second copy is.
func TestCopiedWhileItIsWritten(t *testing.T) {
	for round := range 5 {
		dir, left := t.TempDir(), t.TempDir()
		j := open(t, dir)
		last, begun := map[string]uint64{}, map[string]uint64{}
		step := func(round uint64) {
			for c := range 8 {
				id := fmt.Sprint("live", c)
				last[id] = mustAppend(t, j, entry(id, round), last[id])
			}
			archive(t, j, fmt.Sprint("over", round), 3)
		}
		for n := range uint64(5) {
			step(n + 1)
		}
		const ends = "ending"
		ending := live(t, j, ends, 3)
		maps.Copy(begun, last)
		n := 0
		err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
			to := filepath.Join(left, strings.TrimPrefix(path, dir))
			switch {
			case err != nil:
				return err
			case d.IsDir():
				return os.MkdirAll(to, 0o700)
			}
			if n++; n%5 == round {
				step(uint64(5 + n/5 + 1))
			}
			if filepath.Base(path) == "contact.live0" { // its own copy has been copied before
				mustAppend(t, j, over(ends, 4), ending)
				if err := j.Archive(t.Context(), ends); err != nil {
					return err
				}
			}
			data, err := os.ReadFile(path)
			if errors.Is(err, os.ErrNotExist) {
				return nil
			}
			return errors.Join(err, os.WriteFile(to, data, 0o600))
		})
		if err != nil {
			t.Fatal(err)
		}
		copied := open(t, left)
		found := map[string]uint64{}
		for e, err := range copied.Live(t.Context()) {
			if err != nil {
				t.Error(err)
			}
			found[string(e.Contact.ID)] = e.Seq
		}
		for id, seq := range begun {
			if found[id] < seq {
				t.Errorf("round %d: %s is at %d, and was at %d", round, id, found[id], seq)
			}
		}
		for id := range 5 {
			if got := history(t, copied, fmt.Sprint("over", id+1)); len(strings.Fields(got)) != 3 {
				t.Errorf("round %d: over%d: %s", round, id+1, got)
			}
		}
		if found[ends] == 0 && history(t, copied, ends) == "" {
			t.Errorf("round %d: %s is lost; damage: %q", round, ends, copied.Damage())
		}
	}
}
