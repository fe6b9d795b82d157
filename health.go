package holdfast

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"

	"holdfast/switchboard"
)

const (
	// healthyFor is how long a write shows that the journal works.
	healthyFor = 2 * time.Second
	// tryFor is how long a write may take that shows it: as long as a request waits.
	tryFor = 5 * time.Second
	// troubledFor is more than a frozen contact waits before it tries again.
	troubledFor = 10 * time.Second
)

// healthKind is the kind of the item that a server writes to see whether the journal
// works, and healthSize its size: a large entry's, so that it does not fit where one
// would not.
const (
	healthKind = "health"
	healthSize = 8 << 10
)

// A watchedJournal knows whether its journal accepts writes.
type watchedJournal struct {
	Journal
	node   string
	trying chan struct{} // holds a value while a request tries a write

	mu    sync.Mutex
	wrote time.Time          // the last time that something was written
	fails map[string]failure // the latest writes that failed and have not succeeded since
	seq   uint64             // of the item that was written last to try
}

// A failure is a write that failed.
type failure struct {
	at  time.Time
	err error
}

func watch(j Journal, node string) *watchedJournal {
	return &watchedJournal{Journal: j, node: node, trying: make(chan struct{}, 1), fails: map[string]failure{}}
}

// Append implements switchboard.Journal.
func (w *watchedJournal) Append(ctx context.Context, e switchboard.Entry, after uint64) (uint64, error) {
	seq, err := w.Journal.Append(ctx, e, after)
	w.note("contact "+string(e.Contact.ID), err)
	return seq, err
}

// Put implements switchboard.Store.
func (w *watchedJournal) Put(ctx context.Context, kind, name string, data []byte, after uint64) (uint64, error) {
	seq, err := w.Journal.Put(ctx, kind, name, data, after)
	w.note(kind+" "+name, err)
	return seq, err
}

// note notes the result of a write. A write that was given up, or that another owner
// has fenced off, shows nothing about the journal.
func (w *watchedJournal) note(what string, err error) {
	if errors.Is(err, context.Canceled) || errors.Is(err, switchboard.ErrFenced) {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if err == nil {
		w.wrote = time.Now()
		delete(w.fails, what)
	} else if what != healthKind+" "+w.node {
		w.forget()
		w.fails[what] = failure{time.Now(), err}
	}
}

// forget forgets failed writes that are no longer repeated. The caller holds mu.
func (w *watchedJournal) forget() {
	maps.DeleteFunc(w.fails, func(_ string, f failure) bool { return time.Since(f.at) > troubledFor })
}

// trouble returns why something was not written a moment ago, and has not been
// since, or nil; works reports whether anything was.
func (w *watchedJournal) trouble() (works bool, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.forget()
	var latest failure
	for _, f := range w.fails {
		if f.at.After(latest.at) {
			latest = f
		}
	}
	return time.Since(w.wrote) < healthyFor, latest.err
}

// health returns why the journal does not accept writes, or nil. If there was no
// write lately, it makes one.
func (w *watchedJournal) health(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, tryFor)
	defer cancel()
	select {
	case w.trying <- struct{}{}:
		defer func() { <-w.trying }()
	case <-ctx.Done():
		return fmt.Errorf("trying the journal: %w", ctx.Err())
	}
	if works, err := w.trouble(); err != nil || works {
		return err
	}
	return w.try(ctx)
}

// try writes the item. Its sequence is not known after a start.
func (w *watchedJournal) try(ctx context.Context) error {
	err := w.put(ctx)
	if !errors.Is(err, switchboard.ErrFenced) {
		return err
	}
	items, err := w.All(ctx, healthKind)
	if err != nil {
		return err
	}
	for _, x := range items {
		if x.Name == w.node {
			w.seq = x.Seq
		}
	}
	return w.put(ctx)
}

func (w *watchedJournal) put(ctx context.Context) error {
	data := make([]byte, healthSize)
	copy(data, time.Now().UTC().Format(time.RFC3339Nano))
	seq, err := w.Put(ctx, healthKind, w.node, data, w.seq)
	if err == nil {
		w.seq = seq
	}
	return err
}
