package journal

import (
	"bytes"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"
)

// Contacts are archived at the same time, and each marks what ARCHIVE holds.
func TestArchiveIsMarkedByOneAtATime(t *testing.T) {
	j := open(t, t.TempDir())
	var logged bytes.Buffer
	j.copies.log = slog.New(slog.NewTextHandler(&logged, nil))
	j.past.embedded.gaps = make([]gap, 1000) // so that the file is begun anew again and again
	for i := range j.past.embedded.gaps {
		j.past.embedded.gaps[i].Found = time.Now()
	}
	var marking sync.WaitGroup
	for range 4 {
		marking.Go(func() {
			for range 20 {
				if err := j.markArchive(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	marking.Wait()
	if logged.Len() > 0 {
		t.Errorf("marks were lost:\n%s", &logged)
	}
}

func TestGapWithoutOthers(t *testing.T) {
	for _, test := range []struct {
		others []gap
		want   string
	}{
		{nil, "[stream ARCHIVE: entries 5 to 9 are missing]"},
		{[]gap{{First: 1, Last: 4}, {First: 10, Last: 20}}, "[stream ARCHIVE: entries 5 to 9 are missing]"},
		{[]gap{{First: 1, Last: 5}, {First: 9, Last: 9}}, "[stream ARCHIVE: entries 6 to 8 are missing]"},
		{[]gap{{First: 6, Last: 8}}, "[stream ARCHIVE: entry 5 is missing stream ARCHIVE: entry 9 is missing]"},
		{[]gap{{First: 5, Last: 9}}, "[]"},
	} {
		if got := fmt.Sprint(gap{First: 5, Last: 9}.without(test.others)); got != test.want {
			t.Errorf("without %v: %s, want %s", test.others, got, test.want)
		}
	}
}
