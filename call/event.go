package call

// An Event is something that has happened in a contact: a [Fact], which cannot
// be refused (a late one is ignored), or a [Request], which can.
type Event interface {
	// connection returns the connection the event concerns or was requested by, or 0 if
	// there is none.
	connection() ConnectionID
}

// A Fact is something that simply is so.
//
//sumtype:decl
type Fact interface {
	Event
	isFact()
}

type (
	// Arrived begins a contact: a customer rings at us, and Agent, an agent or a queue,
	// must answer. It is the first event of every inbound contact.
	Arrived struct {
		Customer Endpoint `json:"customer"`
		Called   string   `json:"called"` // the number or address the customer dialled
		Agent    Endpoint `json:"agent"`
		Rules    Rules    `json:"rules"`
	}

	// Originated begins a contact: an agent calls a customer. The agent's own
	// line is rung first, and then the customer's.
	Originated struct {
		Agent    Endpoint `json:"agent"`
		Customer Endpoint `json:"customer"`
		Rules    Rules    `json:"rules"`
	}

	// Dialled begins a contact from an agent's desk phone: the phone rings at us, and the
	// agent has dialled the customer, whose line is rung at once.
	Dialled struct {
		Agent    Endpoint `json:"agent"`
		Customer Endpoint `json:"customer"`
		Called   string   `json:"called"` // the number or address the agent dialled
		Rules    Rules    `json:"rules"`
	}

	// Replaced: an agent calls us from another line, to go on there with the call that
	// they have on Connection (RFC 3891). The new line gets a connection of its own, which
	// takes the place of the old one. If there is nothing to go on with, or the call is
	// another agent's, no Join follows.
	Replaced struct {
		Connection ConnectionID `json:"connection"`
		Agent      Endpoint     `json:"agent"` // the caller
	}

	// Rang: the party's line rings or, with EarlyMedia, may send audio already. May
	// come any number of times, also the one after the other.
	Rang struct {
		Connection ConnectionID `json:"connection"`
		EarlyMedia bool         `json:"earlyMedia,omitempty"`
	}

	// Answered: a party that we dialled has picked up. For an agent or a queue
	// this is a person.
	Answered struct {
		Connection ConnectionID `json:"connection"`
	}

	// Failed: a party that we dialled could not be reached. Detail is the far end's own
	// words.
	Failed struct {
		Connection ConnectionID `json:"connection"`
		Reason     Reason       `json:"reason"`
		Detail     string       `json:"detail,omitempty"`
	}

	// Offered: a queue offers the customer to an agent. Connection is the queue's, which
	// waits for an agent; the agent is rung under a connection of their own, for RingFor
	// (zero: as in the rules). Number counts the offers of a queue's connection, from 1;
	// the same number again is the same offer.
	Offered struct {
		Connection ConnectionID `json:"connection"`
		Number     int          `json:"number"`
		Agent      Endpoint     `json:"agent"`
		RingFor    Duration     `json:"ringFor,omitempty"`
	}

	// Withdrawn: a queue takes back the offer with that number. Connection is
	// the queue's.
	Withdrawn struct {
		Connection ConnectionID `json:"connection"`
		Number     int          `json:"number"`
		Reason     Reason       `json:"reason"`
	}

	// Pressed: a party has pressed a key, one of 0–9, * and #.
	Pressed struct {
		Connection ConnectionID `json:"connection"`
		Key        string       `json:"key"`
	}

	// Played: the party has heard its prompt to the end.
	Played struct {
		Connection ConnectionID `json:"connection"`
	}

	// HungUp: a party has put the phone down, or a customer gave up ringing.
	HungUp struct {
		Connection ConnectionID `json:"connection"`
	}

	// Lost: a party's line is gone without a goodbye. Detail is how we know, for the
	// record. MayReturn means that an agent's line may come back by itself, as a browser's
	// does when the page is loaded anew.
	Lost struct {
		Connection ConnectionID `json:"connection"`
		Detail     string       `json:"detail,omitempty"`
		MayReturn  bool         `json:"mayReturn,omitempty"`
	}

	// Back: a lost agent has a line again.
	Back struct {
		Connection ConnectionID `json:"connection"`
	}

	// HoldBegan: a party's phone holds the call, because its hold key was pressed.
	// Until HoldEnded they neither hear nor are heard.
	HoldBegan struct {
		Connection ConnectionID `json:"connection"`
	}

	// HoldEnded: a party's phone holds the call no longer.
	HoldEnded struct {
		Connection ConnectionID `json:"connection"`
	}

	// Joined: these parties are in the room, each with audio agreed in both
	// directions (RFC 3264 sendrecv), so that the Connected ones hear each other. It comes
	// whenever that has changed, also after Recovered; it replaces an earlier one.
	Joined struct {
		Connections []ConnectionID `json:"connections"`
	}

	// DeadlinePassed: the time that Deadline returned has come. Which limit that was, Step
	// sees from the contact.
	DeadlinePassed struct{}

	// Recovered: another process, or this one after a restart, has taken the
	// contact over. A party the contact waits for gets at least 5 s more to answer;
	// nothing else changes, for lost lines follow as facts. The process that recovers the
	// contact carries out again the commands that were written down and perhaps not
	// carried out.
	Recovered struct{}
)

