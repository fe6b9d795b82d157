package softphone

import (
	"errors"
	"log/slog"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"holdfast/siptransport"
	"holdfast/sipua"
)

// A transferee answers a call with the description that it was offered and, if it
// accepts transfers, reports on each: it tries, it rings, it has failed or succeeded.
type transferee struct {
	t        *testing.T
	wire     *siptransport.Wire
	accepts  bool
	outcome  int
	referred chan sipua.Referred

	mu     sync.Mutex
	dialog *sipua.Dialog
}

func startTransferee(t *testing.T, accepts bool, outcome int) *transferee {
	t.Helper()
	x := &transferee{t: t, accepts: accepts, outcome: outcome, referred: make(chan sipua.Referred, 1)}
	x.mu.Lock()
	defer x.mu.Unlock()
	wire, err := siptransport.Listen(siptransport.Options{
		Address: netip.MustParseAddrPort("127.0.0.1:0"), Receive: x.receive,
		Unreachable: func(netip.AddrPort) {}, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	x.wire = wire
	t.Cleanup(func() { _ = wire.Close() })
	return x
}

func (x *transferee) receive(m sipua.Received) {
	x.mu.Lock()
	defer x.mu.Unlock()
	now := time.Now()
	if x.dialog == nil {
		x.take(now, sipua.NewCallee(sipua.Local{Address: x.wire.Address()}, sipua.RandomIdentity(), 1, now, m))
		return
	}
	x.take(now, x.dialog.Receive(now, m))
}

func (x *transferee) take(now time.Time, s sipua.Step) {
	x.dialog = s.Dialog
	for _, m := range s.Out {
		if err := x.wire.Send(m); err != nil {
			x.t.Error(err)
		}
	}
	for _, ev := range s.Events {
		switch ev := ev.(type) {
		case sipua.Invited:
			x.take(now, x.dialog.Accept(now, ev.SDP, false))
		case sipua.Referred:
			x.referred <- ev
			if !x.accepts {
				x.take(now, x.dialog.RejectReferral(now, 403, "Forbidden", "not to there"))
				continue
			}
			x.take(now, x.dialog.AcceptReferral(now))
			x.take(now, x.dialog.Report(now, ev.CSeq, x.outcome, "Whatever", true))
		}
	}
}

func (x *transferee) uri() string { return sipua.Hop{AddrPort: x.wire.Address()}.URI("transferee") }

// statuses are those of a transfer, to its end.
func statuses(t *testing.T, notified <-chan int) []int {
	t.Helper()
	var all []int
	for {
		select {
		case status, more := <-notified:
			if !more {
				return all
			}
			all = append(all, status)
		case <-patient(t).Done():
			t.Fatalf("the transfer does not end; notified of %v", all)
		}
	}
}

func TestRefer(t *testing.T) {
	for _, hangsUp := range []bool{false, true} {
		x := startTransferee(t, true, 486)
		ana := start(t, Options{User: "ana"})
		c, err := ana.Dial(patient(t), x.uri())
		if err != nil {
			t.Fatal(err)
		}
		notified, err := c.Refer(patient(t), "sip:ben@192.0.2.7")
		if err != nil {
			t.Fatal(err)
		}
		if hangsUp {
			c.HangUp()
		}
		if got := statuses(t, notified); !slices.Equal(got, []int{100, 486}) {
			t.Errorf("hanging up: %v: notified of %v", hangsUp, got)
		}
		if ev := <-x.referred; ev.To.String() != "sip:ben@192.0.2.7" || ev.Replaces != nil {
			t.Errorf("referred to %v", ev)
		}
	}
}

func TestReferReplacing(t *testing.T) {
	x := startTransferee(t, true, 200)
	ana, ben := anaAndBen(t, Behaviour{Do: RingForever})
	c, err := ana.Dial(patient(t), x.uri())
	if err != nil {
		t.Fatal(err)
	}
	other, theirs := ring(t, ana, ben)
	notified, err := c.ReferReplacing(patient(t), other)
	if err != nil {
		t.Fatal(err)
	}
	if got := statuses(t, notified); !slices.Equal(got, []int{100, 200}) {
		t.Errorf("notified of %v", got)
	}
	ev := <-x.referred
	var named sipua.Replaces // as ben sees it
	asked := make(chan struct{})
	ben.do(func() { named = theirs.dialog.Named(); close(asked) })
	<-asked
	want := sipua.Replaces{CallID: named.CallID, ToTag: named.FromTag, FromTag: named.ToTag}
	if ev.Replaces == nil || *ev.Replaces != want {
		t.Errorf("replacing %v, want %v", ev.Replaces, want)
	}
}

func TestReferRefused(t *testing.T) {
	x := startTransferee(t, false, 0)
	ana, ben := anaAndBen(t, Behaviour{})
	c, err := ana.Dial(patient(t), x.uri())
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Refer(patient(t), "sip:ben@192.0.2.7")
	if refused, is := errors.AsType[*Refused](err); !is || refused.Status != 403 {
		t.Errorf("a transfer that is refused: %v", err)
	}
	toBen, _ := dial(t, ana, ben)
	_, err = toBen.Refer(patient(t), "sip:ben@192.0.2.7")
	if refused, is := errors.AsType[*Refused](err); !is || refused.Status != 603 {
		t.Errorf("a phone that is to be transferred: %v", err)
	}
	toBen.HangUp()
	if _, err = toBen.Refer(patient(t), "sip:ben@192.0.2.7"); err == nil {
		t.Error("a call that is over is transferred")
	}
}
