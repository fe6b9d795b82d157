package disk

import (
	"context"
	"sync"
	"testing"
	"time"

	"holdfast"
	"holdfast/holdfasttest"
	"holdfast/switchboard"
)

// A greedyJournal has something happen just before its first entry.
type greedyJournal struct {
	holdfast.Journal
	before func()
}

func (j *greedyJournal) Append(ctx context.Context, e switchboard.Entry, after uint64) (uint64, error) {
	j.before()
	return j.Journal.Append(ctx, e, after)
}

// TestDiskFillsAtAClaim: the disk fills just when a server that was started again takes its
// contact over. People hear each other before that and afterwards, and when there is space
// the contact is taken over.
func TestDiskFillsAtAClaim(t *testing.T) {
	t.Parallel()
	d := newDisk(t)
	fill := func() {}
	h := open(t, d.dir, func(b *holdfasttest.Bed) {
		holdfasttest.WatchJournal(&b.Options, func(real holdfast.Journal) holdfast.Journal {
			return &greedyJournal{real, sync.OnceFunc(func() { fill() })}
		})
	})
	h.Talk()
	h.Stop()
	fill = d.fills
	ready := h.starts()
	h.unhealthy("no space left on device")
	h.with("ana")
	fill = func() {}
	h.began = time.Now()
	d.freesAll()
	must(t, <-ready)
	h.healthy()
	h.goesOn()
}