// A Request is something an agent asks for. By is the agent's connection. The
// verbs of a softphone and those of a whole transfer are requests to the same
// contact, so it does not matter who performs the steps.
//
//sumtype:decl
type Request interface {
	Event
	isRequest()
}

type (
	// AcceptRequested picks up the call that rings at the agent, where their
	// line can be picked up from here: a browser's, not a desk phone's.
	AcceptRequested struct {
		By ConnectionID `json:"by"`
	}

	// RejectRequested refuses the call that rings at the agent.
	RejectRequested struct {
		By ConnectionID `json:"by"`
	}

	// HoldRequested puts a connected party on hold.
	HoldRequested struct {
		By         ConnectionID `json:"by"`
		Connection ConnectionID `json:"connection"`
	}

	// ResumeRequested takes a party off hold.
	ResumeRequested struct {
		By         ConnectionID `json:"by"`
		Connection ConnectionID `json:"connection"`
	}

	// MuteRequested mutes or unmutes the agent.
	MuteRequested struct {
		By    ConnectionID `json:"by"`
		Muted bool         `json:"muted"`
	}

	// DigitsRequested presses keys on a party's line.
	DigitsRequested struct {
		By         ConnectionID `json:"by"`
		Connection ConnectionID `json:"connection"`
		Digits     string       `json:"digits"`
	}

	// RecordRequested starts or stops the recording of the customer's audio, in both
	// directions.
	RecordRequested struct {
		By ConnectionID `json:"by"`
		On bool         `json:"on"`
	}

	// TransferRequested asks for the customer to be handed to Target or, when
	// that fails, to the first of Others that does not. A page that merely adds
	// a third party asks for a warm transfer: its next steps decide the rest.
	TransferRequested struct {
		By       ConnectionID `json:"by"`
		Kind     Kind         `json:"kind"`
		Target   Endpoint     `json:"target"`
		Others   []Endpoint   `json:"others,omitempty"`
		Parallel bool         `json:"parallel,omitempty"` // ring all at once; the first to accept wins
		Manner

		RingFor Duration `json:"ringFor,omitempty"` // zero: as in the rules
		Key     string   `json:"key,omitempty"`     // idempotency key, may be empty; see Transfer.Key
		// Supersede cancels a transfer under way in favour of this one, as long as no
		// target has accepted it.
		Supersede bool `json:"supersede,omitempty"`
		// Reported has the agent's line get a Report of how the transfer goes: a desk
		// phone asked for it (RFC 3515).
		Reported bool `json:"reported,omitempty"`
		// Consulted is the agent's line in another contact, in which they have called
		// Target: the target's line comes from there, and no call is made.
		Consulted Place `json:"consulted,omitzero"`
	}

	// CancelRequested takes back a transfer: the one with that id, or the one
	// under way.
	CancelRequested struct {
		By       ConnectionID `json:"by"`
		Transfer string       `json:"transfer,omitempty"`
	}

	// SwapRequested connects the agent of a warm transfer to the other of customer and
	// target, and puts the first on hold.
	SwapRequested struct {
		By ConnectionID `json:"by"`
	}

	// ConferenceRequested has agent, customer and target all hear each other.
	ConferenceRequested struct {
		By ConnectionID `json:"by"`
	}

	// CompleteRequested ends a consultation: the target gets the customer.
	CompleteRequested struct {
		By ConnectionID `json:"by"`
	}

	// LeaveRequested releases the agent without ending the contact.
	LeaveRequested struct {
		By ConnectionID `json:"by"`
	}

	// EndRequested ends the contact and drops all parties (an end in the sense of P1).
	EndRequested struct {
		By ConnectionID `json:"by"`
	}

	// DestroyRequested ends a connection, as a Streams page asks for it. Its effect
	// depends on whose it is, and on the other parties there.
	DestroyRequested struct {
		By         ConnectionID `json:"by"`
		Connection ConnectionID `json:"connection"`
	}

	// GiveRequested asks for the line of the other party of an agent's call. The line
	// becomes the connection To of another contact, and this contact ends. By is the
	// agent's connection here, and Agent the agent who asks in the other contact: the same
	// person, or the request is refused.
	GiveRequested struct {
		By    ConnectionID `json:"by"`
		Agent Endpoint     `json:"agent"`
		To    Place        `json:"to"`
	}

	// PickUpRequested asks for a parked customer to be put through to Agent.
	PickUpRequested struct {
		Agent Endpoint `json:"agent"`
	}
)

