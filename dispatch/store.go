package dispatch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"holdfast/config"
	"holdfast/routing"
	"holdfast/switchboard"
)

// This file reads and writes a Dispatcher's stored items.

const (
	putWithin  = 5 * time.Second
	retryFirst = 100 * time.Millisecond
	retryMost  = 2 * time.Second
	writesMost = 64 // at a time
)

// read reads agents and queues, as far as the configuration has them.
func (k *Dispatcher) read(ctx context.Context) error {
	agents, err := readItems[routing.Agent](ctx, k, agentKind)
	if err != nil {
		return err
	}
	queues, err := readItems[routing.Queue](ctx, k, queueKind)
	if err != nil {
		return err
	}
	var f routing.State
	for _, a := range k.conf.Agents {
		s, known := agents[a.Name]
		if !known {
			s.Status = firstStatus(a)
		}
		s.Name, s.Capacity, s.AfterCall, s.Grace = a.Name, a.Capacity, a.AfterCall, k.conf.Rules.Grace
		f.Agents = append(f.Agents, s.WithState())
		k.noAfterCall[a.Name] = a.NoAfterCall
	}
	for _, c := range k.conf.Queues {
		q := queues[c.Name]
		q.Name, q.Agents, q.OfferFor = c.Name, c.Agents, c.OfferFor
		f.Queues = append(f.Queues, q)
	}
	k.table = routing.NewTable(f)
	return nil
}

// firstStatus is the status of a new agent: available, unless they cannot be rung
// before they have logged in to the page.
func firstStatus(a config.Agent) routing.Status {
	if a.Login.IsZero() || a.HasPhone() {
		return routing.Status{State: routing.Available}
	}
	return routing.Status{State: routing.Offline}
}

// readItems reads all of a kind, by name, and notes where they are written.
func readItems[T any](ctx context.Context, k *Dispatcher, kind string) (map[string]T, error) {
	kept, err := k.store.All(ctx, kind)
	if err != nil {
		return nil, err
	}
	all := map[string]T{}
	for _, x := range kept {
		var v T
		if err := json.Unmarshal(x.Data, &v); err != nil {
			return nil, fmt.Errorf("%s %s, at %d: %w", kind, x.Name, x.Seq, err)
		}
		all[x.Name], k.item(kind, x.Name).seq = v, x.Seq
	}
	return all, nil
}

// put writes one thing down, as often as it takes. It is false when the dispatcher has
// been closed.
func (k *Dispatcher) put(x *item, v any) bool {
	data, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("a %s that cannot be written down: %v", x.kind, err))
	}
	for wait := retryFirst; ; wait = min(2*wait, retryMost) {
		select {
		case <-k.stop:
			return false
		case k.slots <- struct{}{}:
		}
		err := k.try(x, data)
		<-k.slots
		if failed := k.failing.Swap(err != nil); err != nil && !failed {
			k.log.Error("an agent or queue was not written down", x.kind, x.name, "error", err)
		}
		if err == nil {
			return true
		}
		select {
		case <-k.stop:
			return false
		case <-time.After(wait):
		}
	}
}

// try writes one thing down.
func (k *Dispatcher) try(x *item, data []byte) error {
	ctx, cancel := context.WithTimeout(context.Background(), putWithin)
	defer cancel()
	seq, err := k.store.Put(ctx, x.kind, x.name, data, x.seq)
	if errors.Is(err, switchboard.ErrFenced) {
		return errors.Join(err, k.catchUp(ctx, x))
	}
	if err == nil {
		x.seq = seq
	}
	return err
}

// catchUp finds out what another writer has stored under our key. One server owns a
// routing state, so the writer was this server before it restarted.
func (k *Dispatcher) catchUp(ctx context.Context, of *item) error {
	kept, err := k.store.All(ctx, of.kind)
	if err != nil {
		return err
	}
	for _, x := range kept {
		if x.Name == of.name {
			of.seq = x.Seq
		}
	}
	return nil
}
