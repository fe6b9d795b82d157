package panel

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"holdfast/call"
	"holdfast/routing"
)

// This file makes the view that the page itself shows.

// A view is everything on an agent's screen, except where the audio is.
type view struct {
	Agent    agentView     `json:"agent"`
	Contacts []contactView `json:"contacts"`
	Missed   *missedView   `json:"missed,omitempty"`  // until the next call
	NoPhone  bool          `json:"noPhone,omitempty"` // the agent's phone is not registered, so no call reaches it
}

// A missedView is a call that the agent has not answered.
type missedView struct {
	Name    string `json:"name"` // of the customer
	Address string `json:"address,omitempty"`
	At      stamp  `json:"at"`
}

type agentView struct {
	State string  `json:"state"` // as package routing has it
	Name  string  `json:"name,omitempty"`
	Since stamp   `json:"since"`
	Next  *status `json:"next,omitempty"` // after the customers they have now
}

type status struct {
	State string `json:"state"`
	Name  string `json:"name,omitempty"`
}

// A phase is how far an agent's part in a contact is.
type phase string

const (
	ringingPhase  phase = "ringing"  // the agent is rung
	dialingPhase  phase = "dialling" // the customer is rung, by the agent's wish
	talkingPhase  phase = "talking"
	reachingPhase phase = "reaching" // the target of the agent's transfer is rung
	consultPhase  phase = "consulting"
	joiningPhase  phase = "joining"
	targetPhase   phase = "target" // the agent is the target, and the customer not theirs yet
	finishPhase   phase = "finishing"
	awayPhase     phase = "away" // the agent's line was lost
	endedPhase    phase = "ended"
	missedPhase   phase = "missed"
	rejectedPhase phase = "rejected"
)

type contactView struct {
	ID        string        `json:"id"`
	Phase     phase         `json:"phase"`
	Since     stamp         `json:"since"` // in this phase since
	Customer  partyView     `json:"customer"`
	You       partyView     `json:"you"`
	Others    []partyView   `json:"others"`
	Queue     string        `json:"queue,omitempty"`
	Called    string        `json:"called,omitempty"`
	Outbound  bool          `json:"outbound,omitempty"`
	From      string        `json:"from,omitempty"` // the agent who hands the customer over
	Transfer  *transferView `json:"transfer,omitempty"`
	Failure   *failureView  `json:"failure,omitempty"`
	Can       []string      `json:"can"`             // the requests the agent may make
	Ended     string        `json:"ended,omitempty"` // how a transfer ended it
	ClearedBy *stamp        `json:"clearedBy,omitempty"`
}

type partyView struct {
	ID      string `json:"id"` // the connectionId
	Name    string `json:"name"`
	Address string `json:"address,omitempty"` // if it is not the name
	State   string `json:"state"`             // as package call has it, or "gone"
	Since   stamp  `json:"since"`
	Rings   bool   `json:"rings,omitempty"`
	Muted   bool   `json:"muted,omitempty"`
	Prompt  string `json:"prompt,omitempty"` // the prompt they hear while screening
}

type transferView struct {
	ID        string      `json:"id"`
	Kind      string      `json:"kind"`
	Target    string      `json:"target"` // the one that rings or talks, or how many ring at once
	Rings     bool        `json:"rings"`
	Screening bool        `json:"screening"`
	Since     stamp       `json:"since"` // rings, or listens, or talks since
	Remaining []string    `json:"remaining"`
	Tried     []triedView `json:"tried"`
}

type triedView struct {
	Name string `json:"name"`
	Text string `json:"text"` // how that ended: "is busy"
}

type failureView struct {
	Transfer string      `json:"transfer"`
	Reason   string      `json:"reason"`
	Text     string      `json:"text"`
	Detail   string      `json:"detail,omitempty"` // a SIP status
	At       stamp       `json:"at"`
	Tried    []triedView `json:"tried"`
}

func viewAgent(a routing.Agent) agentView {
	v := agentView{State: string(cmp.Or(a.State, routing.Offline)), Since: stamp(a.Since)}
	if a.State == routing.NotReady {
		v.Name = a.Status.Reason
	}
	if a.Next != (routing.Status{}) {
		v.Next = &status{string(a.Next.State), a.Next.Reason}
	}
	return v
}

func viewContact(s segment) contactView {
	v := contactView{
		ID: s.ID(), Phase: phaseOf(s), Queue: s.queue, Called: s.contact.Called, Outbound: s.outbound(),
		You:      viewParty(s.own, connectionName(s.contact.ID, s.own.ID)),
		Customer: partyView{Name: nameOf(s.contact.Customer), State: "gone", Since: stamp(s.own.Since)},
		Others:   []partyView{}, Can: verbs(s),
	}
	if s.called() {
		v.Customer.Name = nameOf(s.contact.Agent)
	}
	began := s.own.Since
	if x := s.customer(); x != nil {
		v.Customer = viewParty(*x, connectionName(s.contact.ID, x.ID))
	}
	for _, o := range s.others() {
		v.Others = append(v.Others, viewParty(o.Connection, o.name))
		began = latest(began, o.Since)
	}
	t := s.contact.Transfer
	switch {
	case t == nil:
		v.Failure = viewFailure(s.contact)
	case t.By == s.own.ID:
		v.Transfer = viewTransfer(s, t)
	case s.own.Party == call.Target:
		v.From = nameOf(s.contact.Agent)
	}
	if v.Phase == talkingPhase {
		began = s.own.Since
	}
	v.Since = stamp(began)
	return v
}

