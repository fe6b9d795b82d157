package dispatch

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"holdfast/call"
	"holdfast/routing"
	"holdfast/switchboard"
)

// A slowStore writes the items of that name only when slow is closed.
type slowStore struct {
	*fakeStore
	name string
	slow chan struct{}
}

func (s slowStore) Put(ctx context.Context, kind, name string, data []byte, after uint64) (uint64, error) {
	if name == s.name {
		select {
		case <-s.slow:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
	return s.fakeStore.Put(ctx, kind, name, data, after)
}

func (f *fakeStore) has(of key) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.kept[of.kind+of.name].Seq > 0
}

// newSlowRota is a rota in which ana is written only when slow is closed.
func newSlowRota(t *testing.T) (r *rota, slow chan struct{}) {
	slow = make(chan struct{})
	r = newRota(t, &fakeStore{kept: map[string]switchboard.Item{}})
	r.Dispatcher.store = slowStore{r.store, "ana", slow}
	r.Begin(nil)
	return r, slow
}

// rings is a contact about to ring an agent as connection 2.
func rings(id call.ContactID, agent string) call.Contact {
	return call.Contact{ID: id, Stage: call.Offering, Connections: []call.Connection{
		{ID: 2, Party: call.Agent, State: call.Connecting, Endpoint: call.Endpoint{Kind: call.AgentEndpoint, Address: agent}},
	}}
}

// A contact waits for the agent that it rings, and for no other.
func TestOnlyTheOwnAgent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, slow := newSlowRota(t)
		for id, agent := range map[call.ContactID]string{"dora": "ana", "emma": "ben"} {
			if err := r.Reserve(rings(id, agent), 2); err != nil {
				t.Fatal(err)
			}
		}
		soon, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := r.Settled(soon, "emma"); err != nil {
			t.Errorf("ben is written down, but: %v", err)
		}
		if err := r.Settled(soon, "dora"); err == nil {
			t.Error("ana may be rung, though her reservation is not written down")
		}
		close(slow)
		if err := r.Settled(t.Context(), "dora"); err != nil {
			t.Error(err)
		}
		r.Close()
	})
}

// A queue is written after the agents that were changed together with it, and its customers
// are offered after that.
func TestAgentsFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, slow := newSlowRota(t)
		r.Changed(waits("carol", ""), nil)
		r.saw()
		if r.store.has(key{queueKind, "sales"}) {
			t.Error("sales is written before ana")
		}
		close(slow)
		r.saw("carol offered to ana")
		if !r.store.has(key{queueKind, "sales"}) {
			t.Error("sales is not written")
		}
		r.Close()
	})
}

// A request waits until its effect is stored, also if an earlier request had the same effect.
func TestSameRequestAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, slow := newSlowRota(t)
		for range 2 {
			soon, cancel := context.WithTimeout(t.Context(), time.Second)
			if err := r.SetStatus(soon, "ana", offline); err == nil {
				t.Error("ana is told that she is offline, and that is not written down")
			}
			cancel()
		}
		close(slow)
		if err := r.SetStatus(t.Context(), "ana", offline); err != nil {
			t.Error(err)
		}
		r.Close()
	})
}

var offline = routing.Status{State: routing.Offline}
