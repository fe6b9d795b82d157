package demo

import (
	"context"

	"holdfast/call"
	"holdfast/client"
	"holdfast/softphone"
)

// warm: ana talks to cardiology alone, to the customer alone, to both, and
// leaves the two with each other.
func warm(ctx context.Context, a *act) error {
	target, err := a.consult(ctx)
	if err != nil {
		return err
	}
	a.expect(!a.customerLine.everHears(a.cardiology), "the customer does not hear the consultation")
	if _, err := a.client.Swap(ctx, a.contact); err != nil {
		return err
	}
	if err := a.hears(ctx, target, holdAudio); err != nil {
		return err
	}
	if err := a.hearEachOther(ctx, a.customerLine, a.anaLine); err != nil {
		return err
	}
	if _, err := a.client.Conference(ctx, a.contact); err != nil {
		return err
	}
	if err := a.allHearEachOther(ctx, a.customerLine, a.anaLine, target); err != nil {
		return err
	}
	if _, err := a.client.Complete(ctx, a.contact); err != nil {
		return err
	}
	return a.handedOver(ctx, target)
}

// consult: ana reaches cardiology, and the two talk while the customer waits.
func (a *act) consult(ctx context.Context) (*line, error) {
	a.cardiology.Answering(softphone.Behaviour{})
	target, err := a.begin(ctx, client.TransferRequest{Target: "cardiology", Kind: call.Warm})
	if err != nil {
		return nil, err
	}
	return target, a.consultation(ctx, target)
}

func (a *act) consultation(ctx context.Context, target *line) error {
	if err := a.hearEachOther(ctx, a.anaLine, target); err != nil {
		return err
	}
	return a.hears(ctx, a.customerLine, holdAudio)
}

func (a *act) allHearEachOther(ctx context.Context, one, two, three *line) error {
	if err := a.hears(ctx, one, two.who, three.who); err != nil {
		return err
	}
	if err := a.hears(ctx, two, one.who, three.who); err != nil {
		return err
	}
	return a.hears(ctx, three, one.who, two.who)
}
