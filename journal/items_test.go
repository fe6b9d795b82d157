package journal

import (
	"errors"
	"testing"

	"holdfast/switchboard"
)

func mustPut(t testing.TB, j *Journal, kind, name, data string, after uint64) uint64 {
	t.Helper()
	seq, err := j.Put(t.Context(), kind, name, []byte(data), after)
	if err != nil {
		t.Fatal(err)
	}
	return seq
}

func itemsAre(t *testing.T, j *Journal, kind string, want ...string) {
	t.Helper()
	all, err := j.All(t.Context(), kind)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, k := range all {
		got = append(got, k.Name+"="+string(k.Data))
	}
	if len(got) != len(want) {
		t.Fatalf("%d are kept, %q, want %q", len(got), got, want)
	}
	for i := range got {
		if got[i] != want[i] {
			t.Errorf("%s is kept, want %s", got[i], want[i])
		}
	}
}

// Whatever a name is, what was put last is there after a restart, each kind by
// itself.
func TestItems(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir)
	first := mustPut(t, j, "agent", "ana", "free", 0)
	mustPut(t, j, "agent", "Jörg von *.>", "busy", 0)
	mustPut(t, j, "queue", "ana", "", 0)
	mustPut(t, j, "agent", "ana", "busy", first)
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	j = open(t, dir)
	itemsAre(t, j, "agent", "Jörg von *.>=busy", "ana=busy")
	itemsAre(t, j, "queue", "ana=")
	itemsAre(t, j, "phone")
}

// Who does not know the last one may not write; the same again is the same.
func TestItemsByOneAlone(t *testing.T) {
	j := open(t, t.TempDir())
	first := mustPut(t, j, "agent", "ana", "free", 0)
	second := mustPut(t, j, "agent", "ana", "busy", first)
	if again := mustPut(t, j, "agent", "ana", "busy", first); again != second {
		t.Errorf("the same again is at %d, and was at %d", again, second)
	}
	for _, after := range []uint64{0, first} {
		if _, err := j.Put(t.Context(), "agent", "ana", []byte("away"), after); !errors.Is(err, switchboard.ErrFenced) {
			t.Errorf("after %d: %v, want ErrFenced", after, err)
		}
	}
	itemsAre(t, j, "agent", "ana=busy")
}

// What is lost under the living is written again by them.
func TestItemsAgain(t *testing.T) {
	j := open(t, t.TempDir())
	last := mustPut(t, j, "agent", "ana", "free", 0)
	if err := j.js.DeleteStream(t.Context(), "ROUTING"); err != nil {
		t.Fatal(err)
	}
	mustPut(t, j, "agent", "ana", "busy", last)
	itemsAre(t, j, "agent", "ana=busy")
}

// An item whose last message is lost is written after the one that is left.
func TestItemsAfterALoss(t *testing.T) {
	j := open(t, t.TempDir())
	left := mustPut(t, j, "agent", "ana", "free", 0)
	const lost = 100
	if seq := mustPut(t, j, "agent", "ana", "busy", lost); seq != left+1 {
		t.Errorf("it is at %d, want %d", seq, left+1)
	}
	itemsAre(t, j, "agent", "ana=busy")
}
