package kill

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"testing"
	"time"

	"holdfast/call"
	"holdfast/journal"
	"holdfast/switchboard"
)

// A wreck is what becomes of a block of the journal.
type wreck struct {
	file, how string
	offset    int
}

// What becomes of blocks: a bit is flipped at the offset, the file ends there, is
// empty, or is not there.
const (
	flipped = "flipped"
	cut     = "cut"
	emptied = "emptied"
	removed = "removed"
)

func (w wreck) String() string {
	stream := filepath.Base(filepath.Dir(filepath.Dir(w.file)))
	return fmt.Sprintf("%s %s is %s at %d", stream, filepath.Base(w.file), w.how, w.offset)
}

func (w wreck) inflict() error {
	switch w.how {
	case emptied:
		return os.Truncate(w.file, 0)
	case removed:
		return os.Remove(w.file)
	case cut:
		return os.Truncate(w.file, int64(w.offset))
	}
	data, err := os.ReadFile(w.file)
	if err != nil {
		return err
	}
	data[w.offset] ^= 1 << (w.offset % 8)
	return os.WriteFile(w.file, data, 0o600)
}

// blockFiles are those of all streams of the journal in a directory, with their
// sizes.
func blockFiles(dir string) (files []string, sizes []int, err error) {
	for _, store := range []string{"archive/jetstream", "jetstream"} {
		found, err := filepath.Glob(filepath.Join(dir, store, "$G/streams/*/msgs/*.blk"))
		if err != nil {
			return nil, nil, err
		}
		files = append(files, found...)
	}
	for _, file := range files {
		info, err := os.Stat(file)
		if err != nil {
			return nil, nil, err
		}
		sizes = append(sizes, int(info.Size()))
	}
	return files, sizes, err
}

// A state is what can be seen of a journal by looking into it.
type state struct {
	steps    map[step]bool
	archived map[call.ContactID]bool // to its end
	entries  int
	damage   []string
}

// A step is one of a contact.
type step struct {
	contact call.ContactID
	number  uint64
}

// stateOf looks into a journal, in every way, and makes sure that this changes no
// file.
func stateOf(ctx context.Context, dir string) (s state, err error) {
	before, err := contents(dir)
	if err != nil {
		return s, err
	}
	l, err := journal.LookInto(ctx, dir)
	if err != nil {
		return s, err
	}
	s = state{steps: map[step]bool{}, archived: map[call.ContactID]bool{}, damage: l.Damage()}
	for e, err := range l.Entries(ctx) {
		if err != nil {
			return s, err
		}
		s.entries++
		s.steps[step{e.Contact.ID, e.Step}] = true
		s.archived[e.Contact.ID] = e.Contact.Stage == call.Over
	}
	_, err = l.Verify(ctx)
	_, err2 := l.Contacts(ctx)
	after, err3 := contents(dir)
	err = errors.Join(err, err2, err3, l.Close())
	if err == nil && !bytes.Equal(before, after) {
		err = errors.New("looking has changed the journal")
	}
	return s, err
}

// contents is every file in a directory, one after the other.
func contents(dir string) (all []byte, err error) {
	err = filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		all = append(all, path...)
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		all = append(all, data...)
		return err
	})
	return all, err
}

var (
	lostSteps   = regexp.MustCompile(`steps? (\d+)(?: to (\d+))? of contact (\S+) (?:is|are) lost`)
	lostEntries = regexp.MustCompile(`stream ARCHIVE: entr(?:y|ies) (\d+)(?: to (\d+))? (?:is|are) missing`)
)

// numbers are those from the first to the second submatch, or the first alone.
func numbers(match []string) (all []uint64) {
	first, _ := strconv.ParseUint(match[1], 10, 64)
	last, _ := strconv.ParseUint(match[2], 10, 64)
	for n := first; n <= max(first, last); n++ {
		all = append(all, n)
	}
	return all
}

