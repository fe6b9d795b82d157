package routing

import (
	"cmp"
	"slices"
	"time"

	"holdfast/call"
)

// A Seat is an agent at work: how they want to be, whom they are reserved for,
// and their stays in contacts. The zero value with a name is somebody who is
// offline.
type Seat struct {
	Agent string `json:"agent"` // the agent's name

	// Handles is how many customers the agent takes at once: 1, or 2, of whom
	// one is on hold. Zero is 1.
	Handles int `json:"handles,omitempty"`
	// AfterCall is how long after-call work lasts; zero: until it is cleared.
	AfterCall time.Duration `json:"afterCall,omitempty"`
	// Grace is how long the agent may be lost and still come back to where
	// they were.
	Grace time.Duration `json:"grace,omitempty"`

	// Choice is how the agent is when they have no customer; Next is how they
	// will be after the customers they have now, if they asked for something
	// else meanwhile.
	Choice Choice `json:"choice,omitzero"`
	Next   Choice `json:"next,omitzero"`

	// Reservation is the customer the agent is being offered, nil: none.
	Reservation *Reservation `json:"reservation,omitempty"`
	Stays       []Stay       `json:"stays,omitempty"` // oldest first

	AwayUntil time.Time `json:"awayUntil,omitzero"` // when a lost agent is given up; zero: they are here
	IdleSince time.Time `json:"idleSince,omitzero"` // without a customer since; of use while available
	Since     time.Time `json:"since,omitzero"`     // in this State since
}

// A State says how an agent is, as one would say it of a person.
type State string

const (
	// Offline: not at work.
	Offline State = "offline"
	// Available: may be offered customers.
	Available State = "available"
	// NotReady: at work, and not to be offered customers.
	NotReady State = "not-ready"

	// Reserved: being offered a customer.
	Reserved State = "reserved"
	// Busy: has a customer.
	Busy State = "busy"
	// AfterCallWork: has had a customer, and has something left to do for them.
	// Of a Stay it says the same.
	AfterCallWork State = "after-call-work"
	// Away: lost, and expected back.
	Away State = "away"

	// Talking: of a Stay, not on hold.
	Talking State = "talking"
	// Holding: of a Stay, the customer is on hold.
	Holding State = "holding"
)

// A Choice is how somebody wants to be: Available, Offline, or NotReady with a
// name for it.
type Choice struct {
	State State  `json:"state"`
	Name  string `json:"name,omitempty"` // of NotReady: "lunch"
}

// MissedOffer is how an agent is who did not answer. They are offered nobody
// until they say that they are there.
var MissedOffer = Choice{NotReady, "missed"}

// A Reservation keeps an agent for a customer whom they are being offered.
type Reservation struct {
	StayID
	Queue string    `json:"queue,omitempty"` // where the customer waits; empty: this very agent is wanted
	Until time.Time `json:"until"`           // when the offer will have been missed
}

// A Stay is one agent's part in a contact.
type Stay struct {
	StayID
	Queue   string    `json:"queue,omitempty"` // where the customer had waited
	State   State     `json:"state"`           // Talking, Holding or AfterCallWork
	Since   time.Time `json:"since"`           // in this State since
	ClearBy time.Time `json:"clearBy,omitzero"`
}

// State is how the agent is now.
func (s Seat) State() State {
	live := func(x Stay) bool { return x.State != AfterCallWork }
	switch {
	case !s.AwayUntil.IsZero():
		return Away
	case s.Reservation != nil:
		return Reserved
	case slices.ContainsFunc(s.Stays, live):
		return Busy
	case len(s.Stays) > 0:
		return AfterCallWork
	}
	return cmp.Or(s.Choice.State, Offline)
}

// free says that the agent may be offered a customer of a queue.
func (s *Seat) free() bool {
	return s.Choice.State == Available && s.Next == Choice{} && s.Reservation == nil && s.AwayUntil.IsZero() && s.room()
}

// room says that one more customer is not too many.
func (s *Seat) room() bool {
	return len(s.Stays) == 0 || len(s.Stays) == 1 && s.Stays[0].State == Holding && s.Handles > 1
}

// unable is why the agent cannot be reserved, as the end of a sentence about
// them, or "".
func (s *Seat) unable(own bool) string {
	ownRoom := own && len(s.Stays) < 2 && s.talking() == nil
	switch {
	case !s.AwayUntil.IsZero():
		return "is away"
	case s.Reservation != nil:
		return "is being offered another customer"
	case s.Choice == Choice{}, s.Choice.State == Offline:
		return "is offline"
	case !s.room() && !ownRoom && s.State() == AfterCallWork:
		return "is still doing after-call work"
	case !s.room() && !ownRoom:
		return "is busy"
	case own:
		return ""
	case s.Choice.State == NotReady:
		return "is not ready: " + s.Choice.Name
	case s.Next != Choice{}:
		return "takes no more customers"
	}
	return ""
}

