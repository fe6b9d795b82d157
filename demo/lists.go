package demo

import (
	"context"
	"strings"
	"time"

	"holdfast/client"
	"holdfast/softphone"
)

// inTurn: cardiology is busy, and so reception is rung, and answers.
func inTurn(ctx context.Context, a *act) error {
	a.cardiology.Answering(softphone.Behaviour{Do: softphone.Busy})
	a.reception.Answering(softphone.Behaviour{After: 1200 * time.Millisecond})
	if _, err := a.begin(ctx, client.TransferRequest{Target: "cardiology", Others: []string{"reception"}}); err != nil {
		return err
	}
	target, err := a.receptionRings(ctx)
	if err != nil {
		return err
	}
	return a.receptionTakes(ctx, target)
}

// atOnce: cardiology and reception ring; reception answers, and cardiology's
// phone is told so, lest it show a missed call.
func atOnce(ctx context.Context, a *act) error {
	a.cardiology.Answering(softphone.Behaviour{Do: softphone.RingForever})
	a.reception.Answering(softphone.Behaviour{After: 1200 * time.Millisecond})
	slower, err := a.begin(ctx, client.TransferRequest{Target: "cardiology", Others: []string{"reception"}, Parallel: true})
	if err != nil {
		return err
	}
	target, err := a.receptionRings(ctx)
	if err != nil {
		return err
	}
	if err := a.receptionTakes(ctx, target); err != nil {
		return err
	}
	a.expect(slower.EndedBy() == softphone.Cancelled, "cardiology stops ringing")
	a.expect(strings.Contains(slower.Reason(), "completed elsewhere"), "cardiology's phone is told that the call was completed elsewhere, not %q", slower.Reason())
	return nil
}

// voicemail: whoever answers must press 1. At cardiology a machine has answered,
// which never does; at reception it is a person.
func voicemail(ctx context.Context, a *act) error {
	a.cardiology.Answering(softphone.Behaviour{})
	a.reception.Answering(softphone.Behaviour{})
	machine, err := a.begin(ctx, client.TransferRequest{Target: "cardiology", Others: []string{"reception"}, Confirm: true})
	if err != nil {
		return err
	}
	if err := machine.awaitEnd(ctx); err != nil {
		return err
	}
	a.expect(strings.Contains(machine.Reason(), "not accepted"), "the machine is told that it has not accepted, not %q", machine.Reason())
	target, err := a.receptionRings(ctx)
	if err != nil {
		return err
	}
	if err := target.SendDigits("1"); err != nil {
		return err
	}
	if err := a.receptionTakes(ctx, target); err != nil {
		return err
	}
	a.expect(!machine.everHears(a.customer), "the machine never hears the customer")
	return nil
}

// receptionRings: meanwhile the customer hears hold audio.
func (a *act) receptionRings(ctx context.Context) (*line, error) {
	target, err := a.rung(ctx, a.reception)
	if err != nil {
		return nil, err
	}
	return target, a.hears(ctx, a.customerLine, holdAudio)
}

// receptionTakes: the customer is handed over, and has heard nobody else.
func (a *act) receptionTakes(ctx context.Context, target *line) error {
	if err := a.handedOver(ctx, target); err != nil {
		return err
	}
	a.expect(!a.customerLine.everHears(a.cardiology), "the customer never hears cardiology")
	return nil
}
