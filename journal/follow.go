package journal

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sort"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"holdfast/switchboard"
)

const (
	// lookAgain is how often a follower that hears nothing checks whether
	// entries went to the archive before it saw them.
	lookAgain = time.Second
	// archiveSlack is more than Archive may take.
	archiveSlack = time.Minute
)

// Follow implements [switchboard.Journal]. Every entry comes once, in order of
// its sequence, whether it is archived by now or not; only entries older than
// Options.KeepArchive may be missing. Nothing waits for a slow reader and nothing piles
// up for it in memory: it reads on where it was. One that has not come back for more
// within a minute gets an error.
//
// An entry that cannot be read comes as an error, with its Seq set, and the
// next ones follow. An error without a Seq ends it; the reader may follow
// again from the last sequence it saw. When ctx ends, it ends without error.
func (j *Journal) Follow(ctx context.Context, after uint64) iter.Seq2[switchboard.Entry, error] {
	return func(yield func(switchboard.Entry, error) bool) {
		f := &follower{j: j, entries: j.decoder(ctx), last: after, yield: yield}
		err := f.run(ctx)
		if errors.Is(err, errStopped) || ctx.Err() != nil {
			return
		}
		yield(switchboard.Entry{}, fmt.Errorf("following the journal after entry %d: %w", f.last, err))
	}
}

// errStopped means that the reader has stopped.
var errStopped = errors.New("the reader stopped")

// A follower reads CONTACTS, and from ARCHIVE the entries it finds missing there.
type follower struct {
	j       *Journal
	entries *decoder
	yield   func(switchboard.Entry, error) bool
	last    uint64 // the sequence up to which the reader has everything

	archived []place // entries after last that are in ARCHIVE, in order
	scanned  uint64  // how far ARCHIVE has been looked through for them
}

// A place gives the position in ARCHIVE of the entry with a sequence.
type place struct{ seq, at uint64 }

func (f *follower) run(ctx context.Context) error {
	r, err := f.j.newReader(ctx, f.j.contacts, "contact.*", f.last+1, false)
	if err != nil {
		return err
	}
	defer r.close()
	for wait := time.Duration(0); ; wait = lookAgain {
		until, err := lastSeq(ctx, f.j.contacts)
		if err != nil {
			return err
		}
		for m, err := range r.read(ctx, wait) {
			if err != nil {
				return err
			}
			if err := f.message(ctx, m); err != nil {
				return err
			}
		}
		if err := f.tail(ctx, r, until); err != nil {
			return err
		}
	}
}

// message takes the next message of CONTACTS.
func (f *follower) message(ctx context.Context, m jetstream.Msg) error {
	seq := sequence(m)
	if seq <= f.last {
		return nil
	}
	if err := f.fill(ctx, seq); err != nil {
		return err
	}
	return f.entry(messageIn(m))
}

// entry yields the next entry. An entry whose lookup failed may be read when the reader
// follows again.
func (f *follower) entry(m message) error {
	e, err := f.entries.entry(m)
	if unfetched(err) {
		return err
	}
	f.last = m.seq
	if !f.yield(e, err) {
		return errStopped
	}
	return nil
}

// tail deals with entries up to until that have left CONTACTS and that no
// later one gives away as missing.
func (f *follower) tail(ctx context.Context, r *reader, until uint64) error {
	if until <= f.last {
		return nil
	}
	drained, err := r.drained(ctx, until)
	if err != nil || !drained {
		return err
	}
	return f.fill(ctx, until+1)
}

// fill yields the archived entries after last and before the sequence before.
func (f *follower) fill(ctx context.Context, before uint64) error {
	f.archived = f.archived[f.archivedBefore(f.last+1):] // the rest came from CONTACTS
	if uint64(f.archivedBefore(before)) < before-f.last-1 {
		if err := f.scan(ctx); err != nil {
			return fmt.Errorf("looking into the archive: %w", err)
		}
	}
	for len(f.archived) > 0 && f.archived[0].seq < before {
		next := f.archived[0]
		f.archived = f.archived[1:]
		m, err := f.j.past.stream.GetMsg(ctx, next.at) // it was open for scan
		if errors.Is(err, jetstream.ErrMsgNotFound) {  // too old, just now
			continue
		}
		if err != nil {
			return fmt.Errorf("reading the archive: %w", err)
		}
		if err := f.entry(rawMessage(m, next.seq)); err != nil {
			return err
		}
	}
	f.last = before - 1
	return nil
}

// archivedBefore is how many entries of archived come before a sequence.
func (f *follower) archivedBefore(seq uint64) int {
	return sort.Search(len(f.archived), func(i int) bool { return f.archived[i].seq >= seq })
}

// scan brings archived up to date.
func (f *follower) scan(ctx context.Context) error {
	archive, err := f.j.archive(ctx)
	if err != nil {
		return err
	}
	end, err := lastSeq(ctx, archive)
	if err != nil || end <= f.scanned {
		return err
	}
	start := f.scanned + 1
	if f.scanned == 0 {
		if start, err = f.j.archivedSince(ctx, f.last, archiveSlack); err != nil {
			return err
		}
	}
	for m, err := range f.j.all(ctx, archive, "archive.*", start, true) {
		if err != nil {
			return err
		}
		meta, err := m.Metadata()
		if err != nil {
			return err
		}
		f.scanned = meta.Sequence.Stream
		if seq := sequence(m); seq > f.last {
			f.archived = append(f.archived, place{seq, f.scanned})
		}
	}
	slices.SortFunc(f.archived, func(a, b place) int { return cmp.Compare(a.seq, b.seq) })
	f.archived = slices.CompactFunc(f.archived, func(a, b place) bool { return a.seq == b.seq })
	return nil
}

// archivedSince is the sequence in ARCHIVE to begin at so as to meet every entry
// with a sequence greater than after. An entry archived before CONTACTS got beyond
// after cannot be one of them, so that part of ARCHIVE may be skipped; as several
// Archives may have run side by side, less by slack.
func (j *Journal) archivedSince(ctx context.Context, after uint64, slack time.Duration) (uint64, error) {
	archive, err := j.archive(ctx)
	if err != nil {
		return 0, err
	}
	info, err := archive.Info(ctx)
	if err != nil {
		return 0, err
	}
	first, end := info.State.FirstSeq, info.State.LastSeq+1
	end, err = search(ctx, archive, first, end, func(m *jetstream.RawStreamMsg) bool {
		return number(m.Header, headerUntil) > after
	})
	if err != nil || end <= first {
		return first, err
	}
	m, err := archive.GetMsg(ctx, end-1)
	if errors.Is(err, jetstream.ErrMsgNotFound) { // too old, just now
		return first, nil
	}
	if err != nil {
		return 0, err
	}
	since := m.Time.Add(-slack)
	return search(ctx, archive, first, end, func(m *jetstream.RawStreamMsg) bool { return m.Time.After(since) })
}

// search finds the first message of ARCHIVE from first and before end of which
// is is true, as it is of all later ones; end if there is none. A message that
// is missing counts as true: better to begin too early.
func search(ctx context.Context, archive jetstream.Stream, first, end uint64, is func(*jetstream.RawStreamMsg) bool) (uint64, error) {
	var failed error
	i := sort.Search(int(end-first), func(i int) bool {
		m, err := archive.GetMsg(ctx, first+uint64(i))
		if err != nil && !errors.Is(err, jetstream.ErrMsgNotFound) {
			failed = err
		}
		return err != nil || is(m)
	})
	return first + uint64(i), failed
}
