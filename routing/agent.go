package routing

import (
	"cmp"
	"slices"
	"time"

	"holdfast/call"
)

// An Agent is an agent at work: their chosen status, the customer they are
// reserved for, and their segments in contacts. The zero value with a name is an
// agent who is offline.
type Agent struct {
	Name string `json:"name"`

	// Capacity is how many customers the agent takes at once: 1, or 2 with one of
	// them on hold. Zero is 1.
	Capacity int `json:"capacity,omitempty"`
	// AfterCall is how long after-call work lasts; zero: until it is cleared.
	AfterCall call.Duration `json:"afterCall,omitempty"`
	// Grace is how long the agent may be lost and still come back to where
	// they were.
	Grace call.Duration `json:"grace,omitempty"`

	// Status is how the agent is when they have no customer; Next is how they
	// will be after the customers they have now, if they asked for something
	// else.
	Status Status `json:"status,omitzero"`
	Next   Status `json:"next,omitzero"`

	// Reservation is the customer the agent is being offered, nil: none.
	Reservation *Reservation `json:"reservation,omitempty"`
	Segments    []Segment    `json:"segments,omitempty"` // oldest first

	AwayUntil time.Time `json:"awayUntil,omitzero"` // when a lost agent is given up; zero: they are here
	IdleSince time.Time `json:"idleSince,omitzero"` // without a customer since; of use while available

	// State is how the agent is now. It follows from the rest, and is here for
	// clients that read an agent.
	State AgentState `json:"state,omitempty"`
	Since time.Time  `json:"since,omitzero"` // in this State since; zero: always
}

// An AgentState is an agent's state, in the words people use.
type AgentState string

const (
	// Offline: not at work.
	Offline AgentState = "offline"
	// Available: may be offered customers.
	Available AgentState = "available"
	// NotReady: at work, and not to be offered customers.
	NotReady AgentState = "not-ready"

	// Reserved: being offered a customer.
	Reserved AgentState = "reserved"
	// Busy: has a customer.
	Busy AgentState = "busy"
	// AfterCallWork: has had a customer, and has something left to do for them. A
	// Segment has the same state.
	AfterCallWork AgentState = "after-call-work"
	// Away: lost, and expected back.
	Away AgentState = "away"

	// Talking: of a Segment, not on hold.
	Talking AgentState = "talking"
	// Holding: of a Segment, the customer is on hold.
	Holding AgentState = "holding"
)

// A Status is an agent's choice: Available, Offline, or NotReady with a reason.
type Status struct {
	State  AgentState `json:"state"`
	Reason string     `json:"reason,omitempty"` // of NotReady: "lunch"
}

// MissedOffer is the status of an agent who did not answer. They are offered no
// customer until they choose to be available again.
var MissedOffer = Status{NotReady, "missed"}

// A Reservation keeps an agent for the customer they are being offered.
type Reservation struct {
	SegmentID
	Queue  string    `json:"queue,omitempty"`  // where the customer waits; empty: this very agent is wanted
	Number int       `json:"number,omitempty"` // of the queue's offer
	Until  time.Time `json:"until"`            // when the offer will have been missed
}

// A Segment is one agent's part in a contact.
type Segment struct {
	SegmentID
	Queue   string     `json:"queue,omitempty"` // where the customer had waited
	State   AgentState `json:"state"`           // Talking, Holding or AfterCallWork
	Since   time.Time  `json:"since"`           // in this State since
	ClearBy time.Time  `json:"clearBy,omitzero"`
}

// state derives State.
func (s Agent) state() AgentState {
	live := func(x Segment) bool { return x.State != AfterCallWork }
	switch {
	case !s.AwayUntil.IsZero():
		return Away
	case s.Reservation != nil:
		return Reserved
	case slices.ContainsFunc(s.Segments, live):
		return Busy
	case len(s.Segments) > 0:
		return AfterCallWork
	}
	return cmp.Or(s.Status.State, Offline)
}

// free reports whether the agent may be offered a customer of a queue.
func (s *Agent) free() bool {
	return s.Status.State == Available && s.Next == Status{} && s.Reservation == nil && s.AwayUntil.IsZero() && s.room()
}

// room reports whether the agent may have one more customer.
func (s *Agent) room() bool {
	return len(s.Segments) == 0 || len(s.Segments) == 1 && s.Segments[0].State == Holding && s.Capacity > 1
}

// unable is why the agent cannot be reserved, as the end of a sentence about
// them, or "".
func (s *Agent) unable(own bool) string {
	ownRoom := own && len(s.Segments) < 2 && s.talking() == nil
	switch {
	case !s.AwayUntil.IsZero():
		return "is away"
	case s.Reservation != nil:
		return "is being offered another customer"
	case s.Status == Status{}, s.Status.State == Offline:
		return "is offline"
	case !s.room() && !ownRoom && s.state() == AfterCallWork:
		return "is still doing after-call work"
	case !s.room() && !ownRoom:
		return "is busy"
	case own:
		return ""
	case s.Status.State == NotReady:
		return "is not ready: " + s.Status.Reason
	case s.Next != Status{}:
		return "takes no more customers"
	}
	return ""
}

// ReservedFor reports whether the agent is reserved for a segment. s may be nil.
func (s *Agent) ReservedFor(id SegmentID) bool {
	return s != nil && s.Reservation != nil && s.Reservation.SegmentID == id
}

