package journal

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"
)

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
	if got, want := steps(j.Entries(t.Context())), "2:c/1 3:c/2 4:a/1 1:b/1 5:a/2 6:a/3 error"; got != want {
		t.Errorf("entries: %s, want %s", got, want)
	}
	contacts, err := j.Contacts(t.Context())
	if got, want := fmt.Sprint(contacts), "[a b c x]"; got != want || err != nil {
		t.Errorf("contacts: %s (%v), want %s", got, err, want)
	}
}

func TestReadOnlyWritesNothing(t *testing.T) {
	dir := t.TempDir()
	options := Options{Dir: filepath.Join(dir, "none"), ReadOnly: true}
	if _, err := Open(t.Context(), options); err == nil || !strings.Contains(err.Error(), "there is no journal in "+options.Dir) {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(options.Dir); !os.IsNotExist(err) {
		t.Errorf("looking has made it: %v", err)
	}

	options.Dir = dir
	first := open(t, dir)
	last := live(t, first, "a", 1)
	mustAppend(t, first, over("b", 1), 0)
	if _, err := Open(t.Context(), options); err == nil || !strings.Contains(err.Error(), "is in use") {
		t.Errorf("got %v while somebody writes", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	options.KeepArchive = 1
	j, err := Open(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := j.Append(t.Context(), entry("a", 2), last); err == nil {
		t.Error("appended")
	}
	if err := j.Archive(t.Context(), "b"); err == nil {
		t.Error("archived")
	}
	if got, want := steps(j.Live(t.Context())), "1:a/1 2:b/1"; got != want {
		t.Errorf("live: %s, want %s", got, want)
	}
	if keep := j.archive.CachedInfo().Config.MaxAge; keep == 1 {
		t.Error("the archive is kept for a shorter time")
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
}
