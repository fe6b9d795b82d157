package demo

import (
	"context"
	"errors"
	"time"

	"holdfast/call"
	"holdfast/client"
	"holdfast/softphone"
)

var toCardiology = client.TransferRequest{Target: "cardiology"}

// answered: cardiology picks up, the agent is released, the two talk.
func answered(ctx context.Context, a *act) error {
	a.cardiology.Answering(softphone.Behaviour{After: 1500 * time.Millisecond})
	target, err := a.begin(ctx, toCardiology)
	if err != nil {
		return err
	}
	if err := a.hears(ctx, a.customerLine, holdAudio); err != nil {
		return err
	}
	if err := a.handedOver(ctx, target); err != nil {
		return err
	}
	pickedUp := target.Recording().Began()
	a.measure("two-way audio within %d ms of cardiology's answer",
		firstHears(a.customerLine, a.cardiology, pickedUp).Sub(pickedUp).Milliseconds())
	return nil
}

// noAnswer: cardiology lets it ring; after two seconds the customer is with ana
// again, on hold.
func noAnswer(ctx context.Context, a *act) error {
	a.cardiology.Answering(softphone.Behaviour{Do: softphone.RingForever})
	target, err := a.begin(ctx, toCardiology)
	if err != nil {
		return err
	}
	if err := target.awaitEnd(ctx); err != nil {
		return err
	}
	a.expect(target.EndedBy() == softphone.Cancelled, "cardiology stops ringing")
	return a.onHoldWithAna(ctx, call.NoAnswer)
}

// busy: the customer is with ana again at once, on hold.
func busy(ctx context.Context, a *act) error {
	a.cardiology.Answering(softphone.Behaviour{Do: softphone.Busy})
	if _, err := a.begin(ctx, toCardiology); err != nil {
		return err
	}
	return a.onHoldWithAna(ctx, call.Busy)
}

// onHoldWithAna: the customer hears hold audio until ana, who knows why the
// transfer has failed, takes them off hold.
func (a *act) onHoldWithAna(ctx context.Context, why call.Reason) error {
	if _, err := a.await(ctx, func(c call.Contact) bool { return c.Transfer == nil && len(c.Past) > 0 }); err != nil {
		return err
	}
	if err := a.hears(ctx, a.customerLine, holdAudio); err != nil {
		return err
	}
	a.expect(!a.anaLine.ended() && !a.customerLine.ended(), "the customer is on hold with ana")
	if _, err := a.client.Resume(ctx, a.contact); err != nil {
		return err
	}
	return a.backWithAna(ctx, why)
}

// customerLeaves: cardiology stops ringing within a second, ana is let go.
func customerLeaves(ctx context.Context, a *act) error {
	a.cardiology.Answering(softphone.Behaviour{Do: softphone.RingForever})
	target, err := a.begin(ctx, toCardiology)
	if err != nil {
		return err
	}
	if err := a.hears(ctx, a.customerLine, holdAudio); err != nil {
		return err
	}
	left := time.Now()
	a.customerLine.HangUp()
	if err := target.awaitEnd(ctx); err != nil {
		return err
	}
	took := time.Since(left)
	a.measure("cardiology stopped ringing after %d ms", took.Milliseconds())
	a.expect(target.EndedBy() == softphone.Cancelled && took < time.Second, "cardiology stops ringing within a second")
	return errors.Join(a.anaLine.awaitEnd(ctx), a.outcome(ctx, call.Abandoned, call.CustomerLeft))
}
