package dispatch

import (
	"context"
	"errors"
	"fmt"

	"holdfast/routing"
)

// This file has the order in which agents and queues are written. Each has a goroutine of its
// own while it has something to write, and waits for no other; but a queue waits for the agents
// that were changed together with it (see routing.Change). If an item changes again before it
// is written, only the latest value is written.

// A key names an agent or a queue among all that is kept.
type key struct{ kind, name string }

// An item is an agent or a queue, and how much of it is stored. The dispatcher's mu guards
// it, except seq, which belongs to the goroutine that writes it.
type item struct {
	key
	value   any              // the latest
	changes uint64           // how often it has been changed
	stored  uint64           // how many of these changes are stored
	after   map[*item]uint64 // of a queue: the changes that must be stored before its value
	landed  chan struct{}    // closed when more is stored
	writing bool

	seq uint64 // of the stored data
}

// A mark is a value of an item: the one after that many changes.
type mark struct {
	item    *item
	changes uint64
}

func (x *item) mark() mark { return mark{x, x.changes} }

// pending reports whether the value, or a later one, is not stored yet.
func (m mark) pending() bool { return m.item.stored < m.changes }

// item returns the item of that name.
func (k *Dispatcher) item(kind, name string) *item {
	of := key{kind, name}
	if k.items[of] == nil {
		k.items[of] = &item{key: of, landed: make(chan struct{})}
	}
	return k.items[of]
}

// change begins to write the agents and queues that a decision has changed.
func (k *Dispatcher) change(c routing.Change) []mark {
	var marks []mark
	for _, s := range c.Agents {
		marks = append(marks, k.changed(k.item(agentKind, s.Name), s))
	}
	agents := marks
	for _, q := range c.Queues {
		q.Agents = []string{} // the configuration has them
		x := k.item(queueKind, q.Name)
		for _, m := range agents {
			x.follow(m)
		}
		marks = append(marks, k.changed(x, q))
	}
	return marks
}

// follow makes the next value of a queue wait for that of an agent.
func (x *item) follow(m mark) {
	if x.after == nil {
		x.after = map[*item]uint64{}
	}
	x.after[m.item] = m.changes
}

// changed begins to write a new value of an item.
func (k *Dispatcher) changed(x *item, v any) mark {
	x.value = v
	x.changes++
	if !x.writing && !k.closed {
		x.writing = true
		k.running.Go(func() { k.write(x) }) // ends when all is stored, or with Close
	}
	return x.mark()
}

// write writes an item until its latest value is stored.
func (k *Dispatcher) write(x *item) {
	for {
		v, m, after := k.latest(x)
		if v == nil || k.await(context.Background(), after) != nil || !k.put(x, v) {
			return
		}
		if a, ok := v.(routing.Agent); ok && k.AgentChanged != nil {
			k.AgentChanged(a)
		}
		k.mu.Lock()
		x.stored = m.changes
		close(x.landed)
		x.landed = make(chan struct{})
		k.mu.Unlock()
		k.rouse()
	}
}

// latest returns the value of an item that must be written, and the marks of the items that
// must be stored before it; nil: all is stored.
func (k *Dispatcher) latest(x *item) (v any, m mark, after []mark) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if x.stored == x.changes {
		x.writing = false
		return nil, mark{}, nil
	}
	for of, changes := range x.after {
		after = append(after, mark{of, changes})
	}
	clear(x.after)
	return x.value, x.mark(), after
}

// await waits until these values are stored.
func (k *Dispatcher) await(ctx context.Context, marks []mark) error {
	for _, m := range marks {
		for landed := k.landing(m); landed != nil; landed = k.landing(m) {
			select {
			case <-landed:
			case <-k.stop:
				return errors.New("agents and queues are not kept any more")
			case <-ctx.Done():
				return fmt.Errorf("writing agents and queues down: %w", ctx.Err())
			}
		}
	}
	return nil
}

// landing returns a channel that is closed when more of an item is stored; nil: the value is
// stored.
func (k *Dispatcher) landing(m mark) <-chan struct{} {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !m.pending() {
		return nil
	}
	return m.item.landed
}
