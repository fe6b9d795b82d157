package journal

import (
	"strings"
	"testing"

	"holdfast/call"
)

func TestArchiveMovesAContact(t *testing.T) {
	j := open(t, t.TempDir())
	live(t, j, "b", 1)
	archive(t, j, "a", 3)
	if got, want := steps(j.Live(t.Context())), "1:b/1"; got != want {
		t.Errorf("live: %s, want %s", got, want)
	}
	want := "2:a/1 3:a/2 4:a/3"
	if got := history(t, j, "a"); got != want {
		t.Errorf("history: %s, want %s", got, want)
	}
	if err := j.Archive(t.Context(), "a"); err != nil {
		t.Errorf("again: %v", err)
	}
	if err := j.Archive(t.Context(), "nobody"); err != nil {
		t.Errorf("nobody: %v", err)
	}
	if got := history(t, j, "a"); got != want {
		t.Errorf("history after archiving again: %s, want %s", got, want)
	}
}

func TestArchiveRefusesTheLiving(t *testing.T) {
	j := open(t, t.TempDir())
	live(t, j, "a", 2)
	if err := j.Archive(t.Context(), "a"); err == nil || !strings.Contains(err.Error(), "not over") {
		t.Errorf("got %v", err)
	}
	if got, want := steps(j.Live(t.Context())), "2:a/2"; got != want {
		t.Errorf("live: %s, want %s", got, want)
	}
}

func TestArchiveGoesOnWhereItStopped(t *testing.T) {
	for name, faults := range map[string][]fault{
		"before the first copy":     {writeLost},
		"after the first copy":      {ackLost},
		"before the last copy":      {pass, pass, writeLost},
		"before the original goes":  {pass, pass, ackLost},
		"twice":                     {writeLost, pass, ackLost},
		"the disk is full for once": {pass, fullDisk},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			j := open(t, dir)
			mustAppend(t, j, over("a", 3), live(t, j, "a", 2))
			j.fail(faults...)
			want := "1:a/1 2:a/2 3:a/3"
			tries := 0
			for tries = 1; j.Archive(t.Context(), "a") != nil; tries++ {
				if got := history(t, j, "a"); got != want {
					t.Errorf("history in between: %s, want %s", got, want)
				}
				if got := steps(j.Live(t.Context())); got != "3:a/3" {
					t.Errorf("live in between: %s", got)
				}
				if tries == 10 {
					t.Fatal("it never ends")
				}
			}
			if tries == 1 {
				t.Error("nothing went wrong")
			}
			if got := history(t, j, "a"); got != want {
				t.Errorf("history: %s, want %s", got, want)
			}
			if got := steps(j.Live(t.Context())); got != "" {
				t.Errorf("live: %s", got)
			}
			if n := j.archived(t, "a"); n != 4 { // one of the entries is there twice
				t.Errorf("%d messages in the archive, want 4", n)
			}
		})
	}
}

func (j *Journal) archived(t *testing.T, id call.ContactID) int {
	t.Helper()
	msgs, err := j.collectArchived(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return len(msgs)
}

func TestSequencesGoOnAfterTheArchive(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir)
	archive(t, j, "a", 3)
	if err := j.js.DeleteStream(t.Context(), "CONTACTS"); err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	j = open(t, dir)
	if seq := mustAppend(t, j, entry("b", 1), 0); seq != 4 {
		t.Errorf("the next entry is %d, want 4", seq)
	}
}

// A contact that is not over is not archived because its last entry cannot be read now.
func TestArchiveWaitsForAPassingError(t *testing.T) {
	j := open(t, t.TempDir())
	mustAppend(t, j, fat("a", 2, 3), mustAppend(t, j, fat("a", 1, 3), 0))
	forgetful(t, j, "a", 1)
	if err := j.Archive(t.Context(), "a"); err == nil {
		t.Error("archived")
	}
	if got, want := steps(j.Live(t.Context())), "2:a/2"; got != want {
		t.Errorf("live: %s, want %s", got, want)
	}
}
