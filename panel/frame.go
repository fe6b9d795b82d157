package panel

import (
	"fmt"
	"slices"
	"time"

	"holdfast/call"
	"holdfast/routing"
)

// A card is a segment as it was shown last. A segment that is over is known only
// from its card: the contact has forgotten the agent.
type card struct {
	routing.SegmentID
	streams contact
	view    contactView
	over    bool   // ended, missed or rejected
	lost    bool   // ended because the agent's audio was lost
	settled string // the failed transfer after which the agent has gone on
}

// A frame is everything that an agent's pages show at a time.
type frame struct {
	agent    routing.Agent
	segments []segment
	cards    []card
	missed   *missedView
	noPhone  bool // the agent's phone is registered nowhere
}

// noteMissed notes the call that the agent has just missed. Until their next call it
// is the same as before.
func (f *frame) noteMissed(before *missedView) {
	if len(f.cards) == 0 {
		f.missed = before
	}
	for _, c := range f.cards {
		if c.view.Phase == missedPhase {
			f.missed = &missedView{c.view.Customer.Name, c.view.Customer.Address, c.view.Since}
		}
	}
}

// A scene is everything that frames are made from.
type scene struct {
	now      time.Time
	agent    routing.Agent
	page     bool             // the agent's page is their phone
	mask     bool             // third parties are shown as Amazon Connect does
	looked   []call.ContactID // contacts that were looked for
	contacts []call.Contact   // those of them that there are
	over     []call.Contact   // those that have ended since the last look
	rejected map[string]bool  // names of the connections on which the agent has rejected a call
}

// frames returns the next frames of an agent's pages, in order. Usually that is one
// frame. A contact is shown ended before it is removed, and a third party is shown
// disconnected, without the next one, before it is removed; both take a frame of
// their own.
func frames(shown []card, s scene) []frame {
	segments := segmentsOf(s.agent, s.contacts)
	now := frame{agent: s.agent, segments: segments}
	farewell := frame{agent: s.agent, segments: segments}
	goodbye := false
	for _, segment := range segments {
		c := card{SegmentID: segment.SegmentID, streams: streamsContact(segment, s.page, s.mask), view: viewContact(segment)}
		before := find(shown, c.SegmentID)
		c.settle(before, segment)
		if before != nil {
			c.streams = keepCustomer(before.streams, c.streams, stamp(s.now))
		}
		now.cards = append(now.cards, c)
		if before != nil {
			var some bool
			c.streams, some = farewellLegs(before.streams, c.streams, stamp(s.now))
			goodbye = goodbye || some
		}
		farewell.cards = append(farewell.cards, c)
	}
	for _, x := range s.agent.Segments {
		if x.State == routing.AfterCallWork && find(now.cards, x.SegmentID) == nil {
			c := afterCall(shown, s, x)
			now.cards = append(now.cards, c)
			farewell.cards = append(farewell.cards, c)
		}
	}
	for _, c := range shown {
		if !c.over && find(now.cards, c.SegmentID) == nil {
			farewell.cards = append(farewell.cards, c.end(how(c, s), s.now, parting(c, s)))
			goodbye = true
		}
	}
	now.sort()
	if !goodbye {
		return []frame{now}
	}
	farewell.sort()
	return []frame{farewell, now}
}

// settle finally removes the failure of a transfer once the agent has taken the
// customer off hold.
func (c *card) settle(before *card, s segment) {
	if before != nil {
		c.settled = before.settled
	}
	f, x := c.view.Failure, s.customer()
	if f == nil || x == nil {
		return
	}
	if x.State == call.Connected && x.Since.After(time.Time(f.At)) && x.Since.After(s.own.Since) {
		c.settled = f.Transfer
	}
	if c.settled == f.Transfer {
		c.view.Failure = nil
	}
}

func find(cards []card, id routing.SegmentID) *card {
	for i := range cards {
		if cards[i].SegmentID == id {
			return &cards[i]
		}
	}
	return nil
}

// sort puts those first that are in their state longest, as Streams has them.
func (f *frame) sort() {
	slices.SortStableFunc(f.cards, func(a, b card) int {
		return time.Time(a.streams.State.Since).Compare(time.Time(b.streams.State.Since))
	})
}

