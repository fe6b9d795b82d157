package demo

import (
	"context"
	"time"
)

// killedOnHold: the server dies while the customer is on hold. Started again,
// it still has them on hold.
func killedOnHold(ctx context.Context, a *act) error {
	if err := a.talk(ctx); err != nil {
		return err
	}
	if _, err := a.client.Hold(ctx, a.contact); err != nil {
		return err
	}
	if err := a.hears(ctx, a.customerLine, holdAudio); err != nil {
		return err
	}
	if err := a.crash(ctx, func() error { return a.hears(ctx, a.customerLine, holdAudio) }); err != nil {
		return err
	}
	if _, err := a.client.Resume(ctx, a.contact); err != nil {
		return err
	}
	if err := a.hearEachOther(ctx, a.customerLine, a.anaLine); err != nil {
		return err
	}
	return a.goodbye(ctx)
}

// killedConsulting: the server dies while ana talks to cardiology. Started
// again, they go on talking, and ana hands the customer over.
func killedConsulting(ctx context.Context, a *act) error {
	target, err := a.consult(ctx)
	if err != nil {
		return err
	}
	if err := a.crash(ctx, func() error { return a.consultation(ctx, target) }); err != nil {
		return err
	}
	if _, err := a.client.Complete(ctx, a.contact); err != nil {
		return err
	}
	return a.handedOver(ctx, target)
}

// crash: the server dies without a word and is started again. Everybody hears
// what they did before; that the silence was short is expected of every scene.
func (a *act) crash(ctx context.Context, asBefore func() error) error {
	heard, at := a.customerLine.Recording(), time.Now()
	a.say("kill -9")
	if err := a.kill(); err != nil {
		return err
	}
	if err := a.start(ctx); err != nil {
		return err
	}
	a.say("the server is back after %d ms", time.Since(at).Milliseconds())
	if err := asBefore(); err != nil {
		return err
	}
	gap := heard.LongestGapWithin(heard.At(at), heard.Length())
	a.measure("audio back after %d ms", gap.Milliseconds())
	return nil
}
