package demo

import (
	"context"
	"time"

	"holdfast/call"
	"holdfast/client"
	"holdfast/softphone"
)

// blindComesBack: ana is let go while cardiology rings, cardiology is busy, and
// ana is recalled.
func blindComesBack(ctx context.Context, a *act) error {
	a.cardiology.Answering(softphone.Behaviour{Do: softphone.Busy, After: time.Second})
	target, err := a.begin(ctx, client.TransferRequest{Target: "cardiology", Kind: call.Blind})
	if err != nil {
		return err
	}
	if err := a.anaLine.awaitEnd(ctx); err != nil {
		return err
	}
	a.expect(!target.ended(), "ana is let go while cardiology rings")
	if err := a.hears(ctx, a.customerLine, holdAudio); err != nil {
		return err
	}
	if err := target.awaitEnd(ctx); err != nil {
		return err
	}
	failed := time.Now()
	if _, err := a.rung(ctx, a.ana); err != nil {
		return err
	}
	if err := a.backWithAna(ctx, call.Busy); err != nil {
		return err
	}
	a.measure("with ana again within %d ms",
		firstHears(a.customerLine, a.ana, failed).Sub(failed).Milliseconds())
	return nil
}

// agentGone: ana hangs up while cardiology rings, cardiology declines, and ana
// does not answer when recalled. The customer is parked, and picked up.
func agentGone(ctx context.Context, a *act) error {
	a.cardiology.Answering(softphone.Behaviour{Do: softphone.Decline, After: time.Second})
	target, err := a.begin(ctx, toCardiology)
	if err != nil {
		return err
	}
	defer a.ana.Answering(softphone.Behaviour{})
	a.ana.Answering(softphone.Behaviour{Do: softphone.RingForever})
	a.anaLine.HangUp()
	if err := a.hears(ctx, a.customerLine, holdAudio); err != nil {
		return err
	}
	if err := target.awaitEnd(ctx); err != nil {
		return err
	}
	if _, err := a.rung(ctx, a.ana); err != nil {
		return err
	}
	if err := a.anaLine.awaitEnd(ctx); err != nil {
		return err
	}
	return a.pickedUp(ctx)
}

// pickedUp: the customer waits without anybody, and hears so, until ana has
// time.
func (a *act) pickedUp(ctx context.Context) error {
	if _, err := a.await(ctx, func(c call.Contact) bool { return c.Stage == call.Parked }); err != nil {
		return err
	}
	if err := a.hears(ctx, a.customerLine, parkAudio); err != nil {
		return err
	}
	a.ana.Answering(softphone.Behaviour{})
	if _, err := a.client.PickUp(ctx, a.contact, a.ana.name); err != nil {
		return err
	}
	if _, err := a.rung(ctx, a.ana); err != nil {
		return err
	}
	return a.backWithAna(ctx, call.Declined)
}
