package disk

import (
	"context"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"holdfast"
	"holdfast/holdfasttest"
	"holdfast/softphone"
	"holdfast/switchboard"
)

// slowWrite is how long each write takes while a disk is slow.
const slowWrite = 2 * time.Second

// A slowJournal takes one write at a time, and each takes long.
type slowJournal struct {
	holdfast.Journal
	slow atomic.Bool
	disk chan struct{} // holds a value during a write
}

func (j *slowJournal) Append(ctx context.Context, e switchboard.Entry, after uint64) (uint64, error) {
	if err := j.write(ctx); err != nil {
		return 0, err
	}
	return j.Journal.Append(ctx, e, after)
}

func (j *slowJournal) Put(ctx context.Context, kind, name string, data []byte, after uint64) (uint64, error) {
	if err := j.write(ctx); err != nil {
		return 0, err
	}
	return j.Journal.Put(ctx, kind, name, data, after)
}

// write takes as long as a write does; like one, it goes on when nobody waits any
// more.
func (j *slowJournal) write(ctx context.Context) error {
	if !j.slow.Load() {
		return nil
	}
	written := make(chan struct{})
	go func() { // ends with the writes before it
		defer close(written)
		j.disk <- struct{}{}
		<-time.After(slowWrite)
		<-j.disk
	}()
	select {
	case <-written:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// TestSlowDisk: each write takes 2 s while people talk. They talk on; requests wait,
// or are refused for now; who calls gets through, or is turned away.
func TestSlowDisk(t *testing.T) {
	t.Parallel()
	j := &slowJournal{disk: make(chan struct{}, 1)}
	h := open(t, t.TempDir(), func(b *holdfasttest.Bed) {
		holdfasttest.WatchJournal(&b.Options, func(real holdfast.Journal) holdfast.Journal {
			j.Journal = real
			return j
		})
	})
	h.Talk()
	h.began = time.Now()
	j.slow.Store(true)
	second := h.For("second")
	second.Add("second", softphone.Options{})
	unanswered := second.Ring("second", "ben")
	asked := time.Now()
	status, later, detail := h.ask(http.MethodPost, "/v1/contacts/"+string(h.Contact)+"/hold", "{}")
	t.Logf("a request is answered with %d after %s: %s", status, time.Since(asked).Round(time.Millisecond), detail)
	if status != http.StatusOK && (status != http.StatusServiceUnavailable || later == "" || detail == "") {
		t.Errorf("a request is answered with %d, Retry-After %q, %q", status, later, detail)
	}
	if status == http.StatusOK {
		h.Hears("customer", "hold audio")
		h.allAlong("customer", "ana", "hold audio")
		h.Do(h.Client.Resume)
		h.with("ana")
		h.began = time.Now() // while the customer was on hold, ana heard nobody
	}
	second.HangUp("second")
	j.slow.Store(false)
	<-unanswered.Ended()
	t.Logf("healthy %s after the disk is fast again", h.healthy())
	h.with("ana")
	h.free("ben")
	h.goesOn()
}