func phaseOf(s segment) phase {
	switch {
	case s.own.State == call.Away:
		return awayPhase
	case s.dials():
		return dialingPhase
	case legState(s.own.State) == connecting:
		return ringingPhase
	case s.own.Party == call.Target:
		return targetPhase
	case s.called():
		return talkingPhase
	}
	switch s.contact.Stage {
	case call.Dialling:
		return dialingPhase
	case call.Reaching:
		return reachingPhase
	case call.Consulting:
		return consultPhase
	case call.Joining:
		return joiningPhase
	case call.Finishing:
		return finishPhase
	case call.Offering, call.Talking, call.Returning, call.Parked, call.Over:
	}
	return talkingPhase
}

func viewParty(x call.Connection, name string) partyView {
	p := partyView{
		ID: name, Name: nameOf(x.Endpoint), State: string(x.Shown()), Since: stamp(x.Since),
		Rings: x.Ringing, Muted: x.Muted, Prompt: string(x.Prompt),
	}
	if x.Endpoint.Address != p.Name {
		p.Address = x.Endpoint.Address
	}
	return p
}

func viewTransfer(s segment, t *call.Transfer) *transferView {
	v := &transferView{ID: t.ID, Kind: string(t.Kind), Target: nameOf(t.Target()), Since: stamp(t.Requested), Remaining: []string{}, Tried: tried(t)}
	for _, o := range s.others() {
		v.Target, v.Since, v.Rings = nameOf(o.Endpoint), stamp(o.Since), o.Ringing
		v.Screening = o.State == call.Screening
		if o.many && legState(o.State) == connecting {
			v.Target = fmt.Sprintf("%d at once", ringing(t))
		}
	}
	for _, e := range t.Remaining {
		v.Remaining = append(v.Remaining, nameOf(e))
	}
	return v
}

// ringing counts the attempts that have not ended.
func ringing(t *call.Transfer) int {
	n := 0
	for _, a := range t.Attempts {
		if a.Ended.IsZero() {
			n++
		}
	}
	return n
}

// tried returns the attempts that have failed.
func tried(t *call.Transfer) []triedView {
	all := []triedView{}
	for _, a := range t.Attempts {
		if !a.Ended.IsZero() && a.Reason != call.Elsewhere {
			all = append(all, triedView{nameOf(a.Target), a.Reason.Says()})
		}
	}
	return all
}

// viewFailure returns why the last transfer failed, or nil if it did not.
func viewFailure(c call.Contact) *failureView {
	if len(c.Past) == 0 {
		return nil
	}
	return failureOf(&c.Past[len(c.Past)-1])
}

// failureOf returns why a transfer failed, or nil if it has not.
func failureOf(t *call.Transfer) *failureView {
	last := t.Attempts[len(t.Attempts)-1]
	why, at := t.Reason, t.Ended
	switch {
	case t.Outcome == call.TransferFailed:
	case t.Outcome == call.Completed && t.Target() == last.Target && last.Reason == call.LeftEarly:
		why, at = last.Reason, last.Ended
	default:
		return nil
	}
	detail := ""
	if why == last.Reason {
		detail = last.Detail
	}
	text := failureText(t.Target(), why, detail)
	if !isStatus(detail) {
		detail = ""
	}
	return &failureView{t.ID, string(why), text, detail, stamp(at), tried(t)}
}

// isStatus reports whether a detail is a SIP status, such as "486 Busy Here". Others
// are about the configuration, which is not the agent's.
func isStatus(detail string) bool { return detail != "" && '1' <= detail[0] && detail[0] <= '6' }

// failureText is the reason, for the agent, why a target could not be reached, in
// their words and not in those of the configuration or of SIP.
func failureText(target call.Endpoint, why call.Reason, detail string) string {
	switch {
	case why == call.Denied:
		return fmt.Sprintf("You may not transfer to %s.", nameOf(target))
	case target.Kind == call.AgentEndpoint && strings.HasPrefix(detail, target.Address+" "):
		return detail + "." // which is more than busy, such as "ben is offline"
	}
	return fmt.Sprintf("%s %s.", nameOf(target), why.Says())
}

// nameOf is an agent's word for an endpoint: its name, or the number or user of its
// address.
func nameOf(e call.Endpoint) string {
	if e.Name != "" || e.Kind != call.URI {
		return e.String()
	}
	_, rest, isURI := strings.Cut(e.Address, ":")
	if !isURI {
		return e.Address
	}
	user, _, _ := strings.Cut(rest, "@")
	user, _, _ = strings.Cut(user, ";")
	return user
}

func endedView(v contactView, how phase, at stamp) contactView {
	v.Phase, v.Since, v.Transfer, v.Failure, v.Others, v.Can = how, at, nil, nil, []partyView{}, []string{}
	v.Customer.State, v.You.State = "gone", "gone"
	if how == endedPhase {
		v.Can = []string{"clear"}
	}
	return v
}

func forgottenView(s routing.Segment) contactView {
	gone := partyView{State: "gone", Since: stamp(s.Since)}
	return endedView(contactView{ID: segmentName(s.SegmentID), Queue: s.Queue, Customer: gone, You: gone}, endedPhase, stamp(s.Since))
}

func stampOf(t time.Time) *stamp {
	if t.IsZero() {
		return nil
	}
	s := stamp(t)
	return &s
}
