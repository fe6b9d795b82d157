package journal

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"holdfast/call"
	"holdfast/switchboard"
)

// faulty is a publisher with whom things go wrong: each of its faults is used
// for one message, then all goes well.
type faulty struct {
	publisher
	faults *[]fault
}

// A fault gets a message, and the means to publish it after all.
type fault func(ctx context.Context, publish func() (*jetstream.PubAck, error)) (*jetstream.PubAck, error)

func (f *faulty) PublishMsg(ctx context.Context, m *nats.Msg, opts ...jetstream.PublishOpt) (*jetstream.PubAck, error) {
	publish := func() (*jetstream.PubAck, error) { return f.publisher.PublishMsg(ctx, m, opts...) }
	if len(*f.faults) == 0 {
		return publish()
	}
	next := (*f.faults)[0]
	*f.faults = (*f.faults)[1:]
	return next(ctx, publish)
}

func (j *Journal) fail(faults ...fault) {
	j.pub, j.past.pub = &faulty{j.js, &faults}, &faulty{j.past.js, &faults}
}

// ackLost is a write that lands, and nobody hears of it.
func ackLost(_ context.Context, publish func() (*jetstream.PubAck, error)) (*jetstream.PubAck, error) {
	if _, err := publish(); err != nil {
		return nil, err
	}
	return nil, context.DeadlineExceeded
}

// writeLost is a write that never arrives.
func writeLost(context.Context, func() (*jetstream.PubAck, error)) (*jetstream.PubAck, error) {
	return nil, context.DeadlineExceeded
}

// spurious is how a replicated stream refuses a write when another of the same
// subject is on its way.
func spurious(context.Context, func() (*jetstream.PubAck, error)) (*jetstream.PubAck, error) {
	return nil, &jetstream.APIError{Code: 400, ErrorCode: 10164, Description: "wrong last sequence"}
}

