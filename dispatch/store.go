package dispatch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"holdfast/config"
	"holdfast/routing"
	"holdfast/switchboard"
)

// This file has what a Dispatcher reads and writes.

const (
	putWithin  = 5 * time.Second
	retryFirst = 100 * time.Millisecond
	retryMost  = 2 * time.Second
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
	k.state = routing.State{}
	for _, a := range k.conf.Agents {
		s, known := agents[a.Name]
		if !known {
			s.Status = firstStatus(a)
		}
		s.Name, s.Capacity, s.AfterCall, s.Grace = a.Name, a.Capacity, a.AfterCall, k.conf.Rules.Grace
		k.state.Agents = append(k.state.Agents, s.WithState())
	}
	for _, c := range k.conf.Queues {
		q := queues[c.Name]
		q.Name, q.Agents, q.OfferFor = c.Name, c.Agents, c.OfferFor
		k.state.Queues = append(k.state.Queues, q)
	}
	return nil
}

// firstStatus is the status of an agent who is new: available, unless they cannot be
// rung before they have logged in to the page.
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
		all[x.Name], k.seqs[key{kind, x.Name}] = v, x.Seq
	}
	return all, nil
}

func (b *batch) add(agents []routing.Agent, queues []routing.Queue, commands []routing.Command) {
	if b.agents == nil {
		b.agents, b.queues = map[string]routing.Agent{}, map[string]routing.Queue{}
	}
	for _, s := range agents {
		b.agents[s.Name] = s
	}
	for _, q := range queues {
		b.queues[q.Name] = q
	}
	b.commands = append(b.commands, commands...)
}

// pending is closed when all that has been decided so far is written; nil if it
// is already.
func (k *Dispatcher) pending() <-chan struct{} {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.todo.agents)+len(k.todo.queues) == 0 && !k.writing {
		return nil
	}
	if k.todo.written == nil {
		k.todo.written = make(chan struct{})
		k.rouse()
	}
	return k.todo.written
}

// flush writes and does all that has been decided, as long as it takes. It is
// false when the dispatcher has been closed.
func (k *Dispatcher) flush() bool {
	for {
		b, some := k.take()
		if !some {
			return true
		}
		if !k.write(b) {
			return false
		}
		if k.AgentsChanged != nil && len(b.agents) > 0 {
			k.AgentsChanged(slices.Collect(maps.Values(b.agents)))
		}
		if b.written != nil {
			close(b.written)
		}
		k.carryOut(b.commands)
	}
}

// take takes what there is to be done. Before Begin there is nothing to tell
// anybody.
func (k *Dispatcher) take() (b batch, some bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	b = k.todo
	k.todo = batch{}
	if !k.begun {
		k.todo.commands, b.commands = b.commands, nil
	}
	k.writing = len(b.agents)+len(b.queues)+len(b.commands) > 0 || b.written != nil
	return b, k.writing
}

// write writes a batch down, agents first (see Changed). It is false when the
// dispatcher has been closed meanwhile.
func (k *Dispatcher) write(b batch) bool {
	for _, name := range slices.Sorted(maps.Keys(b.agents)) {
		if !k.put(key{agentKind, name}, b.agents[name]) {
			return false
		}
	}
	for _, name := range slices.Sorted(maps.Keys(b.queues)) {
		if !k.put(key{queueKind, name}, b.queues[name]) {
			return false
		}
	}
	return true
}

// put writes one thing down, as often as it takes.
func (k *Dispatcher) put(of key, v any) bool {
	data, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("a %s that cannot be written down: %v", of.kind, err))
	}
	for wait := retryFirst; ; wait = min(2*wait, retryMost) {
		ctx, cancel := context.WithTimeout(context.Background(), putWithin)
		seq, err := k.store.Put(ctx, of.kind, of.name, data, k.seqs[of])
		if errors.Is(err, switchboard.ErrFenced) {
			err = errors.Join(err, k.catchUp(ctx, of))
		}
		cancel()
		if err == nil {
			k.seqs[of] = seq
			return true
		}
		k.log.Error("an agent or queue was not written down", of.kind, of.name, "error", err)
		select {
		case <-k.stop:
			return false
		case <-time.After(wait):
		}
	}
}

// catchUp learns where somebody else has written what is ours. One server owns a
// routing state, so it was we ourselves, in a life before.
func (k *Dispatcher) catchUp(ctx context.Context, of key) error {
	kept, err := k.store.All(ctx, of.kind)
	if err != nil {
		return err
	}
	for _, x := range kept {
		if x.Name == of.name {
			k.seqs[of] = x.Seq
		}
	}
	return nil
}
