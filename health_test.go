package holdfast

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"holdfast/call"
	"holdfast/switchboard"
)

// A fakeJournal takes what is written, or gives an error.
type fakeJournal struct {
	Journal
	err   error
	tries int
	last  uint64 // of the one item
}

func (j *fakeJournal) Append(context.Context, switchboard.Entry, uint64) (uint64, error) {
	return 1, j.err
}

func (j *fakeJournal) Put(_ context.Context, _, _ string, _ []byte, after uint64) (uint64, error) {
	if j.tries++; j.err != nil {
		return 0, j.err
	}
	if after != j.last {
		return 0, switchboard.ErrFenced
	}
	j.last++
	return j.last, nil
}

func (j *fakeJournal) All(context.Context, string) ([]switchboard.Item, error) {
	return []switchboard.Item{{Name: "node", Seq: j.last}}, j.err
}

// The journal is healthy if something was written a moment ago, or can be written now,
// and unhealthy for as long as a contact's entry is not.
func TestHealthOfJournal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		full := errors.New("disk full")
		j := &fakeJournal{last: 7} // by an earlier start
		w := watch(j, "node")
		is := func(what string, want error, tries int) {
			t.Helper()
			before := j.tries
			if err := w.health(t.Context()); !errors.Is(err, want) || j.tries-before != tries {
				t.Errorf("%s: got %v after %d tries, want %v after %d", what, err, j.tries-before, want, tries)
			}
		}
		appends := func(id call.ContactID, err error) {
			j.err = err
			_, _ = w.Append(t.Context(), switchboard.Entry{Contact: call.Contact{ID: id}}, 0)
			j.err = nil
		}
		is("after the start", nil, 2)
		is("just after a write", nil, 0)
		<-time.After(healthyFor)
		is("after a while", nil, 1)
		<-time.After(healthyFor)
		j.err = full
		is("full", full, 1)
		is("full still", full, 1)
		j.err = nil
		is("freed", nil, 1)
		appends("a", full)
		appends("b", nil)
		is("while an entry is not written", full, 0)
		appends("a", nil)
		is("when it is", nil, 0)
		appends("a", switchboard.ErrFenced)
		appends("a", context.Canceled)
		is("after errors that are not the journal's", nil, 0)
		appends("a", full)
		<-time.After(troubledFor + 1)
		is("when nobody tries to write it any more", nil, 1)
	})
}