// hangs is a journal that does not answer.
func hangs(ctx context.Context, _ func() (*jetstream.PubAck, error)) (*jetstream.PubAck, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// fullDisk is an error that leaves nothing open.
func fullDisk(context.Context, func() (*jetstream.PubAck, error)) (*jetstream.PubAck, error) {
	return nil, &jetstream.APIError{Code: 503, ErrorCode: 10077, Description: "no space left on device"}
}

func TestAppendReturnsTheSequence(t *testing.T) {
	j := open(t, t.TempDir())
	one := mustAppend(t, j, entry("a", 1), 0)
	other := mustAppend(t, j, entry("b", 1), 0)
	two := mustAppend(t, j, entry("a", 2), one)
	if one != 1 || other != 2 || two != 3 {
		t.Errorf("got %d, %d, %d; want 1, 2, 3", one, other, two)
	}
	if got, want := history(t, j, "a"), "1:a/1 3:a/2"; got != want {
		t.Errorf("history: %s, want %s", got, want)
	}
}

func TestAppendIsFencedByAnotherOwner(t *testing.T) {
	successor := entry("a", 3)
	successor.Owner = "two"
	successor.Epoch = 2
	restarted := successor
	restarted.Owner = "one"
	for name, next := range map[string]switchboard.Entry{"another node": successor, "the same node, restarted": restarted} {
		t.Run(name, func(t *testing.T) {
			j := open(t, t.TempDir())
			last := live(t, j, "a", 2)
			mustAppend(t, j, next, last)
			before := history(t, j, "a")

			_, err := j.Append(t.Context(), entry("a", 3), last)
			if !errors.Is(err, switchboard.ErrFenced) {
				t.Errorf("got %v, want ErrFenced", err)
			}
			if got := history(t, j, "a"); got != before {
				t.Errorf("the stale owner changed the journal to %s", got)
			}
		})
	}
}

func TestOneOfTwoSuccessorsWins(t *testing.T) {
	j := open(t, t.TempDir())
	last := live(t, j, "a", 1)
	type result struct {
		owner string
		err   error
	}
	results := make(chan result)
	for _, owner := range []string{"two", "three"} {
		go func() {
			e := entry("a", 2)
			e.Owner, e.Epoch = owner, 2
			_, err := j.Append(t.Context(), e, last)
			results <- result{owner, err}
		}()
	}
	a, b := <-results, <-results
	if a.err != nil {
		a, b = b, a
	}
	if a.err != nil || !errors.Is(b.err, switchboard.ErrFenced) {
		t.Errorf("%s: %v, %s: %v; want one to win and the other to be fenced", a.owner, a.err, b.owner, b.err)
	}
}

func TestAppendAgain(t *testing.T) {
	j := open(t, t.TempDir())
	one := mustAppend(t, j, entry("a", 1), 0)
	two := mustAppend(t, j, entry("a", 2), one)

	if again := mustAppend(t, j, entry("a", 2), one); again != two {
		t.Errorf("the same entry again is %d, want %d", again, two)
	}
	other := entry("a", 2)
	other.Trace = []string{"<- BYE"}
	if replaced := mustAppend(t, j, other, one); replaced != 3 {
		t.Errorf("another plan for the step is %d, want 3", replaced)
	}
	if _, err := j.Append(t.Context(), entry("a", 1), 0); err == nil || errors.Is(err, switchboard.ErrFenced) {
		t.Errorf("a step that is long past: %v", err)
	}
	for e, err := range j.Live(t.Context()) {
		if err != nil || len(e.Trace) != 1 {
			t.Errorf("the last entry is %+v (%v), want the replacement", e, err)
		}
	}
	if got, want := history(t, j, "a"), "1:a/1 2:a/2 3:a/2"; got != want {
		t.Errorf("history: %s, want %s", got, want)
	}
}

func TestAppendSettlesWhatIsUnknown(t *testing.T) {
	for name, faults := range map[string][]fault{
		"the acknowledgement was lost":       {ackLost},
		"the write was lost":                 {writeLost},
		"both, one after the other":          {writeLost, ackLost},
		"spurious rejections":                {spurious, spurious, spurious},
		"a spurious rejection of a repeat":   {ackLost, spurious},
		"a rejection, then a lost ack":       {spurious, ackLost},
		"the write was lost again and again": {writeLost, writeLost, writeLost},
	} {
		t.Run(name, func(t *testing.T) {
			j := open(t, t.TempDir())
			last := live(t, j, "a", 1)
			j.fail(faults...)
			last = mustAppend(t, j, entry("a", 2), last)
			mustAppend(t, j, entry("a", 3), last)
			if got, want := history(t, j, "a"), "1:a/1 2:a/2 3:a/3"; got != want {
				t.Errorf("history: %s, want %s", got, want)
			}
		})
	}
}

func TestTheFirstWriteMayBeLostToo(t *testing.T) {
	for name, f := range map[string]fault{"ack": ackLost, "write": writeLost, "rejected": spurious} {
		t.Run(name, func(t *testing.T) {
			j := open(t, t.TempDir())
			j.fail(f)
			mustAppend(t, j, entry("a", 1), 0)
			if got, want := history(t, j, "a"), "1:a/1"; got != want {
				t.Errorf("history: %s, want %s", got, want)
			}
		})
	}
}

func TestAPlanMayChangeAfterAnUnknownWrite(t *testing.T) {
	j := open(t, t.TempDir())
	last := live(t, j, "a", 1)
	j.fail(func(_ context.Context, publish func() (*jetstream.PubAck, error)) (*jetstream.PubAck, error) {
		if _, err := publish(); err != nil {
			return nil, err
		}
		return nil, errors.New("the line broke")
	})
	if _, err := j.Append(t.Context(), entry("a", 2), last); err == nil {
		t.Fatal("the unknown write succeeded")
	}
	other := entry("a", 2)
	other.Trace = []string{"<- BYE"}
	seq := mustAppend(t, j, other, last)
	mustAppend(t, j, entry("a", 3), seq)
	if got, want := history(t, j, "a"), "1:a/1 2:a/2 3:a/2 4:a/3"; got != want {
		t.Errorf("history: %s, want %s", got, want)
	}
}

func TestAppendEndsWithItsContext(t *testing.T) {
	j := open(t, t.TempDir())
	j.fail(hangs)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	begin := time.Now()
	_, err := j.Append(ctx, entry("a", 1), 0)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	if took := time.Since(begin); took > ackWithin/2 {
		t.Errorf("it took %v", took)
	}
}

func TestAppendReportsAFullDiskAtOnce(t *testing.T) {
	j := open(t, t.TempDir())
	j.fail(fullDisk)
	_, err := j.Append(t.Context(), entry("a", 1), 0)
	if err == nil || !strings.Contains(err.Error(), "no space left") {
		t.Errorf("got %v", err)
	}
	if got := history(t, j, "a"); got != "" {
		t.Errorf("history: %s", got)
	}
	mustAppend(t, j, entry("a", 1), 0)
}

func TestALiveContactOutlivesItsStream(t *testing.T) {
	j := open(t, t.TempDir())
	archive(t, j, "gone", 2)
	last := live(t, j, "a", 3)
	if err := j.js.DeleteStream(t.Context(), "CONTACTS"); err != nil {
		t.Fatal(err)
	}
	seq := mustAppend(t, j, entry("a", 4), last)
	if seq <= last {
		t.Errorf("the entry is %d, not after %d", seq, last)
	}
	mustAppend(t, j, entry("a", 5), seq)
	if got, want := steps(j.Live(t.Context())), "7:a/5"; got != want {
		t.Errorf("live: %s, want %s", got, want)
	}
}

func TestALiveContactOutlivesItsSubject(t *testing.T) {
	j := open(t, t.TempDir())
	last := live(t, j, "a", 3)
	if err := j.contacts.Purge(t.Context()); err != nil {
		t.Fatal(err)
	}
	mustAppend(t, j, entry("a", 4), last)
	if got, want := history(t, j, "a"), "4:a/4"; got != want {
		t.Errorf("history: %s, want %s", got, want)
	}
}

// The journal may lose the last entry of a living contact, so that an earlier one, of
// another owner or not, is its last.
func TestALiveContactOutlivesItsLastEntry(t *testing.T) {
	for name, epoch := range map[string]uint16{"the first of an owner": 2, "a later one": 1} {
		t.Run(name, func(t *testing.T) {
			j := open(t, t.TempDir())
			e := fat("a", 4, 3)
			e.Epoch = epoch
			last := mustAppend(t, j, e, live(t, j, "a", 3))
			if err := j.contacts.DeleteMsg(t.Context(), last); err != nil {
				t.Fatal(err)
			}
			e.Step = 5
			mustAppend(t, j, e, last)
			if got, want := history(t, j, "a"), "1:a/1 2:a/2 3:a/3 5:a/5"; got != want {
				t.Errorf("history: %s, want %s", got, want)
			}
			if m, err := j.contacts.GetMsg(t.Context(), 5); err != nil || rawMessage(m, 5).base != 0 {
				t.Errorf("it builds on an entry that may be lost: %v", err)
			}
		})
	}
}

// An owner whose entries were lost is fenced by a successor that goes on before them.
func TestASuccessorFencesInSpiteOfALoss(t *testing.T) {
	j := open(t, t.TempDir())
	last := live(t, j, "a", 2)
	successor := entry("a", 3)
	successor.Owner, successor.Epoch = "two", 2
	mustAppend(t, j, successor, last)
	if _, err := j.Append(t.Context(), entry("a", 3), 100); !errors.Is(err, switchboard.ErrFenced) {
		t.Errorf("got %v, want ErrFenced", err)
	}
}

func TestNobodyRevivesAnArchivedContact(t *testing.T) {
	j := open(t, t.TempDir())
	last := live(t, j, "a", 2)
	successor := over("a", 3)
	successor.Owner, successor.Epoch = "two", 2
	mustAppend(t, j, successor, last)
	if err := j.Archive(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	if _, err := j.Append(t.Context(), entry("a", 3), last); !errors.Is(err, switchboard.ErrFenced) {
		t.Errorf("the stale owner got %v, want ErrFenced", err)
	}
	if err := j.js.DeleteStream(t.Context(), "CONTACTS"); err != nil {
		t.Fatal(err)
	}
	if _, err := j.Append(t.Context(), entry("a", 3), last); !errors.Is(err, switchboard.ErrFenced) {
		t.Errorf("without the stream, the stale owner got %v, want ErrFenced", err)
	}
	successor.Step = 4
	if _, err := j.Append(t.Context(), successor, 3); err == nil || errors.Is(err, switchboard.ErrFenced) {
		t.Errorf("the last owner got %v", err)
	}
	if got := steps(j.Live(t.Context())); got != "" {
		t.Errorf("live: %s", got)
	}
}

func TestAppendRefusesWhatCannotBeASubject(t *testing.T) {
	j := open(t, t.TempDir())
	for _, id := range []string{"", "a.b", "a b", "*", ">", "a\nb", "\x00", "a\x7f"} {
		if _, err := j.Append(t.Context(), entry(id, 1), 0); err == nil || !strings.Contains(err.Error(), "contact id") {
			t.Errorf("%q: %v", id, err)
		}
		if err := j.Archive(t.Context(), call.ContactID(id)); err == nil {
			t.Errorf("%q: archived", id)
		}
	}
	nobody := entry("a", 1)
	nobody.Owner = ""
	if _, err := j.Append(t.Context(), nobody, 0); err == nil || !strings.Contains(err.Error(), "owner") {
		t.Errorf("without an owner: %v", err)
	}
	for _, id := range []string{"a", "b9d2-4c1f", "Zürich@pbx", "a/b:c"} {
		mustAppend(t, j, entry(id, 1), 0)
		if got := history(t, j, id); !strings.HasSuffix(got, ":"+id+"/1") {
			t.Errorf("%q: history %s", id, got)
		}
	}
}

func BenchmarkAppend(b *testing.B) {
	j := open(b, b.TempDir())
	var last, step uint64
	for b.Loop() {
		step++
		last = mustAppend(b, j, entry("a", step), last)
	}
}

func BenchmarkAppendManyContacts(b *testing.B) {
	j := open(b, b.TempDir())
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		id := rand.Text()
		var last, step uint64
		for pb.Next() {
			step++
			last = mustAppend(b, j, entry(id, step), last)
		}
	})
}

// pass is no fault.
func pass(_ context.Context, publish func() (*jetstream.PubAck, error)) (*jetstream.PubAck, error) {
	return publish()
}
