package e2e

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"holdfast"
	"holdfast/call"
	"holdfast/client"
	"holdfast/holdfasttest"
	"holdfast/softphone"
	"holdfast/switchboard"
)

// scales weigh each entry that a server with one contact writes, by how much the
// blocks of the journal grow.
type scales struct {
	holdfast.Journal
	dir string

	mu      *sync.Mutex // guards entries
	entries *[]int64    // bytes of each
}

func (s scales) Append(ctx context.Context, e switchboard.Entry, after uint64) (uint64, error) {
	before := stored(s.dir)
	seq, err := s.Journal.Append(ctx, e, after)
	s.mu.Lock()
	defer s.mu.Unlock()
	*s.entries = append(*s.entries, stored(s.dir)-before)
	return seq, err
}

// stored returns how many bytes the blocks of the contacts that live have.
func stored(dir string) (bytes int64) {
	files, _ := filepath.Glob(filepath.Join(dir, "jetstream/$G/streams/CONTACTS/msgs/*.blk"))
	for _, file := range files {
		if info, err := os.Stat(file); err == nil {
			bytes += info.Size()
		}
	}
	return bytes
}

// report logs what a call has cost, and returns the bytes of its largest entry and of
// all of them.
func (s scales) report(t *testing.T, what string) (largest, all int64) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range *s.entries {
		all, largest = all+n, max(largest, n)
	}
	t.Logf("%s: %d entries, %d bytes of journal, %d bytes an entry, the largest %d",
		what, len(*s.entries), all, all/int64(len(*s.entries)), largest)
	return largest, all
}

// weighing is a house whose entries are weighed.
func weighing(t *testing.T, change func(*holdfasttest.Bed)) (*house, scales) {
	t.Helper()
	s := scales{mu: new(sync.Mutex), entries: new([]int64)}
	h := open(t, func(b *holdfasttest.Bed) {
		s.dir = b.Options.Config.Journal.Dir
		holdfasttest.WatchJournal(&b.Options, func(j holdfast.Journal) holdfast.Journal {
			s.Journal = j
			return s
		})
		if change != nil {
			change(b)
		}
	})
	return h, s
}

// TestBytesOfACall logs, with -v, what real calls leave in the journal.
func TestBytesOfACall(t *testing.T) {
	t.Run("plain", func(t *testing.T) {
		h, s := weighing(t, nil)
		h.Talk()
		h.goodbye()
		s.report(t, "a plain call")
	})
	t.Run("five transfers", func(t *testing.T) {
		h, s := weighing(t, nil)
		h.Talk()
		five(h)
		h.goodbye()
		s.report(t, "a call with five transfers")
	})
}

// five transfers, of which the last one succeeds.
func five(h *house) {
	h.t.Helper()
	h.Phone("cardiology").Answering(softphone.Behaviour{Do: softphone.Busy})
	h.Phone("reception").Answering(softphone.Behaviour{Do: softphone.RingForever})
	for i, ask := range []client.TransferRequest{
		{Target: "cardiology"}, {Target: "nowhere"}, {Target: "cardiology", Kind: call.Warm}, {Target: "nowhere", Others: []string{"cardiology"}},
	} {
		h.Transfer(ask)
		h.Await(func(c call.Contact) bool { return c.Transfer == nil && len(c.Past) == i+1 })
	}
	h.Transfer(client.TransferRequest{Target: "reception"})
	h.Rung("reception")
	h.Call("reception").Answer()
	h.Ended("ana")
	h.Hears("customer", "reception")
}