// isOffered reports whether the agent is reserved for a segment by the offer with
// that number. s may be nil.
func (s *Agent) isOffered(id SegmentID, number int) bool {
	return s.ReservedFor(id) && s.Reservation.Number == number
}

// Segment returns the agent's segment of that id, or nil. s may be nil.
func (s *Agent) Segment(id SegmentID) *Segment {
	if s == nil {
		return nil
	}
	for i := range s.Segments {
		if s.Segments[i].SegmentID == id {
			return &s.Segments[i]
		}
	}
	return nil
}

// talking is the segment that is not on hold, or nil.
func (s *Agent) talking() *Segment {
	for i := range s.Segments {
		if s.Segments[i].State == Talking {
			return &s.Segments[i]
		}
	}
	return nil
}

func (s *Segment) become(state AgentState, now time.Time) { s.State, s.Since = state, now }

// begin makes a segment of the reservation.
func (s *Agent) begin(now time.Time) {
	r := s.Reservation
	s.Reservation = nil
	s.Segments = append(s.Segments, Segment{SegmentID: r.SegmentID, Queue: r.Queue, State: Talking, Since: now})
}

// wrapUp begins the after-call work of a segment. An agent who is offline does
// none.
func (s *Agent) wrapUp(id SegmentID, now time.Time) {
	segment := s.Segment(id)
	switch {
	case segment == nil || segment.State == AfterCallWork:
		return
	case s.Status.State == Offline:
		s.forget(func(x Segment) bool { return x.SegmentID == id })
		return
	}
	segment.become(AfterCallWork, now)
	if s.AfterCall > 0 {
		segment.ClearBy = now.Add(time.Duration(s.AfterCall))
	}
}

func (s *Agent) forget(over func(Segment) bool) { s.Segments = slices.DeleteFunc(s.Segments, over) }

func (s *Agent) setStatus(c Status) error {
	switch {
	case c.State != Available && c.State != NotReady && c.State != Offline:
		return refuse(UnknownState, "an agent cannot choose to be %q", c.State)
	case c.State == NotReady && c.Reason == "":
		return refuse(ReasonMissing, "say what you are not ready for")
	case c == s.Status:
		s.Next = Status{}
	default:
		s.Next = c
	}
	return nil
}

func (s *Agent) resume(id SegmentID, now time.Time) error {
	segment := s.Segment(id)
	switch {
	case segment == nil || segment.State == AfterCallWork:
		return refuse(call.NotInContact, "you are not in this contact any more")
	case segment.State == Talking:
		return nil
	case s.Reservation != nil:
		return refuse(BeingOffered, "another customer is being offered to you")
	case s.talking() != nil:
		return refuse(TalksToAnother, "put the other customer on hold first")
	}
	segment.become(Talking, now)
	return nil
}

func (s *Agent) clear(id SegmentID) error {
	if segment := s.Segment(id); segment != nil && segment.State != AfterCallWork {
		return refuse(NotEndedYet, "the contact has not ended yet")
	}
	s.forget(func(x Segment) bool { return x.SegmentID == id })
	return nil
}

// miss ends a reservation that the agent did not answer.
func (s *Agent) miss() {
	s.Reservation = nil
	if s.Status.State == Available {
		s.Status = MissedOffer
	}
	if s.Next.State == Available {
		s.Next = Status{}
	}
}

// expire makes an agent who did not come back offline. The contacts decide by
// themselves about their customers.
func (s *Agent) expire() {
	s.AwayUntil, s.Status, s.Next = time.Time{}, Status{State: Offline}, Status{}
	s.forget(func(x Segment) bool { return x.State == AfterCallWork })
}

// settle puts the status that the agent asked for into effect, and begins their
// idle time. An offer that came to nothing does not interrupt that.
func (s *Agent) settle(before Agent, now time.Time) {
	if s.Next != (Status{}) && s.Reservation == nil && len(s.Segments) == 0 {
		s.Status, s.Next = s.Next, Status{}
	}
	idle := s.Status.State == Available && len(s.Segments) == 0
	if idle && (before.Status.State != Available || len(before.Segments) > 0) {
		s.IdleSince = now
	}
}

// WithState returns the agent with the State that follows from the rest.
func (s Agent) WithState() Agent {
	s.State = s.state()
	return s
}

// stamp notes how the agent is, and since when.
func (s *Agent) stamp(before Agent, now time.Time) {
	s.State = s.state()
	if s.State != before.state() || s.Status != before.Status {
		s.Since = now
	}
}

// clone is a copy that shares nothing with s.
func (s *Agent) clone() Agent {
	c := *s
	if s.Reservation != nil {
		r := *s.Reservation
		c.Reservation = &r
	}
	c.Segments = slices.Clone(s.Segments)
	return c
}

// contacts are those of which the agent has a reservation or a segment.
func (s *Agent) contacts() []call.ContactID {
	var all []call.ContactID
	if s.Reservation != nil {
		all = append(all, s.Reservation.Contact)
	}
	for i := range s.Segments {
		if id := s.Segments[i].Contact; !slices.Contains(all, id) {
			all = append(all, id)
		}
	}
	return all
}

func (s *Agent) deadline() time.Time {
	first := s.AwayUntil
	if s.Reservation != nil {
		first = call.Earlier(first, s.Reservation.Until)
	}
	for i := range s.Segments {
		first = call.Earlier(first, s.Segments[i].ClearBy)
	}
	return first
}
