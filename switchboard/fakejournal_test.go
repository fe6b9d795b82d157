package switchboard

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"slices"
	"sync"
	"time"

	"holdfast/call"
)

// A fault is what a journal does with one entry.
type fault int

const (
	works  fault = iota
	fails        // refused
	lands        // written, but we are told otherwise
	hangs        // until the context ends, then refused
	tarry        // hangs, yet it is written
	slow         // takes 300 ms
	crawls       // takes 5 s, and is not written if that is too long
	fenced       // somebody else has written
)

// fakeJournal keeps entries as the real one does: in bytes.
type fakeJournal struct {
	trace *trace

	mu       sync.Mutex
	fault    func() fault // nil: works
	seq      uint64
	live     map[call.ContactID][]kept
	archived []call.ContactID
	noShelf  int // how many times Archive will fail
	shared   bool
	running  int            // Appends
	failed   bool           // the last Append
	left     int            // entries until the process dies; 0: it does not
	untold   bool           // it dies before it hears of its last entry
	dead     string         // the node of a process that has died
	corrupt  error          // of one entry
	failing  error          // of all of them
	refused  call.ContactID // whose entries are never taken
}

type kept struct {
	seq  uint64
	data []byte
}

var errJournal = errors.New("the disk is full")

func (j *fakeJournal) set(f func() fault) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.fault = f
}

func always(f fault) func() fault { return func() fault { return f } }

func (j *fakeJournal) Exclusive() bool { return !j.shared }

func (j *fakeJournal) Append(ctx context.Context, e Entry, after uint64) (uint64, error) {
	j.mu.Lock()
	j.running++
	j.mu.Unlock()
	seq, err := j.append(ctx, e, after)
	j.mu.Lock()
	defer j.mu.Unlock()
	j.running--
	if e.Contact.ID != second {
		j.failed = err != nil
	}
	return seq, err
}

// state reports whether an entry is being written, for which others may wait, and whether
// the last was not, but for those of the second contact.
func (j *fakeJournal) state() (writing, failed bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.running > 0, j.failed
}

func (j *fakeJournal) append(ctx context.Context, e Entry, after uint64) (uint64, error) {
	j.mu.Lock()
	what := works
	if j.fault != nil {
		what = j.fault()
	}
	if e.Contact.ID == j.refused {
		what = fails
	}
	if e.Owner == j.dead {
		what = hangs
	}
	j.mu.Unlock()
	switch what {
	case works, lands:
	case fails:
		return 0, errJournal
	case hangs:
		<-ctx.Done()
		return 0, ctx.Err()
	case tarry:
		<-ctx.Done()
	case slow:
		<-time.After(300 * time.Millisecond)
	case crawls:
		select {
		case <-time.After(5 * time.Second):
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	case fenced:
		return 0, ErrFenced
	}
	seq, err := j.write(e, after)
	if err == nil && (what == lands || what == tarry) {
		return 0, errJournal
	}
	if err == nil && j.dies(e.Owner) {
		<-ctx.Done()
		return 0, ctx.Err()
	}
	if err == nil {
		j.trace.add(traced{written: e.Trace})
	}
	return seq, err
}

// die has the process die after so many more entries, untold of the last one or not.
func (j *fakeJournal) die(after int, untold bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.left, j.untold = after, untold
}

func (j *fakeJournal) isDead() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.dead != ""
}

// bury has no entry of a node written any more.
func (j *fakeJournal) bury(node string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.left, j.dead = 0, node
}

// refuse has no entry of a contact written.
func (j *fakeJournal) refuse(id call.ContactID) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.refused = id
}

// dies counts an entry, and reports whether its writer hears nothing of it any more.
func (j *fakeJournal) dies(owner string) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	if owner == j.dead {
		return true
	}
	if j.left > 0 {
		if j.left--; j.left == 0 {
			j.dead = owner
			return j.untold
		}
	}
	return false
}

// write keeps the entry if it follows, or replaces one that was in doubt.
func (j *fakeJournal) write(e Entry, after uint64) (uint64, error) {
	data, err := json.Marshal(e)
	if err != nil {
		return 0, err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	entries := j.live[e.Contact.ID]
	if n := len(entries); n > 0 && entries[n-1].seq != after {
		last := entries[n-1].entry()
		if last.Owner != e.Owner || last.Epoch != e.Epoch || last.Step != e.Step {
			return 0, ErrFenced
		}
		entries = entries[:n-1]
	}
	j.seq++
	j.live[e.Contact.ID] = append(entries, kept{j.seq, data})
	return j.seq, nil
}

func (k kept) entry() Entry {
	var e Entry
	if err := json.Unmarshal(k.data, &e); err != nil {
		panic(err)
	}
	e.Seq = k.seq
	return e
}

func (j *fakeJournal) Live(context.Context) iter.Seq2[Entry, error] {
	j.mu.Lock()
	defer j.mu.Unlock()
	var last []Entry
	for id, entries := range j.live {
		if slices.Contains(j.archived, id) {
			continue
		}
		last = append(last, entries[len(entries)-1].entry())
	}
	slices.SortFunc(last, func(a, b Entry) int { return a.Contact.Arrived.Compare(b.Contact.Arrived) })
	return func(yield func(Entry, error) bool) {
		if j.failing != nil {
			yield(Entry{}, j.failing)
			return
		}
		if j.corrupt != nil && !yield(Entry{Seq: 1}, j.corrupt) {
			return
		}
		for _, e := range last {
			if !yield(e, nil) {
				return
			}
		}
	}
}

func (j *fakeJournal) Archive(_ context.Context, id call.ContactID) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.noShelf > 0 {
		j.noShelf--
		return errJournal
	}
	j.archived = append(j.archived, id)
	return nil
}

func (j *fakeJournal) History(context.Context, call.ContactID) iter.Seq2[Entry, error] {
	panic("a desk does not read")
}

func (j *fakeJournal) Follow(context.Context, uint64) iter.Seq2[Entry, error] {
	panic("a desk does not read")
}

func (j *fakeJournal) Last(context.Context) (uint64, error) {
	panic("a desk does not read")
}

// entries are all of the first contact.
func (j *fakeJournal) entries() []Entry { return j.entriesOf("c1") }

func (j *fakeJournal) entriesOf(id call.ContactID) []Entry {
	j.mu.Lock()
	defer j.mu.Unlock()
	var all []Entry
	for _, k := range j.live[id] {
		all = append(all, k.entry())
	}
	return all
}

func (j *fakeJournal) last() Entry { return j.lastOf("c1") }

func (j *fakeJournal) lastOf(id call.ContactID) Entry {
	all := j.entriesOf(id)
	return all[len(all)-1]
}
