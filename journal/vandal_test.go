package journal

import (
	"errors"
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