func (s *Seat) ReservedFor(id StayID) bool {
	return s != nil && s.Reservation != nil && s.Reservation.StayID == id
}

func (s *Seat) Stay(id StayID) *Stay {
	if s == nil {
		return nil
	}
	for i := range s.Stays {
		if s.Stays[i].StayID == id {
			return &s.Stays[i]
		}
	}
	return nil
}

// talking is the stay that is not on hold, or nil.
func (s *Seat) talking() *Stay {
	for i := range s.Stays {
		if s.Stays[i].State == Talking {
			return &s.Stays[i]
		}
	}
	return nil
}

func (s *Stay) become(state State, now time.Time) { s.State, s.Since = state, now }

// begin makes a stay of the reservation.
func (s *Seat) begin(now time.Time) {
	r := s.Reservation
	s.Reservation = nil
	s.Stays = append(s.Stays, Stay{StayID: r.StayID, Queue: r.Queue, State: Talking, Since: now})
}

// wrapUp begins the after-call work of a stay. Somebody who is gone does none.
func (s *Seat) wrapUp(id StayID, now time.Time) {
	stay := s.Stay(id)
	switch {
	case stay == nil || stay.State == AfterCallWork:
		return
	case s.Choice.State == Offline:
		s.forget(func(x Stay) bool { return x.StayID == id })
		return
	}
	stay.become(AfterCallWork, now)
	if s.AfterCall > 0 {
		stay.ClearBy = now.Add(s.AfterCall)
	}
}

func (s *Seat) forget(over func(Stay) bool) { s.Stays = slices.DeleteFunc(s.Stays, over) }

func (s *Seat) choose(c Choice) error {
	switch {
	case c.State != Available && c.State != NotReady && c.State != Offline:
		return refuse("nobody can choose to be %q", c.State)
	case c.State == NotReady && c.Name == "":
		return refuse("say what you are not ready for")
	case c == s.Choice:
		s.Next = Choice{}
	default:
		s.Next = c
	}
	return nil
}

func (s *Seat) resume(id StayID, now time.Time) error {
	stay := s.Stay(id)
	switch {
	case stay == nil || stay.State == AfterCallWork:
		return refuse("you are not in this contact any more")
	case stay.State == Talking:
		return nil
	case s.Reservation != nil:
		return refuse("another customer is being offered to you")
	case s.talking() != nil:
		return refuse("put the other customer on hold first")
	}
	stay.become(Talking, now)
	return nil
}

func (s *Seat) clear(id StayID) error {
	if stay := s.Stay(id); stay != nil && stay.State != AfterCallWork {
		return refuse("the contact has not ended yet")
	}
	s.forget(func(x Stay) bool { return x.StayID == id })
	return nil
}

// miss ends a reservation that the agent did not answer.
func (s *Seat) miss() {
	s.Reservation = nil
	if s.Choice.State == Available {
		s.Choice = MissedOffer
	}
	if s.Next.State == Available {
		s.Next = Choice{}
	}
}

// giveUp has an agent who did not come back be offline. Their contacts decide
// by themselves what becomes of their customers.
func (s *Seat) giveUp() {
	s.AwayUntil, s.Choice, s.Next = time.Time{}, Choice{State: Offline}, Choice{}
	s.forget(func(x Stay) bool { return x.State == AfterCallWork })
}

// settle has what the agent asked for meanwhile take effect, and begins their
// idle time. An offer that came to nothing does not interrupt that.
func (s *Seat) settle(before Seat, now time.Time) {
	if s.Next != (Choice{}) && s.Reservation == nil && len(s.Stays) == 0 {
		s.Choice, s.Next = s.Next, Choice{}
	}
	idle := s.Choice.State == Available && len(s.Stays) == 0
	if idle && (before.Choice.State != Available || len(before.Stays) > 0) {
		s.IdleSince = now
	}
}

// stamp notes since when the agent has been as they are.
func (s *Seat) stamp(before Seat, now time.Time) {
	if s.State() != before.State() || s.Choice != before.Choice {
		s.Since = now
	}
}

func (s *Seat) deadline() time.Time {
	first := s.AwayUntil
	if s.Reservation != nil {
		first = call.Earlier(first, s.Reservation.Until)
	}
	for i := range s.Stays {
		first = call.Earlier(first, s.Stays[i].ClearBy)
	}
	return first
}
