package holdfasttest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"holdfast/call"
	"holdfast/client"
)

// Talk begins a contact: the customer calls, ana answers, and they hear each
// other.
func (b *Bed) Talk() {
	b.t.Helper()
	clear(b.calls)
	b.Dial(b.customer, "help")
	b.Rung("ana")
	b.Find()
	b.Hears(b.customer, "ana")
	b.Hears("ana", b.customer)
}

// Find sets Contact to the one that began last.
func (b *Bed) Find() {
	b.t.Helper()
	b.Eventually(func(ctx context.Context) error {
		all, err := b.Client.Contacts(ctx)
		if err != nil {
			return fmt.Errorf("finding the contact: %w", err)
		}
		if len(all) == 0 {
			return errors.New("there is no contact")
		}
		b.Contact = slices.MaxFunc(all, func(x, y call.Contact) int { return x.Arrived.Compare(y.Arrived) }).ID
		return nil
	})
}

// Transfer requests a transfer, which the server must grant.
func (b *Bed) Transfer(ask client.TransferRequest) {
	b.t.Helper()
	if _, err := b.Client.Transfer(b.Soon(), b.Contact, ask); err != nil {
		b.t.Fatalf("a transfer to %s: %v", ask.Target, err)
	}
}

// Do makes a request of the agent, such as b.Client.Hold, which the server must
// grant.
func (b *Bed) Do(verb func(context.Context, call.ContactID) (call.Contact, error)) {
	b.t.Helper()
	if _, err := verb(b.Soon(), b.Contact); err != nil {
		b.t.Fatalf("%v", err)
	}
}

// Await waits until wanted accepts the contact, and returns the contact. The server
// may be away for a part of that time.
func (b *Bed) Await(wanted func(call.Contact) bool) (found call.Contact) {
	b.t.Helper()
	b.Eventually(func(ctx context.Context) (err error) {
		if found, err = b.Client.Contact(ctx, b.Contact); err != nil {
			return fmt.Errorf("the contact: %w", err)
		}
		if !wanted(found) {
			return fmt.Errorf("the contact is %s, its transfers %+v", found.Stage, found.Past)
		}
		return nil
	})
	return found
}

// Settled waits until the transfer has an outcome, and returns the contact.
func (b *Bed) Settled() call.Contact {
	b.t.Helper()
	return b.Await(func(c call.Contact) bool { return c.Transfer == nil && len(c.Past) > 0 })
}

// Silence is the longest that a customer may be without audio.
const Silence = 2 * time.Second

// Over waits until all calls of this contact have ended and it is over, and until
// the server is Idle. It checks that the customer was never without audio for
// longer than Silence, and returns the contact.
func (b *Bed) Over() call.Contact {
	b.t.Helper()
	for name, calls := range b.calls {
		for _, c := range calls {
			b.ended(name, c)
		}
	}
	if gap := b.Heard(b.customer).LongestGap(); gap > Silence {
		b.t.Errorf("%s had no audio for %s", the(b.customer), gap)
	}
	over := b.Await(func(c call.Contact) bool { return c.Stage == call.Over })
	b.Idle()
	return over
}

// Idle waits until the server has no contact and all agents are free, so that the
// next call does not find them busy.
func (b *Bed) Idle() {
	b.t.Helper()
	if err := AwaitIdle(b.Soon(), b.Client); err != nil {
		b.t.Fatalf("%v", err)
	}
}

// repetitions is how long a phone may repeat a message, and so how long a leg is
// kept after its end: 64*T1 (RFC 3261 §17).
const repetitions = 32 * time.Second

// NoLegs waits until a server in this process has no legs, which takes half a
// minute after the end of a call.
func (b *Bed) NoLegs() {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), repetitions+patience)
	defer cancel()
	err := retry(ctx, func(context.Context) error {
		if n := b.Server.LegCount(); n > 0 {
			return fmt.Errorf("%d legs are left over", n)
		}
		return nil
	})
	if err != nil {
		b.t.Errorf("%v", err)
	}
}
