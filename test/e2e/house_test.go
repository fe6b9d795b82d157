// Package e2e plays customers, agents and targets around a whole server, in this
// process and on real sockets: transfers, queues, registrations, restarts, and
// what comes in from strangers. It holds tests only.
package e2e

import (
	"context"
	"errors"
	"log/slog"
	"testing"

	"holdfast/call"
	"holdfast/client"
	"holdfast/holdfasttest"
	"holdfast/journal"
)

// A house is a bed with what is said and done in many tests here.
type house struct {
	*holdfasttest.Bed
	t *testing.T
}

// open starts a server with people around it, as change would have them. In the
// end its journal must be true.
func open(t *testing.T, change func(*holdfasttest.Bed)) *house {
	t.Helper()
	return &house{t: t, Bed: holdfasttest.Start(t, func(b *holdfasttest.Bed) {
		t.Cleanup(func() { verify(t, b.Options.Config.Journal.Dir) }) // after the server has ended
		if testing.Verbose() {
			b.Options.Log = slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))
		}
		if change != nil {
			change(b)
		}
	})}
}

// verify makes sure that what a server has left in its journal is true: every
// entry follows from the one before it.
func verify(t *testing.T, dir string) {
	t.Helper()
	l, err := journal.LookInto(context.Background(), dir)
	if err != nil {
		t.Errorf("looking into the journal: %v", err)
		return
	}
	report, err := l.Verify(context.Background())
	if err := errors.Join(err, l.Close()); err != nil {
		t.Error(err)
	}
	for _, damage := range report.Damage {
		t.Error(damage)
	}
	for _, mistake := range report.Mistakes {
		t.Error(mistake)
	}
}

// granted is for one of the agent's requests that must be.
func (h *house) granted(_ any, err error) {
	h.t.Helper()
	must(h.t, err)
}

// transfer asks for a cold transfer and waits until cardiology is rung.
func (h *house) transfer() {
	h.t.Helper()
	h.Transfer(client.TransferRequest{Target: "cardiology"})
	h.Rung("cardiology")
}

// consult has ana talk to cardiology while the customer waits.
func (h *house) consult() {
	h.t.Helper()
	h.Talk()
	h.Transfer(client.TransferRequest{Target: "cardiology", Kind: call.Warm})
	h.Rung("cardiology")
	h.Await(func(c call.Contact) bool { return c.Stage == call.Consulting })
	h.hearsConsultation()
}

func (h *house) hearsConsultation() {
	h.t.Helper()
	h.HearEachOther("ana", "cardiology")
	h.HearsOnly("customer", "hold audio")
}

// handedOver: customer and cardiology are alone with each other.
func (h *house) handedOver() {
	h.t.Helper()
	h.Ended("ana")
	h.HearEachOther("customer", "cardiology")
	h.leaves()
	h.completed()
}

// leaves: the customer hangs up.
func (h *house) leaves() {
	h.t.Helper()
	h.HangUp("customer")
}

// completed: everything is over, and the transfer did what it was to do.
func (h *house) completed() {
	h.t.Helper()
	if last := h.Over().Past[0]; last.Outcome != call.Completed {
		h.t.Errorf("the transfer is %s %s", last.Outcome, last.Reason)
	}
}

// goodbye: the customer hangs up, and that is the end of it.
func (h *house) goodbye() call.Contact {
	h.t.Helper()
	h.leaves()
	return h.Over()
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
