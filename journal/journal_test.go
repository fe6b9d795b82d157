package journal

import (
	"context"
	"fmt"
	"iter"
	"os"
	"strings"
	"testing"
	"time"

	"holdfast/call"
	"holdfast/switchboard"
)

// noon is when the first customer of every test arrives.
var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func TestMain(m *testing.M) {
	if dir := os.Getenv("HOLDFAST_JOURNAL_CHILD"); dir != "" {
		child(dir)
	}
	os.Exit(m.Run())
}

func open(t testing.TB, dir string) *Journal {
	t.Helper()
	j := openAtOnce(t, dir)
	awaitArchive(t, j)
	return j
}

func awaitArchive(t testing.TB, j *Journal) {
	t.Helper()
	if err := j.AwaitArchive(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// entry is a step of a contact by owner "one" in its first epoch.
func entry(id string, step uint64) switchboard.Entry {
	return switchboard.Entry{
		Owner: "one",
		Epoch: 1,
		Step:  step,
		At:    noon,
		Contact: call.Contact{
			ID:      call.ContactID(id),
			Stage:   call.Talking,
			Arrived: noon,
		},
	}
}

// over is the last step of a contact.
func over(id string, step uint64) switchboard.Entry {
	e := entry(id, step)
	e.Contact.Stage = call.Over
	return e
}

func mustAppend(t testing.TB, j *Journal, e switchboard.Entry, after uint64) uint64 {
	t.Helper()
	seq, err := j.Append(t.Context(), e, after)
	if err != nil {
		t.Fatal(err)
	}
	return seq
}

// live writes a contact with that many steps, and returns its last sequence.
func live(t testing.TB, j *Journal, id string, steps uint64) (last uint64) {
	t.Helper()
	for step := uint64(1); step <= steps; step++ {
		last = mustAppend(t, j, entry(id, step), last)
	}
	return last
}

// archive writes a contact with that many steps, the last one its end, and
// archives it.
func archive(t testing.TB, j *Journal, id string, steps uint64) {
	t.Helper()
	mustAppend(t, j, over(id, steps), live(t, j, id, steps-1))
	if err := j.Archive(t.Context(), call.ContactID(id)); err != nil {
		t.Fatal(err)
	}
}

// steps is what an iterator yields, as "seq:contact/step", errors as "error".
func steps(entries iter.Seq2[switchboard.Entry, error]) string {
	var got []string
	for e, err := range entries {
		if err != nil {
			got = append(got, "error")
			continue
		}
		got = append(got, fmt.Sprintf("%d:%s/%d", e.Seq, e.Contact.ID, e.Step))
	}
	return strings.Join(got, " ")
}

func history(t testing.TB, j *Journal, id string) string {
	t.Helper()
	return steps(j.History(t.Context(), call.ContactID(id)))
}

func TestOpenNeedsExactlyOnePlace(t *testing.T) {
	for _, o := range []Options{{}, {Dir: t.TempDir(), URL: "nats://127.0.0.1:1"}} {
		if j, err := Open(t.Context(), o); err == nil {
			t.Errorf("%+v: opened", o)
			_ = j.Close()
		}
	}
}

func TestOpenSaysWhoHasTheDirectory(t *testing.T) {
	dir := t.TempDir()
	first := open(t, dir)
	soon, cancel := context.WithTimeout(t.Context(), 10*takeAgain)
	defer cancel()
	_, err := Open(soon, Options{Dir: dir, Owner: "two"})
	if err == nil {
		t.Fatal("opened twice")
	}
	for _, want := range []string{dir, fmt.Sprintf("process %d", os.Getpid()), "stop that process"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not say %q", err, want)
		}
	}
	first.Stop() // which unlocks nothing
	opened := make(chan error, 1)
	go func() { // ends when first is closed
		j, err := Open(t.Context(), Options{Dir: dir})
		if err == nil {
			err = j.Close()
		}
		opened <- err
	}()
	select {
	case err := <-opened:
		t.Errorf("opened before the first was closed: %v", err)
	case <-time.After(10 * takeAgain):
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-opened; err != nil {
		t.Errorf("a process that has waited: %v", err)
	}
}

func TestOpenInAPlaceThatIsNone(t *testing.T) {
	file := t.TempDir() + "/file"
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), Options{Dir: file}); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("got %v", err)
	}
	_, err := Open(t.Context(), Options{URL: "nats://ana:secret@127.0.0.1:1,nats://127.0.0.1:2"})
	if err == nil || !strings.Contains(err.Error(), "127.0.0.1:1,nats://127.0.0.1:2") || strings.Contains(err.Error(), "secret") {
		t.Errorf("got %v", err)
	}
}

func TestCloseKeepsEverything(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir)
	last := live(t, j, "a", 3)
	archive(t, j, "b", 2)
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	j = open(t, dir)
	if got, want := steps(j.Live(t.Context())), "3:a/3"; got != want {
		t.Errorf("live: %s, want %s", got, want)
	}
	if got, want := history(t, j, "b"), "4:b/1 5:b/2"; got != want {
		t.Errorf("history: %s, want %s", got, want)
	}
	if seq := mustAppend(t, j, entry("a", 4), last); seq != 6 {
		t.Errorf("the next entry is %d, want 6", seq)
	}
}

func TestAClosedJournalSaysSo(t *testing.T) {
	j := open(t, t.TempDir())
	live(t, j, "a", 1)
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := j.Append(t.Context(), entry("a", 2), 1); err == nil {
		t.Error("appended")
	}
	if got := steps(j.Live(t.Context())); got != "error" {
		t.Errorf("live: %s", got)
	}
	if err := j.Archive(t.Context(), "a"); err == nil {
		t.Error("archived")
	}
	if last, err := j.Last(t.Context()); err == nil {
		t.Errorf("the last is %d", last)
	}
}

func TestStartIsFast(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir)
	for i := range 200 {
		live(t, j, fmt.Sprint("c", i), 2)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	open(t, dir)
	took := time.Since(begin)
	t.Log("opened 200 contacts within", took)
	if took > 2*time.Second {
		t.Errorf("opening took %v", took)
	}
}
