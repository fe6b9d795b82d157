package webleg

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"holdfast/call"
	"holdfast/softphone"
)

// These stories run in virtual time, with fake sessions.

// fakes is an answerer without a network.
type fakes struct {
	mu   sync.Mutex // guards what follows
	made []*fake
	wait <-chan struct{} // answers come once it is closed; nil: at once
	err  error
}

func (f *fakes) address() netip.AddrPort { return loopback }
func (f *fakes) close() error            { return nil }

func (f *fakes) answer(ctx context.Context, _ offer, to receiver) (session, string, error) {
	if f.wait != nil {
		<-f.wait
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err != nil {
		return nil, "", f.err
	}
	s := &fake{ear: newEar(), to: to}
	f.made = append(f.made, s)
	return s, "an answer", nil
}

// session returns the nth session that was made, from 1.
func (f *fakes) session(n int) *fake {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.made[n-1]
}

// A fake is a session without a network. It hears packets even before it is
// connected.
type fake struct {
	*ear
	to receiver

	mu     sync.Mutex // guards closed
	closed int
}

func (f *fake) send(packet []byte) error {
	f.take(packet)
	return nil
}

func (f *fake) doubt() {}

func (f *fake) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed++
}

func (f *fake) isClosed() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.closed > 0
}

// talkFor has the browser speak for a while.
func (f *fake) talkFor(d time.Duration, v *voice) {
	for range d / (20 * time.Millisecond) {
		f.to.packet(v.next())
		pass(20 * time.Millisecond)
	}
}

func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

// inBubble runs a story in which a customer has called ana.
func inBubble(t *testing.T, story func(h *house, f *fakes)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		f := &fakes{}
		h := newHouse(t, newJournal(), Options{}, f)
		h.calls("c1", theCustomer)
		story(h, f)
		h.close()
		for n := range f.made {
			if !f.made[n].isClosed() {
				t.Errorf("session %d was not closed", n+1)
			}
		}
	})
}

func (h *house) connects() error {
	_, err := h.legs.Connect(context.Background(), "c1", 2, offers(h.t)["chrome"])
	synctest.Wait()
	return err
}

// talksInBubble makes ana talk in the first session.
func (h *house) talksInBubble(f *fakes) *fake {
	h.t.Helper()
	if err := h.connects(); err != nil {
		h.t.Fatal(err)
	}
	s := f.session(1)
	s.to.connected()
	h.accepts("c1")
	synctest.Wait()
	h.wantState(2, call.Connected)
	return s
}

func (h *house) wantState(c call.ConnectionID, want call.State) {
	h.t.Helper()
	if got := stateOf(h.journal.contact("c1"), c); got != want {
		h.t.Errorf("connection %d is %q, want %q", c, got, want)
	}
}

func TestMicrophoneThatNeverComes(t *testing.T) {
	inBubble(t, func(h *house, f *fakes) {
		h.accepts("c1")
		if err := h.connects(); err != nil {
			t.Fatal(err)
		}
		pass(29 * time.Second)
		h.wantState(2, call.Connecting)
		pass(2 * time.Second) // the offer's own limit
		h.wantState(2, "")
		if !f.session(1).isClosed() {
			t.Error("the session is still open")
		}
		f.session(1).to.connected()
		synctest.Wait()
		if err := h.connects(); err == nil || err.Error() != "contact c1 has no connection 2" {
			t.Errorf("connected too late: %v", err)
		}
	})
}

func TestBrowserThatDoesNotComeBack(t *testing.T) {
	inBubble(t, func(h *house, f *fakes) {
		h.talksInBubble(f).to.lost("no packet for 5s")
		pass(29 * time.Second)
		h.wantState(2, call.Away)
		pass(2 * time.Second)
		h.wantState(2, "")
		if !f.session(1).isClosed() {
			t.Error("the session is still open")
		}
	})
}