func (Arrived) connection() ConnectionID        { return 0 }
func (Originated) connection() ConnectionID     { return 0 }
func (Dialled) connection() ConnectionID        { return 0 }
func (e Replaced) connection() ConnectionID     { return e.Connection }
func (e Rang) connection() ConnectionID         { return e.Connection }
func (e Answered) connection() ConnectionID     { return e.Connection }
func (e Failed) connection() ConnectionID       { return e.Connection }
func (e Offered) connection() ConnectionID      { return e.Connection }
func (e Withdrawn) connection() ConnectionID    { return e.Connection }
func (e Pressed) connection() ConnectionID      { return e.Connection }
func (e Played) connection() ConnectionID       { return e.Connection }
func (e HungUp) connection() ConnectionID       { return e.Connection }
func (e Lost) connection() ConnectionID         { return e.Connection }
func (e Back) connection() ConnectionID         { return e.Connection }
func (e HoldBegan) connection() ConnectionID    { return e.Connection }
func (e HoldEnded) connection() ConnectionID    { return e.Connection }
func (Joined) connection() ConnectionID         { return 0 }
func (DeadlinePassed) connection() ConnectionID { return 0 }
func (Recovered) connection() ConnectionID      { return 0 }

func (e AcceptRequested) connection() ConnectionID     { return e.By }
func (e RejectRequested) connection() ConnectionID     { return e.By }
func (e HoldRequested) connection() ConnectionID       { return e.By }
func (e ResumeRequested) connection() ConnectionID     { return e.By }
func (e MuteRequested) connection() ConnectionID       { return e.By }
func (e DigitsRequested) connection() ConnectionID     { return e.By }
func (e RecordRequested) connection() ConnectionID     { return e.By }
func (e TransferRequested) connection() ConnectionID   { return e.By }
func (e CancelRequested) connection() ConnectionID     { return e.By }
func (e SwapRequested) connection() ConnectionID       { return e.By }
func (e ConferenceRequested) connection() ConnectionID { return e.By }
func (e CompleteRequested) connection() ConnectionID   { return e.By }
func (e LeaveRequested) connection() ConnectionID      { return e.By }
func (e EndRequested) connection() ConnectionID        { return e.By }
func (e DestroyRequested) connection() ConnectionID    { return e.By }
func (e GiveRequested) connection() ConnectionID       { return e.By }
func (PickUpRequested) connection() ConnectionID       { return 0 }

func (Arrived) isFact()        {}
func (Originated) isFact()     {}
func (Dialled) isFact()        {}
func (Replaced) isFact()       {}
func (Rang) isFact()           {}
func (Answered) isFact()       {}
func (Failed) isFact()         {}
func (Offered) isFact()        {}
func (Withdrawn) isFact()      {}
func (Pressed) isFact()        {}
func (Played) isFact()         {}
func (HungUp) isFact()         {}
func (Lost) isFact()           {}
func (Back) isFact()           {}
func (HoldBegan) isFact()      {}
func (HoldEnded) isFact()      {}
func (Joined) isFact()         {}
func (DeadlinePassed) isFact() {}
func (Recovered) isFact()      {}

func (AcceptRequested) isRequest()     {}
func (RejectRequested) isRequest()     {}
func (HoldRequested) isRequest()       {}
func (ResumeRequested) isRequest()     {}
func (MuteRequested) isRequest()       {}
func (DigitsRequested) isRequest()     {}
func (RecordRequested) isRequest()     {}
func (TransferRequested) isRequest()   {}
func (CancelRequested) isRequest()     {}
func (SwapRequested) isRequest()       {}
func (ConferenceRequested) isRequest() {}
func (CompleteRequested) isRequest()   {}
func (LeaveRequested) isRequest()      {}
func (EndRequested) isRequest()        {}
func (DestroyRequested) isRequest()    {}
func (GiveRequested) isRequest()       {}
func (PickUpRequested) isRequest()     {}
