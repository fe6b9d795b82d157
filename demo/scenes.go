package demo

import (
	"context"
	"fmt"
	"time"

	"holdfast/call"
	"holdfast/client"
)

// scenes is what the demo plays, in order.
var scenes = []struct {
	name  string
	title string
	play  func(context.Context, *act) error
}{
	{"answered", "cold transfer, cardiology answers", answered},
	{"no-answer", "cold transfer, nobody answers", noAnswer},
	{"busy", "cold transfer, cardiology is busy", busy},
	{"customer-leaves", "the customer hangs up while cardiology rings", customerLeaves},
	{"in-turn", "two targets in turn: cardiology is busy, reception answers", inTurn},
	{"at-once", "two targets at once: reception is quicker", atOnce},
	{"voicemail", "cardiology's voicemail does not press 1, reception does", voicemail},
	{"warm", "warm transfer: consulted, introduced, handed over", warm},
	{"blind", "blind transfer, cardiology is busy: ana is recalled", blindComesBack},
	{"agent-gone", "ana has gone, and cardiology declines: parked, and picked up", agentGone},
	{"kill", "the server is killed while the customer is on hold", killedOnHold},
	{"kill-consulting", "the server is killed while ana consults cardiology", killedConsulting},
}

// silenceLimit is how long the customer may be without audio (P2).
const silenceLimit = 2 * time.Second

// talk: the customer calls, ana answers, and they hear each other.
func (a *act) talk(ctx context.Context) error {
	customer, err := a.customer.Dial(ctx, "sip:help@"+a.sip.String())
	if err != nil {
		return fmt.Errorf("the customer calls: %w", err)
	}
	a.takesPart(&line{a.customer, customer})
	if _, err := a.rung(ctx, a.ana); err != nil {
		return err
	}
	contacts, err := a.client.Contacts(ctx)
	if err != nil {
		return err
	}
	if len(contacts) != 1 {
		return fmt.Errorf("the server has %d contacts, want 1", len(contacts))
	}
	a.contact = contacts[0].ID
	return a.hearEachOther(ctx, a.customerLine, a.anaLine)
}

// begin: customer and ana talk, and ana asks for a transfer, whose first target
// is rung.
func (a *act) begin(ctx context.Context, t client.TransferRequest) (*line, error) {
	if err := a.talk(ctx); err != nil {
		return nil, err
	}
	if _, err := a.client.Transfer(ctx, a.contact, t); err != nil {
		return nil, err
	}
	return a.rung(ctx, a.person(t.Target))
}

// handedOver: ana is let go, and customer and target are alone with each other.
// Then they say goodbye.
func (a *act) handedOver(ctx context.Context, target *line) error {
	if err := a.anaLine.awaitEnd(ctx); err != nil {
		return err
	}
	if err := a.hearEachOther(ctx, a.customerLine, target); err != nil {
		return err
	}
	a.expect(!a.customerLine.ended(), "the customer's line stays up")
	a.customerLine.HangUp()
	if err := target.awaitEnd(ctx); err != nil {
		return err
	}
	return a.outcome(ctx, call.Completed, "")
}

// backWithAna: the two hear each other again and say goodbye; the transfer has
// failed.
func (a *act) backWithAna(ctx context.Context, why call.Reason) error {
	if err := a.hearEachOther(ctx, a.customerLine, a.anaLine); err != nil {
		return err
	}
	a.expect(!a.customerLine.everHears(a.cardiology), "the customer never hears cardiology")
	if err := a.goodbye(ctx); err != nil {
		return err
	}
	return a.outcome(ctx, call.TransferFailed, why)
}

// goodbye: the customer hangs up, and so ana's line ends.
func (a *act) goodbye(ctx context.Context) error {
	a.customerLine.HangUp()
	return a.anaLine.awaitEnd(ctx)
}