func TestSilenceIsFilledWithNoise(t *testing.T) {
	inBubble(t, func(h *house, f *fakes) {
		s, v := h.talksInBubble(f), newVoice(ana)
		s.talkFor(time.Second, v)
		from := h.ear("c1", 1).count()
		pass(time.Second)
		v.at += 50 * frame // the browser's clock goes on
		v.header.Timestamp += 50 * frame
		s.talkFor(time.Second, v)
		heard, _ := h.ear("c1", 1).since(from - 10)
		for i := range heard[1:] {
			if gap := heard[i+1].at.Sub(heard[i].at); gap > 100*time.Millisecond {
				t.Errorf("nothing is heard for %s", gap)
			}
			if n := heard[i+1].SequenceNumber - heard[i].SequenceNumber; n != 1 {
				t.Errorf("%d packets are missing", n-1)
			}
		}
		var tones []float64
		for _, span := range softphone.Heard(samples(heard), ana, softphone.HoldTone) {
			tones = append(tones, append(span.Tones, 0)[0])
		}
		if want := []float64{ana, 0, ana}; !slices.Equal(tones, want) {
			t.Errorf("heard %v, want %v", tones, want)
		}
		h.wantStory("c1", "Arrived", "Rang", "AcceptRequested", "Answered")
	})
}

func TestLateNewsOfAReplacedSession(t *testing.T) {
	inBubble(t, func(h *house, f *fakes) {
		old := h.talksInBubble(f)
		if err := h.connects(); err != nil {
			t.Fatal(err)
		}
		if !old.isClosed() {
			t.Error("the replaced session is still open")
		}
		old.to.lost("late")
		old.to.connected()
		synctest.Wait()
		h.wantState(2, call.Away)
		s := f.session(2)
		s.to.connected()
		old.to.lost("late")
		synctest.Wait()
		h.wantState(2, call.Connected)
		before := old.count()
		s.talkFor(time.Second, newVoice(ana))
		s.hears(t, theCustomer)
		if old.count() != before {
			t.Error("the replaced session is still sent to")
		}
	})
}

func TestOneSessionIsMadeAtATime(t *testing.T) {
	inBubble(t, func(h *house, f *fakes) {
		answers := make(chan struct{})
		f.wait = answers
		var pages sync.WaitGroup
		var first, last error
		pages.Go(func() { _, first = h.legs.Connect(context.Background(), "c1", 2, offers(t)["chrome"]) })
		synctest.Wait()
		ctx, cancel := context.WithCancel(context.Background())
		pages.Go(func() { _, last = h.legs.Connect(ctx, "c1", 2, offers(t)["chrome"]) })
		synctest.Wait()
		cancel()
		synctest.Wait()
		close(answers)
		pages.Wait()
		if first != nil || !errors.Is(last, context.Canceled) {
			t.Errorf("first %v, last %v", first, last)
		}
		if len(f.made) != 1 {
			t.Errorf("%d sessions", len(f.made))
		}
	})
}

func TestAnswerThatComesToNothing(t *testing.T) {
	inBubble(t, func(h *house, f *fakes) {
		s := h.talksInBubble(f)
		f.err = errors.New("no candidate")
		if err := h.connects(); err == nil || err.Error() != "answering the offer of ana: no candidate" {
			t.Errorf("%v", err)
		}
		if s.isClosed() {
			t.Error("the session that was there has ended")
		}
		h.wantState(2, call.Connected)
	})
}

func TestContactThatEndsBeforeTheAnswer(t *testing.T) {
	inBubble(t, func(h *house, f *fakes) {
		answers := make(chan struct{})
		f.wait = answers
		var page sync.WaitGroup
		var err error
		page.Go(func() { _, err = h.legs.Connect(context.Background(), "c1", 2, offers(t)["chrome"]) })
		synctest.Wait()
		h.board.Deliver("c1", 1, hungUp{})
		synctest.Wait()
		close(answers)
		page.Wait()
		if !errors.Is(err, errEnded) {
			t.Errorf("%v", err)
		}
	})
}

// The agent is released when the customer has left even if the journal hangs (P6).
func TestReleasedWithoutAJournal(t *testing.T) {
	inBubble(t, func(h *house, f *fakes) {
		s := h.talksInBubble(f)
		h.journal.hang(true)
		h.board.Deliver("c1", 1, hungUp{})
		pass(1500 * time.Millisecond) // the entry is given up after a second
		if !s.isClosed() {
			t.Error("the session is still open")
		}
		h.journal.hang(false)
		pass(5 * time.Second)
		if got := h.journal.contact("c1").Stage; got != call.Over {
			t.Errorf("the contact is %s", got)
		}
	})
}
