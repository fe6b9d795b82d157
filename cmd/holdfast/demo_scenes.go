package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"holdfast/call"
	"holdfast/client"
	"holdfast/softphone"
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
	{"kill", "the server is killed while the customer is on hold", killed},
}

// silenceLimit is how long the customer may be without sound (P2).
const silenceLimit = 2 * time.Second

// answered: cardiology picks up, the agent is released, the two talk.
func answered(ctx context.Context, a *act) error {
	a.cardiology.Answering(softphone.Behaviour{After: 1500 * time.Millisecond})
	if err := a.talk(ctx); err != nil {
		return err
	}
	target, err := a.transfer(ctx)
	if err != nil {
		return err
	}
	if err := errors.Join(
		a.hears(ctx, "the customer", a.customerCall, cardiologyTone),
		a.hears(ctx, "cardiology", target, customerTone),
		ended(ctx, "ana", a.anaCall),
	); err != nil {
		return err
	}
	handOver := a.firstHeard(cardiologyTone).Sub(target.Recording().Began())
	a.measure("same sound %d ms after cardiology picked up", handOver.Milliseconds())
	a.expect(!isEnded(a.customerCall), "the customer's line stays up")
	a.expect(!a.customerCall.Recording().EverHears(anaTone, a.since(target.Recording().Began())+time.Second, time.Hour),
		"ana is out of the sound a second later")
	a.customerCall.HangUp()
	if err := ended(ctx, "cardiology", target); err != nil {
		return err
	}
	return a.outcome(ctx, call.Completed, "")
}

// noAnswer: cardiology lets it ring; after three seconds the customer is with
// ana again, on hold.
func noAnswer(ctx context.Context, a *act) error {
	a.cardiology.Answering(softphone.Behaviour{Do: softphone.RingForever})
	if err := a.talk(ctx); err != nil {
		return err
	}
	target, err := a.transfer(ctx)
	if err != nil {
		return err
	}
	if err := ended(ctx, "cardiology", target); err != nil {
		return err
	}
	a.expect(target.EndedBy() == softphone.Cancelled, "cardiology stops ringing")
	return a.backWithAna(ctx, call.NoAnswer)
}

// busy: the customer is with ana again at once, on hold.
func busy(ctx context.Context, a *act) error {
	a.cardiology.Answering(softphone.Behaviour{Do: softphone.Busy})
	if err := a.talk(ctx); err != nil {
		return err
	}
	if _, err := a.transfer(ctx); err != nil {
		return err
	}
	return a.backWithAna(ctx, call.Busy)
}

// backWithAna: the customer heard hold audio and nothing else, ana is told why,
// and takes them off hold.
func (a *act) backWithAna(ctx context.Context, why call.Reason) error {
	if _, err := a.await(ctx, func(c call.Contact) bool { return c.Transfer == nil && len(c.Past) > 0 }); err != nil {
		return err
	}
	if err := a.hears(ctx, "the customer", a.customerCall, softphone.HoldTone); err != nil {
		return err
	}
	a.expect(!isEnded(a.anaCall) && !isEnded(a.customerCall), "the customer is on hold with ana")
	if _, err := a.client.Resume(ctx, a.contact); err != nil {
		return err
	}
	if err := a.hears(ctx, "the customer", a.customerCall, anaTone); err != nil {
		return err
	}
	a.expect(!a.customerCall.Recording().EverHears(cardiologyTone, 0, time.Hour), "the customer never heard cardiology")
	return errors.Join(a.goodbye(ctx), a.outcome(ctx, call.TransferFailed, why))
}

// customerLeaves: cardiology stops ringing within a second, ana is let go.
func customerLeaves(ctx context.Context, a *act) error {
	a.cardiology.Answering(softphone.Behaviour{Do: softphone.RingForever})
	if err := a.talk(ctx); err != nil {
		return err
	}
	target, err := a.transfer(ctx)
	if err != nil {
		return err
	}
	if err := a.hears(ctx, "the customer", a.customerCall, softphone.HoldTone); err != nil {
		return err
	}
	left := time.Now()
	a.customerCall.HangUp()
	if err := ended(ctx, "cardiology", target); err != nil {
		return err
	}
	took := time.Since(left)
	a.measure("cardiology stopped ringing after %d ms", took.Milliseconds())
	a.expect(target.EndedBy() == softphone.Cancelled && took < time.Second, "cardiology stops ringing within a second")
	return errors.Join(ended(ctx, "ana", a.anaCall), a.outcome(ctx, call.Abandoned, call.CustomerLeft))
}

// killed: the server dies without a word while the customer is on hold. It is
// started again, and the customer never notices more than a short silence.
func killed(ctx context.Context, a *act) error {
	if err := a.talk(ctx); err != nil {
		return err
	}
	if _, err := a.client.Hold(ctx, a.contact); err != nil {
		return err
	}
	if err := a.hears(ctx, "the customer", a.customerCall, softphone.HoldTone); err != nil {
		return err
	}
	at := time.Now()
	a.say("kill -9")
	if err := a.kill(); err != nil {
		return err
	}
	if err := a.start(ctx); err != nil {
		return err
	}
	a.say("the server is back after %d ms", time.Since(at).Milliseconds())
	if err := a.hears(ctx, "the customer", a.customerCall, softphone.HoldTone); err != nil {
		return err
	}
	gap := a.customerCall.Recording().LongestGapWithin(a.since(at), a.customerCall.Recording().Length())
	a.measure("sound back after %d ms", gap.Milliseconds())
	a.expect(gap < silenceLimit, "the customer is without sound for less than %s", silenceLimit)
	if _, err := a.client.Resume(ctx, a.contact); err != nil {
		return err
	}
	if err := errors.Join(
		a.hears(ctx, "the customer", a.customerCall, anaTone),
		a.hears(ctx, "ana", a.anaCall, customerTone),
	); err != nil {
		return err
	}
	return a.goodbye(ctx)
}

// talk: the customer calls, ana answers, and they hear each other.
func (a *act) talk(ctx context.Context) (err error) {
	if a.customerCall, err = a.customer.Dial(ctx, "sip:help@"+a.sip.String()); err != nil {
		return fmt.Errorf("the customer calls: %w", err)
	}
	if a.anaCall, err = a.ana.Incoming(ctx); err != nil {
		return fmt.Errorf("ana is rung: %w", err)
	}
	contacts, err := a.client.Contacts(ctx)
	if err != nil {
		return err
	}
	if len(contacts) != 1 {
		return fmt.Errorf("the server has %d contacts, want 1", len(contacts))
	}
	a.contact = contacts[0].ID
	return errors.Join(
		a.hears(ctx, "the customer", a.customerCall, anaTone),
		a.hears(ctx, "ana", a.anaCall, customerTone),
	)
}

// transfer asks for the cold transfer and waits until cardiology is rung.
func (a *act) transfer(ctx context.Context) (*softphone.Call, error) {
	if _, err := a.client.Transfer(ctx, a.contact, client.TransferRequest{Target: "cardiology"}); err != nil {
		return nil, err
	}
	target, err := a.cardiology.Incoming(ctx)
	if err != nil {
		return nil, fmt.Errorf("cardiology is rung: %w", err)
	}
	a.cardiologyCall = target
	return target, nil
}

// goodbye: the customer hangs up, and so ana's line ends.
func (a *act) goodbye(ctx context.Context) error {
	a.customerCall.HangUp()
	return ended(ctx, "ana", a.anaCall)
}