// how returns how a segment without after-call work has ended.
func how(c card, s scene) phase {
	switch {
	case c.streams.State.Type != connecting || c.view.Phase == dialingPhase:
		return endedPhase
	case s.rejected[c.view.You.ID]:
		return rejectedPhase
	}
	return missedPhase
}

func (c card) end(how phase, at time.Time, parting string) card {
	c.streams = endedContact(c.streams, string(how), stamp(at))
	c.lost = how == endedPhase && c.view.Phase == awayPhase
	c.view = endedView(c.view, how, stamp(at))
	if how == endedPhase {
		c.view.Ended = parting
	}
	c.over = true
	return c
}

// parting is the text for the agent on how the call ended and where the customer is,
// now that the agent's segment has ended; empty if that is not known.
func parting(c card, s scene) string {
	x := s.contact(c.Contact)
	if x == nil {
		return ""
	}
	t := x.Transfer
	if n := len(x.Past); t == nil && n > 0 {
		t = &x.Past[n-1]
	}
	theirs := t != nil && connectionName(c.Contact, t.By) == c.view.You.ID
	switch {
	case theirs && t.Outcome == call.Completed:
		return fmt.Sprintf("Handed over to %s.", nameOf(t.Target()))
	case x.EndedBy == call.Customer && c.view.Phase == dialingPhase:
		return failureText(x.Customer, x.EndReason, "")
	case x.EndedBy == call.Customer:
		return "The customer has left."
	case x.EndedBy == call.Agent && c.view.Phase != targetPhase:
		return "You hung up."
	case theirs && t.Outcome != call.Cancelled:
		return fmt.Sprintf("You left while %s was being called.", nameOf(t.Target()))
	}
	return ""
}

// afterCall is a segment in after-call work.
func afterCall(shown []card, s scene, x routing.Segment) card {
	c := card{SegmentID: x.SegmentID, streams: forgottenContact(s.agent, x, s.page), view: forgottenView(x), over: true}
	if before := find(shown, x.SegmentID); before != nil {
		c = *before
		if !c.over {
			c = c.end(endedPhase, x.Since, parting(c, s))
		}
	}
	if c.lost {
		c.view.Ended = afterLoss(s.contact(x.Contact))
	}
	c.view.ClearedBy = stampOf(x.ClearBy)
	return c
}

// contact returns a contact, live or just ended, or nil.
func (s scene) contact(id call.ContactID) *call.Contact {
	for _, all := range [][]call.Contact{s.contacts, s.over} {
		for i := range all {
			if all[i].ID == id {
				return &all[i]
			}
		}
	}
	return nil
}

// afterLoss is the text on where the customer is now, for an agent whose audio was
// lost; c is nil after the contact has ended.
func afterLoss(c *call.Contact) string {
	if c != nil && c.Stage == call.Parked {
		return "Your audio was lost; the customer is parked."
	}
	return "Your audio was lost."
}

// keepCustomer keeps the leg of a customer who has left while agent and target
// still talk.
func keepCustomer(before, now contact, at stamp) contact {
	isCustomer := func(x connection) bool { return x.Initial }
	if i := slices.IndexFunc(before.Connections, isCustomer); i >= 0 && !slices.ContainsFunc(now.Connections, isCustomer) {
		now.Connections = slices.Insert(now.Connections, 1, endedLeg(before.Connections[i], at))
	}
	return now
}

// farewellLegs returns the contact with the third parties that have gone, without
// new ones, and reports whether any has gone.
func farewellLegs(before, now contact, at stamp) (contact, bool) {
	has := func(c contact, x connection) bool {
		return slices.ContainsFunc(c.Connections, func(y connection) bool { return x.ID == y.ID })
	}
	var gone []connection
	for _, x := range before.Connections {
		if x.Type == outboundLeg && !x.Initial && !has(now, x) {
			gone = append(gone, endedLeg(x, at))
		}
	}
	if len(gone) == 0 {
		return now, false
	}
	legs := slices.DeleteFunc(slices.Clone(now.Connections), func(x connection) bool {
		return x.Type == outboundLeg && !x.Initial && !has(before, x)
	})
	now.Connections = append(legs, gone...)
	return now, true
}
