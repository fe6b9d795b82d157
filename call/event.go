package call

import "time"

// An Event is something that has happened in a contact: a fact, which cannot
// be refused (a late one is ignored), or somebody's request, which can.
//
//sumtype:decl
type Event interface{ isEvent() }

// Facts.
type (
	// Arrived begins a contact: a customer rings at us, and Agent is who
	// shall answer. It is the first event of every inbound contact.
	Arrived struct {
		Customer Endpoint `json:"customer"`
		Called   string   `json:"called"` // the number or address the customer dialled
		Agent    Endpoint `json:"agent"`
		Rules    Rules    `json:"rules"`
	}

	// Rang: the party's line reports progress. EarlyMedia says whether it
	// sends sound already. May come any number of times.
	Rang struct {
		Connection ConnectionID `json:"connection"`
		EarlyMedia bool         `json:"earlyMedia,omitempty"`
	}

	// Answered: a party that we dialled has picked up.
	Answered struct {
		Connection ConnectionID `json:"connection"`
	}

	// Failed: a party that we dialled could not be reached. Detail is what
	// the line said, in its own words.
	Failed struct {
		Connection ConnectionID `json:"connection"`
		Reason     Reason       `json:"reason"`
		Detail     string       `json:"detail,omitempty"`
	}

	// HungUp: a party has put the phone down, or a customer gave up ringing.
	HungUp struct {
		Connection ConnectionID `json:"connection"`
	}

	// Lost: a party's line is gone without a goodbye. Detail says how we know,
	// for the record.
	Lost struct {
		Connection ConnectionID `json:"connection"`
		Detail     string       `json:"detail,omitempty"`
	}

	// Joined: these parties are in the room, each with sound agreed in both
	// directions (RFC 3264 sendrecv), so that those who are Connected hear each
	// other. It comes whenever that has changed, also after Recovered; what an
	// earlier one said is not remembered.
	Joined struct {
		Connections []ConnectionID `json:"connections"`
	}

	// DeadlinePassed: the time Deadline told has come. Which limit that was,
	// Step sees from the contact.
	DeadlinePassed struct{}

	// Recovered: another process, or this one after a restart, has taken the
	// contact over. Nothing is known to be lost, so nothing changes; what is
	// lost follows as facts. Commands that were written down and perhaps not
	// carried out are carried out again by whoever recovers.
	Recovered struct{}
)

// Requests. By is the connection of the agent who asks.
type (
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

	// TransferRequested asks for the customer to be handed to Target.
	TransferRequested struct {
		By      ConnectionID  `json:"by"`
		Kind    Kind          `json:"kind"`
		Target  Endpoint      `json:"target"`
		RingFor time.Duration `json:"ringFor,omitempty"` // zero: as the rules say
		Key     string        `json:"key,omitempty"`     // idempotency key, may be empty; see Transfer.Key
	}

	// CancelRequested takes back a transfer: the one with that id, or the one
	// under way.
	CancelRequested struct {
		By       ConnectionID `json:"by"`
		Transfer string       `json:"transfer,omitempty"`
	}

	// PickUpRequested asks for a parked customer to be put through to Agent.
	PickUpRequested struct {
		Agent Endpoint `json:"agent"`
	}
)

func (Arrived) isEvent()           {}
func (Rang) isEvent()              {}
func (Answered) isEvent()          {}
func (Failed) isEvent()            {}
func (HungUp) isEvent()            {}
func (Lost) isEvent()              {}
func (Joined) isEvent()            {}
func (DeadlinePassed) isEvent()    {}
func (Recovered) isEvent()         {}
func (HoldRequested) isEvent()     {}
func (ResumeRequested) isEvent()   {}
func (TransferRequested) isEvent() {}
func (CancelRequested) isEvent()   {}
func (PickUpRequested) isEvent()   {}
