package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"holdfast/call"
	"holdfast/client"
	"holdfast/journal"
	"holdfast/story"
	"holdfast/switchboard"
)

// scriptRetold plays a story that was exported and compares its end with that
// of the events that were exported.
func scriptRetold(ts *testscript.TestScript, _ bool, args []string) {
	teller := story.NewTeller()
	for line := range strings.Lines(ts.ReadFile(args[0])) {
		if _, err := teller.Tell(strings.TrimSpace(line)); err != nil {
			ts.Fatalf("%v", err)
		}
	}
	var last client.Event
	for events := json.NewDecoder(strings.NewReader(ts.ReadFile(args[1]))); events.More(); {
		last = client.Event{}
		ts.Check(events.Decode(&last))
	}
	if got, want := ending(teller.Contact), ending(last.Contact); got != want {
		ts.Fatalf("the story ends as %s, the contact was %s", got, want)
	}
}

// ending is a contact without what a story may tell otherwise: ids, addresses
// and times.
func ending(c call.Contact) string {
	said := fmt.Sprintf("%s, ended by %q, %q", c.Stage, c.EndedBy, c.EndReason)
	for _, who := range c.Connections {
		said += fmt.Sprintf("; %d %s %s", who.ID, who.Party, who.State)
	}
	if c.Transfer != nil {
		said += "; a transfer to " + c.Transfer.Target().String()
	}
	for _, t := range c.Past {
		said += fmt.Sprintf("; %s to %s %s %s", t.Kind, t.Target(), t.Outcome, t.Reason)
	}
	return said
}

// command runs the command and returns what it says.
func command(t *testing.T, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := rootCommand()
	cmd.SetArgs(args)
	cmd.SetOut(&out)
	cmd.SetErr(&errs)
	err = cmd.ExecuteContext(t.Context())
	return out.String(), errs.String(), err
}

// keep writes a contact of so many entries that say who called, although nobody
// has; each entry after the first is a mistake.
func keep(t *testing.T, dir string, id call.ContactID, entries int) {
	t.Helper()
	j, err := journal.Open(t.Context(), journal.Options{Dir: dir, Owner: "one", Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	c := call.Contact{ID: id}
	arrived := call.Timed{At: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), Event: call.Arrived{}}
	if c, _, err = call.Step(c, arrived.At, arrived.Event); err != nil {
		t.Fatal(err)
	}
	e := switchboard.Entry{Owner: "one", Epoch: 1, Step: 1, At: arrived.At, Contact: c, Events: []call.Timed{arrived}}
	for ; int(e.Step) <= entries; e.Step++ {
		if e.Seq, err = j.Append(t.Context(), e, e.Seq); err != nil {
			t.Fatal(err)
		}
		e.Events = nil
		e.Contact.Called = fmt.Sprint(e.Step)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestJournalVerifyTellsMistakes(t *testing.T) {
	dir := t.TempDir()
	keep(t, dir, "c1", 30)
	stdout, stderr, err := command(t, "journal", "verify", dir)
	if err == nil || err.Error() != "29 mistakes" {
		t.Errorf("got %v", err)
	}
	if want := "1 contact (1 live, 0 archived), 30 entries (0 replaced)\n"; stdout != want {
		t.Errorf("got %q, want %q", stdout, want)
	}
	lines := strings.Split(stderr, "\n")
	if want := `entry 2 of contact.c1: its events give called nothing, but written is "1"`; lines[0] != want {
		t.Errorf("got %q, want %q", lines[0], want)
	}
	if len(lines) != 22 || lines[20] != "and 9 more" {
		t.Errorf("got %d lines:\n%s", len(lines), stderr)
	}
}

var places = regexp.MustCompile(`^stream CONTACTS, block \d+, bytes 0 to \d+: unreadable: .* \(it seems to be entry 1 of contact c1\)
stream CONTACTS: entry 1 of contact c1 was missing, and comes from its copy
$`)

// Every look at a damaged journal tells the place, shows the rest, fails, and
// changes nothing.
func TestJournalLooksAreReadOnly(t *testing.T) {
	dir := t.TempDir()
	keep(t, dir, "c1", 1)
	keep(t, dir, "c2", 1)
	files, err := filepath.Glob(filepath.Join(dir, "jetstream/$G/streams/CONTACTS/msgs/*.blk"))
	if err != nil || len(files) != 1 {
		t.Fatalf("the blocks are %v (%v)", files, err)
	}
	data, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	data[100] ^= 1
	if err := os.WriteFile(files[0], data, 0o600); err != nil {
		t.Fatal(err)
	}
	before := hashes(t, dir)
	for _, args := range [][]string{
		{"journal", "verify", dir},
		{"journal", "list", "--data", dir},
		{"journal", "export", "c1", "--data", dir},
		{"journal", "export", "c2", "--json", "--data", dir},
		{"trace", "c2", "--journal", dir},
	} {
		stdout, stderr, err := command(t, args...)
		if err == nil || err.Error() != "the journal is damaged in 2 places" || stdout == "" {
			t.Errorf("%v: %v\n%s", args, err, stdout)
		}
		if !places.MatchString(stderr) {
			t.Errorf("%v: the places are said to be %q", args, stderr)
		}
		if hashes(t, dir) != before {
			t.Errorf("%v has changed the journal", args)
		}
	}
}

// hashes are those of all files in a directory.
func hashes(t *testing.T, dir string) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
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

func TestJournalListsContacts(t *testing.T) {
	dir := t.TempDir()
	keep(t, dir, "late", 2)
	keep(t, dir, "early", 1)
	stdout, _, err := command(t, "journal", "list", "--data", dir)
	lines := strings.Split(stdout, "\n")
	if err != nil || len(lines) != 4 || !strings.HasPrefix(lines[1], "early ") || !strings.HasSuffix(lines[2], "offering  none       2") {
		t.Errorf("%v\n%s", err, stdout)
	}
}

func TestJournalExportSaysWhatItCannotTell(t *testing.T) {
	dir := t.TempDir()
	keep(t, dir, "c1", 1)
	keep(t, dir, "c2", 1)
	if _, _, err := command(t, "journal", "export", "c", "--data", dir); err == nil || err.Error() != `"c" could be any of c1, c2; say which` {
		t.Errorf("got %v", err)
	}
	stdout, _, err := command(t, "journal", "export", "c2", "--data", dir)
	if err != nil || !strings.HasSuffix(stdout, "\n\ncustomer calls somebody\n") {
		t.Errorf("%v\n%s", err, stdout)
	}
}