// unfinished returns the contacts whose newest step is gone from before to after,
// and nothing else of them. A process that is killed between writing a step and
// keeping its copy has acted on no more than the step before.
func unfinished(before, after state) (all []step) {
	newest := map[call.ContactID]uint64{}
	for s := range before.steps {
		newest[s.contact] = max(newest[s.contact], s.number)
	}
	for contact, n := range newest {
		last := step{contact, n}
		if !after.steps[last] && after.steps[step{contact, n - 1}] && !before.archived[contact] {
			all = append(all, last)
		}
	}
	return all
}

func (s state) contactsArchived() (n int) {
	for _, over := range s.archived {
		if over {
			n++
		}
	}
	return n
}

// missing says what is gone from before to after without being told.
func missing(before, after state) error {
	told := map[step]bool{}
	var gaps int
	for _, d := range after.damage {
		if m := lostSteps.FindStringSubmatch(d); m != nil {
			for _, n := range numbers(m) {
				told[step{call.ContactID(m[3]), n}] = true
			}
		}
		if m := lostEntries.FindStringSubmatch(d); m != nil {
			gaps += len(numbers(m))
		}
	}
	for _, d := range before.damage {
		if m := lostEntries.FindStringSubmatch(d); m != nil {
			gaps -= len(numbers(m))
		}
	}
	for s := range before.steps {
		switch {
		case after.steps[s] || told[s]:
		case before.archived[s.contact]:
			gaps--
		default:
			return fmt.Errorf("nobody says that step %d of contact %s is gone; said is %q", s.number, s.contact, after.damage)
		}
	}
	// ARCHIVE has the first entry of each contact here twice, which is no step more.
	if gaps < 0 || gaps > before.contactsArchived() {
		return fmt.Errorf("of the archive %d entries more are said to be missing than are; said is %q", gaps, after.damage)
	}
	return nil
}

