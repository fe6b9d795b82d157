package routing

import (
	"time"

	"holdfast/call"
)

// An Event is something that has happened on a routing state: a [Fact], which cannot be
// refused (a late one is ignored), or a [Request], which can.
type Event interface{ isEvent() }

// A Fact is something that simply is so.
//
//sumtype:decl
type Fact interface {
	Event
	isFact()
}

type (
	// Answered: the agent has picked up for the customer they are reserved for.
	Answered struct {
		Agent string `json:"agent"`
		SegmentID
	}

	// Talks: the agent is in the contact, whatever was agreed on routing: their
	// answer may have crossed the end of their offer.
	Talks struct {
		Agent string `json:"agent"`
		SegmentID
	}

	// Rings: the agent is rung for the offer with that Number. If the offer has
	// ended, a server was killed before it withdrew it; it is withdrawn again.
	Rings struct {
		Agent string `json:"agent"`
		SegmentID
		Number int `json:"number"`
	}

	// Rejected: the agent does not want the customer of the offer with that
	// Number.
	Rejected struct {
		Agent string `json:"agent"`
		SegmentID
		Number int `json:"number,omitempty"`
	}

	// Missed: the agent has not answered the offer with that Number, or could not
	// be rung for it. Routing has a deadline of its own for that, too.
	Missed struct {
		Agent string `json:"agent"`
		SegmentID
		Number int `json:"number,omitempty"`
	}

	// Held: the agent has put the customer on hold.
	Held struct {
		Agent string `json:"agent"`
		SegmentID
	}

	// Ended: the agent's part in the contact is over, however it ended.
	Ended struct {
		Agent string `json:"agent"`
		SegmentID
	}

	// Lost: the agent's page or phone is gone without a goodbye.
	Lost struct {
		Agent string `json:"agent"`
	}

	// Back: a lost agent has come back.
	Back struct {
		Agent string `json:"agent"`
	}

	// Left: no agent is wanted for that segment any more, because the customer has
	// left, or because the contact has found another agent.
	Left struct {
		SegmentID
	}

	// DeadlinePassed: the time that Table.Deadline returned has come.
	DeadlinePassed struct{}

	// Recovered: routing was read anew, perhaps in the middle of a decision
	// of which some agents and queues were written and others not. They agree
	// again afterwards, and every offer is made once more.
	Recovered struct{}
)

// A Request is something that an agent or a contact asks for.
//
//sumtype:decl
type Request interface {
	Event
	isRequest()
}

type (
	// EnterRequested asks a queue for an agent. The same again is the same entry.
	EnterRequested struct {
		Queue string `json:"queue"`
		SegmentID
		Priority int  `json:"priority,omitempty"` // more is sooner
		Returned bool `json:"returned,omitempty"` // back from a failed transfer: ahead of all others
		// Offers is the number of the customer's latest offer; zero: none.
		Offers int `json:"offers,omitempty"`
		// Since is when they began to wait; zero: now.
		Since time.Time `json:"since,omitzero"`
		// Callback is the customer to be dialled once an agent has answered,
		// who need not wait on the line until then.
		Callback call.Endpoint `json:"callback,omitzero"`
	}

	// AgentRequested asks for this very agent, and reserves them: the caller rings
	// them afterwards.
	AgentRequested struct {
		Agent string `json:"agent"`
		SegmentID
		// Own means that the agent is making a call, or that their own customer comes
		// back: then they need not be available, and may still be doing after-call
		// work.
		Own bool          `json:"own,omitempty"`
		For call.Duration `json:"for,omitempty"` // how long they ring; zero: 30 s
		// Former is a part in the same contact that the agent has had, and that
		// is over; no other customer gets them in between.
		Former SegmentID `json:"former,omitzero"`
	}

	// StateRequested asks for the agent to be available, not ready or offline.
	// If the agent has a customer, that takes effect afterwards.
	StateRequested struct {
		Agent  string `json:"agent"`
		Status Status `json:"status"`
	}

	// ResumeRequested asks to take a customer off hold, before it is done: an
	// agent talks to one customer at a time. A contact that would resume its
	// customer by itself asks, too, and leaves them on hold when it may not.
	ResumeRequested struct {
		Agent string `json:"agent"`
		SegmentID
	}

	// ClearRequested ends the agent's after-call work in a segment. The same again
	// does nothing.
	ClearRequested struct {
		Agent string `json:"agent"`
		SegmentID
	}
)

// A Command is something to be done about a routing state. Commands are carried out in
// order, after the agents and queues that came with them have been written down.
//
//sumtype:decl
type Command interface{ isCommand() }

type (
	// Offer rings the agent for a customer of a queue. Answered, Rejected or Missed
	// will follow. Offering the same again, by its Number, does nothing.
	Offer struct {
		Agent string `json:"agent"`
		SegmentID
		Number   int           `json:"number"`
		Queue    string        `json:"queue"`
		Until    time.Time     `json:"until"`             // when it will have been missed
		Callback call.Endpoint `json:"callback,omitzero"` // the customer to be dialled once the agent has answered
	}

	// Withdraw stops ringing the agent for the offer with that Number, also when
	// their answer crosses it. Withdrawing again does nothing.
	Withdraw struct {
		Agent string `json:"agent"`
		SegmentID
		Number int         `json:"number,omitempty"`
		Reason call.Reason `json:"reason"`
	}
)

func (Answered) isEvent()        {}
func (Talks) isEvent()           {}
func (Rings) isEvent()           {}
func (Rejected) isEvent()        {}
func (Missed) isEvent()          {}
func (Held) isEvent()            {}
func (Ended) isEvent()           {}
func (Lost) isEvent()            {}
func (Back) isEvent()            {}
func (Left) isEvent()            {}
func (DeadlinePassed) isEvent()  {}
func (Recovered) isEvent()       {}
func (EnterRequested) isEvent()  {}
func (AgentRequested) isEvent()  {}
func (StateRequested) isEvent()  {}
func (ResumeRequested) isEvent() {}
func (ClearRequested) isEvent()  {}

func (Answered) isFact()       {}
func (Talks) isFact()          {}
func (Rings) isFact()          {}
func (Rejected) isFact()       {}
func (Missed) isFact()         {}
func (Held) isFact()           {}
func (Ended) isFact()          {}
func (Lost) isFact()           {}
func (Back) isFact()           {}
func (Left) isFact()           {}
func (DeadlinePassed) isFact() {}
func (Recovered) isFact()      {}

func (EnterRequested) isRequest()  {}
func (AgentRequested) isRequest()  {}
func (StateRequested) isRequest()  {}
func (ResumeRequested) isRequest() {}
func (ClearRequested) isRequest()  {}

func (Offer) isCommand()    {}
func (Withdraw) isCommand() {}
