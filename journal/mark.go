package journal

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/nats-io/nats.go"
)

// A mark records the entries that ARCHIVE once held. It is kept like a copy; its record has
// the sequence of the last entry.
type mark struct {
	First uint64    `json:"first"`
	Until time.Time `json:"until"`          // from then on the first entries may be too old
	Gaps  []gap     `json:"gaps,omitempty"` // that an earlier start has reported
}

const markSubject = "archive"

// A gap is entries that are missing in ARCHIVE.
type gap struct {
	First uint64    `json:"first"`
	Last  uint64    `json:"last"`
	Found time.Time `json:"found"`
}

func (g gap) String() string {
	if g.First == g.Last {
		return fmt.Sprintf("stream ARCHIVE: entry %d is missing", g.First)
	}
	return fmt.Sprintf("stream ARCHIVE: entries %d to %d are missing", g.First, g.Last)
}

// without returns the rest of g outside the others.
func (g gap) without(others []gap) []gap {
	left := []gap{g}
	for _, o := range others {
		var next []gap
		for _, l := range left {
			before, after := l, l
			before.Last, after.First = min(l.Last, o.First-1), max(l.First, o.Last+1)
			for _, part := range []gap{before, after} {
				if part.First <= part.Last {
					next = append(next, part)
				}
			}
		}
		left = next
	}
	return left
}

// markArchive writes down which entries ARCHIVE holds, which shows later which of them it
// has lost. ARCHIVE is open. A gap is known for as long as entries as old as it are kept.
// There is one file, so that one at a time writes to it.
func (j *Journal) markArchive(ctx context.Context) error {
	if j.copies == nil {
		return nil
	}
	select {
	case j.marking <- struct{}{}:
		defer func() { <-j.marking }()
	case <-ctx.Done():
		return fmt.Errorf("marking the archive: %w", ctx.Err())
	}
	info, err := j.past.stream.Info(ctx)
	if err != nil {
		return fmt.Errorf("looking into the archive: %w", err)
	}
	now := time.Now()
	_, gaps := j.past.embedded.reported()
	gaps = slices.DeleteFunc(gaps, func(g gap) bool { return g.Found.Add(j.keep).Before(now) })
	data, err := json.Marshal(mark{First: info.State.FirstSeq, Until: info.State.FirstTime.Add(j.keep), Gaps: gaps})
	if err != nil {
		return fmt.Errorf("marking the archive: %w", err)
	}
	m := &nats.Msg{Subject: markSubject, Data: data}
	j.copies.keep(recordOf(m, info.State.LastSeq, now))
	return nil
}