// TestDamage damages the journal of two contacts that live, at one place after
// the other. Neither is lost, nor is any agent or queue; and what is lost is
// told. HOLDFAST_KILL=all does it at every tenth byte.
func TestDamage(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "journal")
	writeTown(t, dir)
	before, err := stateOf(t.Context(), dir)
	if err != nil || len(before.damage) > 0 {
		t.Fatalf("%v, %q", err, before.damage)
	}
	every := map[string]int{all: 10, part: 200}[wanted()]
	if every == 0 {
		every = 1000
	}
	files, sizes, err := blockFiles(dir)
	if err != nil || len(files) != 3 {
		t.Fatalf("there are the blocks %v (%v)", files, err)
	}
	var wrecks []wreck
	for i, file := range files {
		wrecks = append(wrecks, wreck{file, emptied, 0}, wreck{file, removed, 0})
		for offset := 1; offset < sizes[i]; offset += every {
			wrecks = append(wrecks, wreck{file, flipped, offset}, wreck{file, cut, offset})
		}
	}
	whole := filepath.Join(t.TempDir(), "whole")
	if err := os.Rename(dir, whole); err != nil {
		t.Fatal(err)
	}
	for _, w := range wrecks {
		if err := os.CopyFS(dir, os.DirFS(whole)); err != nil {
			t.Fatal(err)
		}
		if err := survives(t.Context(), dir, before, w); err != nil {
			t.Errorf("%s: %v", w, err)
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d places were damaged", len(wrecks))
}

// survives inflicts a wreck on the journal of the town, and makes sure that all
// who live there survive it.
func survives(ctx context.Context, dir string, before state, w wreck) error {
	if err := w.inflict(); err != nil {
		return err
	}
	after, err := stateOf(ctx, dir)
	if err != nil {
		return err
	}
	if len(after.damage) == 0 {
		return errors.New("no damage is told")
	}
	if err := missing(before, after); err != nil {
		return err
	}
	j, err := openQuietly(ctx, dir)
	if err != nil {
		return err
	}
	err = lives(ctx, j)
	if got := j.Damage(); err == nil && !slices.Equal(got, after.damage) {
		err = fmt.Errorf("a look tells the damage %q, a server %q", after.damage, got)
	}
	if err := errors.Join(err, j.Close()); err != nil {
		return err
	}
	repaired, err := stateOf(ctx, dir)
	if err == nil {
		err = missing(before, repaired)
	}
	if err == nil && w.how == flipped && repaired.entries < before.entries-1 {
		err = fmt.Errorf("a bit has cost %d entries", before.entries-repaired.entries)
	}
	return err
}

// openQuietly opens a journal with its archive.
func openQuietly(ctx context.Context, dir string) (*journal.Journal, error) {
	j, err := journal.Open(ctx, journal.Options{
		Dir: dir, Owner: "one", SyncInterval: time.Hour, Log: slog.New(slog.DiscardHandler),
	})
	if err == nil {
		err = j.AwaitArchive(ctx)
	}
	return j, err
}

// townEntry is a step of a contact that lives until its last step.
func townEntry(id string, step, last uint64) switchboard.Entry {
	at := time.Date(2026, 11, 23, 12, 0, int(step), 0, time.UTC)
	e := switchboard.Entry{
		Owner: "one", Epoch: 1, Step: step, At: at,
		Contact: call.Contact{ID: call.ContactID(id), Stage: call.Talking, Arrived: at},
		Trace:   []string{fmt.Sprintf("customer -> INVITE, for the time number %d", step)},
	}
	if step == last {
		e.Contact.Stage = call.Over
	}
	return e
}

// writeTown writes a journal in which two contacts live and two are archived,
// and there are agents and a queue.
func writeTown(t *testing.T, dir string) {
	t.Helper()
	j, err := openQuietly(t.Context(), dir)
	must := func(seq uint64, err error) uint64 {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return seq
	}
	must(0, err)
	last := map[string]uint64{}
	for step := uint64(1); step <= 4; step++ { // one after the other, and mixed
		for _, id := range []string{"live1", "over1", "live2", "over2"} {
			end := map[bool]uint64{true: 3}[id[:4] == "over"]
			if end != 0 && step > end {
				continue
			}
			last[id] = must(j.Append(t.Context(), townEntry(id, step, end), last[id]))
			if step == end {
				must(0, j.Archive(t.Context(), call.ContactID(id)))
			}
		}
	}
	ana := must(j.Put(t.Context(), "agent", "ana", []byte(`"free"`), 0))
	must(j.Put(t.Context(), "agent", "ben", []byte(`"free"`), 0))
	must(j.Put(t.Context(), "queue", "heart", []byte(`"empty"`), 0))
	must(j.Put(t.Context(), "agent", "ana", []byte(`"busy"`), ana))
	must(0, lives(t.Context(), j))
	must(0, j.Close())
}

// lives says who of the town is not there as they were last.
func lives(ctx context.Context, j *journal.Journal) error {
	var got, want []string
	for e, err := range j.Live(ctx) {
		if err != nil {
			return err
		}
		if e.Contact.Stage == call.Over {
			continue // its end was written down, and will be archived
		}
		got = append(got, asJSON(e))
	}
	for _, id := range []string{"live1", "live2"} {
		want = append(want, asJSON(townEntry(id, 4, 0)))
	}
	for kind, items := range map[string]string{"agent": `ana="busy" ben="free" `, "queue": `heart="empty" `} {
		all, err := j.All(ctx, kind)
		if err != nil {
			return err
		}
		var kept string
		for _, i := range all {
			kept += fmt.Sprintf("%s=%s ", i.Name, i.Data)
		}
		if kept != items {
			return fmt.Errorf("of each %s is kept %q, want %q", kind, kept, items)
		}
	}
	if !slices.Equal(got, want) {
		return fmt.Errorf("live are\n%q, want\n%q", got, want)
	}
	return nil
}

func asJSON(e switchboard.Entry) string {
	e.Version = switchboard.EntryVersion
	text, err := json.Marshal(e)
	if err != nil {
		return err.Error()
	}
	return string(text)
}
