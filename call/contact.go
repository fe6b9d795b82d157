package call

import (
	"cmp"
	"time"
)

// A ContactID names a contact. The creator of the contact chooses it, and chooses it
// unique for ever.
type ContactID string

// A ConnectionID names a connection within its contact. Step hands them out in
// the order of joining, from 1 (the customer), and never hands one out twice.
type ConnectionID int

// A Contact is one customer's conversation, from first ring to last goodbye.
// It is a plain value: everything that Step, Deadline and Hears need to know
// is in it, so any server that reads a written contact can carry it on. The zero
// value with an ID is a contact about to begin.
type Contact struct {
	ID    ContactID `json:"id"`
	Stage Stage     `json:"stage"`
	Rules Rules     `json:"rules"`

	// Connections holds the parties in the contact now, in the order in which they
	// joined. A party that has left is removed; LastConnection keeps their ids from
	// being used again.
	Connections    []Connection `json:"connections"`
	LastConnection ConnectionID `json:"lastConnection"`

	// Customer is where the customer is reached, or who they say they are.
	Customer Endpoint `json:"customer,omitzero"`
	// Called is the number or address that a calling customer, or an agent's phone,
	// dialled.
	Called string `json:"called,omitempty"`
	// Agent is where the agent responsible for the customer is reached.
	// When all other parties have left, this agent is recalled.
	Agent Endpoint `json:"agent"`

	// Transfer is the transfer under way, nil when there is none; Past
	// holds those that have ended, oldest first.
	Transfer *Transfer  `json:"transfer,omitempty"`
	Past     []Transfer `json:"past,omitempty"`

	// Recorded reports whether an agent has asked for the customer to be recorded.
	Recorded bool `json:"recorded,omitempty"`

	// OnHold is how long the customer has heard hold audio altogether: put on
	// hold, in a queue, during a recall or parked. A hold that goes on is not in it,
	// and one by a phone (Connection.Holding) never is.
	OnHold Duration `json:"onHold,omitempty"`

	Arrived  time.Time `json:"arrived"`
	Answered time.Time `json:"answered,omitzero"` // from here on P1 holds
	Over     time.Time `json:"over,omitzero"`

	// EndedBy is the party that ended the contact by leaving, by asking for the
	// end or by not being reached; EndReason has which of these it was.
	EndedBy   Party  `json:"endedBy,omitempty"`
	EndReason Reason `json:"endReason,omitempty"`
}

// A Stage is what a contact is waiting for.
//
//	           agent answers           transfer asked            target accepts
//	Offering ─────────────────▶ Talking ──────────────▶ Reaching ──────────────▶ Joining
//	           customer answers  ▲ ▲ ▲                   │   │                    ▲  │
//	Dialling ────────────────────┘ │ │                   │   └─ Consulting ───────┘  │
//	                               │ │                   │       │  warm, until done │
//	                               │ └─ it fails, agent is there ┴───────────────────┤
//	                               └─── both in two-way audio, agent released ──────┘
//
//	        the customer is left alone without a normal goodbye: a line was lost,
//	        a party hung up while the customer was held or a transfer ran, or a
//	        target left just after the hand-over
//	Talking ──────────────────────────────────────▶ Returning ──nobody answers──▶ Parked
//	   ▲                                              │   ▲                         │
//	   └──────────── agent or queue answers ──────────┘   └── somebody picks up ────┘
//
// From every stage the contact is Over when the customer leaves (from
// Consulting after Finishing): from Offering also when no agent answers (the customer
// is refused), and from Talking when the last other party hangs up.
type Stage string

const (
	// Offering: the customer rings at us, and an agent is rung. We have not
	// answered yet: this is the only stage in which the customer can be
	// refused.
	Offering Stage = "offering"
	// Dialling: an agent calls a customer, whose line rings, or will ring as soon as
	// the agent's own line is up. If the phone of the agent has dialled, it rings at us, and
	// we have not answered it yet.
	Dialling Stage = "dialling"
	// Talking: the customer is with another party, connected or on hold.
	Talking Stage = "talking"
	// Reaching: the customer is held and the targets of a transfer are rung,
	// or hear a prompt before they accept.
	Reaching Stage = "reaching"
	// Consulting: the target of a warm transfer has accepted and talks to the
	// agent, who may let the customer in, swap, complete or cancel.
	Consulting Stage = "consulting"
	// Joining: the target has accepted; the agent stays until customer and
	// target are in two-way audio.
	Joining Stage = "joining"
	// Returning: no other party is left with the customer. The agent responsible is
	// recalled (the customer hears hold audio), or a queue looks for an agent (queue
	// audio).
	Returning Stage = "returning"
	// Parked: no agent could be reached; the customer hears park audio until an agent
	// picks them up. No time limit ends this.
	Parked Stage = "parked"
	// Finishing: the customer has left; agent and target were talking, and may
	// finish.
	Finishing Stage = "finishing"
	// Over: no party is left.
	Over Stage = "over"
)

// A Party is the role of a person in a contact.
type Party string

const (
	Customer Party = "customer"
	Agent    Party = "agent"
	Target   Party = "target"
)

// A State is the state of a party in a contact, in the words people use.
type State string

const (
	// Connecting: not answered yet.
	Connecting State = "connecting"
	// Screening: answered, hears only a prompt.
	Screening State = "screening"
	// Connected: hears all other connected parties.
	Connected State = "connected"
	// Held: out of the audio of the others, hearing hold audio.
	Held State = "held"
	// Away: an agent whose line was lost and may come back; their place is kept.
	Away State = "away"
)

// A Place is a connection of a contact. The zero value is none.
type Place struct {
	Contact    ContactID    `json:"contact"`
	Connection ConnectionID `json:"connection"`
}

// A Connection is one party's place in a contact.
type Connection struct {
	ID       ConnectionID `json:"id"`
	Party    Party        `json:"party"`
	Endpoint Endpoint     `json:"endpoint"`
	State    State        `json:"state"`

	// For is, of an agent found by a queue, the queue's connection, whose place they
	// take when they answer; and of an agent who goes on with another phone, the
	// connection they had first (see Replaced).
	For ConnectionID `json:"for,omitempty"`
	// Offer is, of a queue, its latest offer; zero: it has made none.
	Offer Offer `json:"offer,omitzero"`

	// AnswerBy is until when the contact waits for a party that is Connecting,
	// Screening or Away; zero for a customer who rings at us, and for a queue.
	AnswerBy time.Time `json:"answerBy,omitzero"`
	// Ringing reports whether the line of a Connecting party rings.
	Ringing bool `json:"ringing,omitempty"`
	// EarlyMedia reports whether a Connecting party may already send audio, such as
	// its own ringing tone or an announcement.
	EarlyMedia bool `json:"earlyMedia,omitempty"`
	// Prompt is the audio they hear while Screening.
	Prompt Audio `json:"prompt,omitempty"`
	// Holding reports whether their phone holds the call: they neither hear nor are
	// heard, and a party who could hear only them hears hold audio.
	Holding bool `json:"holding,omitempty"`
	// Muted reports whether they are muted: no other party hears them.
	Muted bool `json:"muted,omitempty"`

	Since time.Time `json:"since"` // in this State since
}

// Shown returns State as people are shown it: a party whose phone holds the call is
// Held.
func (c Connection) Shown() State {
	if c.Holding && c.State == Connected {
		return Held
	}
	return c.State
}

// A Kind determines when the agent leaves a transfer.
type Kind string

const (
	// Cold: reach the target; the agent leaves only after they have picked up.
	// (Many say "cold" for the transfer called blind here.)
	Cold Kind = "cold"
	// Warm: reach the target, talk to them, and then let the customer join.
	Warm Kind = "warm"
	// Blind: leave while the target rings. The customer stays with us, and
	// comes back when the target fails.
	Blind Kind = "blind"
)

// A Manner is how a transfer treats its targets, and the customer when all of
// them fail.
type Manner struct {
	// Confirm requires a target who answers to press 1 before they count: a voicemail
	// is not a person.
	Confirm bool `json:"confirm,omitempty"`
	// Whisper announces the caller to a target who answers.
	Whisper bool `json:"whisper,omitempty"`
	// Resume takes the customer off hold when the transfer fails or is cancelled.
	// Otherwise they stay on hold with the agent.
	Resume bool `json:"resume,omitempty"`
}

// A Transfer is an agent's attempt to hand the customer over.
type Transfer struct {
	ID   string `json:"id"` // unique within the contact: "t1", "t2", …
	Kind Kind   `json:"kind"`
	// Key is the request's idempotency key: for as long as the contact lives
	// the same key again is the same transfer, and starts nothing. Empty when
	// the request had none.
	Key string `json:"key,omitempty"`
	// By is the connection of the agent who asked.
	By ConnectionID `json:"by"`
	// RingFor is how long each target may ring.
	RingFor Duration `json:"ringFor"`
	Manner
	Attempts  []Attempt  `json:"attempts"`
	Remaining []Endpoint `json:"remaining,omitempty"` // targets still to be tried, in order
	// Reported is the connection on whose line the transfer was asked for and is reported
	// (Report), even if the agent has left or has another line now; 0: no reports.
	Reported ConnectionID `json:"reported,omitempty"`
	// Consulted is where the target's line was before, in a call of the same agent.
	Consulted Place `json:"consulted,omitzero"`
	// JoinBy is when customer and target must be in two-way audio, while
	// Joining, and when a consultation is over, while Consulting.
	JoinBy time.Time `json:"joinBy,omitzero"`

	Requested time.Time `json:"requested"`
	Ended     time.Time `json:"ended,omitzero"`
	Outcome   Outcome   `json:"outcome,omitempty"` // empty while under way
	Reason    Reason    `json:"reason,omitempty"`  // why it did not complete
}

// An Outcome is how a transfer ended.
type Outcome string

const (
	// Completed: the target has the customer and the agent was released. It
	// stays completed if the target leaves early afterwards; the attempt's Reason has
	// that.
	Completed Outcome = "completed"
	// TransferFailed: no target took the customer; Reason has why.
	TransferFailed Outcome = "failed"
	// Cancelled: the agent took the request back.
	Cancelled Outcome = "cancelled"
	// Abandoned: the customer left before it was decided.
	Abandoned Outcome = "abandoned"
)

// An Attempt is one try at one target. It is found by its connection, so a
// late fact of an earlier attempt never touches a later one.
type Attempt struct {
	Connection ConnectionID `json:"connection"`
	Target     Endpoint     `json:"target"`
	Dialled    time.Time    `json:"dialled"`
	Rang       time.Time    `json:"rang,omitzero"`
	Answered   time.Time    `json:"answered,omitzero"`
	Accepted   time.Time    `json:"accepted,omitzero"` // pressed 1, where that was asked for
	Ended      time.Time    `json:"ended,omitzero"`
	Reason     Reason       `json:"reason,omitempty"` // why it ended without the customer
	Detail     string       `json:"detail,omitempty"` // the far end's own words, such as "486 Busy Here"
}

// A Reason is why a party could not be reached, or did not stay.
type Reason string

const (
	Busy             Reason = "busy"
	NoAnswer         Reason = "no-answer"
	Declined         Reason = "declined"
	Unreachable      Reason = "unreachable"
	NotFound         Reason = "not-found"
	Denied           Reason = "denied"     // the destination may not be dialled
	LeftEarly        Reason = "left-early" // answered, and left before the hand-over or just after it
	CustomerLeft     Reason = "customer-left"
	NotAccepted      Reason = "not-accepted" // answered, but did not press 1
	Elsewhere        Reason = "elsewhere"    // another target was quicker
	Superseded       Reason = "superseded"   // another transfer was asked for instead
	TooLong          Reason = "too-long"     // was consulted for longer than the rules want
	CancelledByAgent Reason = "cancelled"
	Goodbye          Reason = "hung-up"     // put the phone down
	LineLost         Reason = "line-lost"   // their line was lost
	Requested        Reason = "requested"   // an agent asked for it
	Transferred      Reason = "transferred" // the other party went to the target, or to another contact
	LineError        Reason = "error"       // anything else; the attempt's Detail has it
)

// An Endpoint is where a party can be reached.
type Endpoint struct {
	Kind    EndpointKind `json:"kind"`
	Address string       `json:"address"`        // in the form that Kind has
	Name    string       `json:"name,omitempty"` // a person's name for it
}

// An EndpointKind is the form of an endpoint's Address.
type EndpointKind string

const (
	PhoneNumber   EndpointKind = "number" // E.164, with its plus sign
	URI           EndpointKind = "uri"    // an address on the line itself, such as sip:ana@192.0.2.7
	AgentEndpoint EndpointKind = "agent"  // an agent's name
	QueueEndpoint EndpointKind = "queue"  // a queue's name: any free agent of it
)

// String returns a person's word for the endpoint.
func (e Endpoint) String() string {
	if e.Name != "" {
		return e.Name
	}
	return e.Address
}

// Rules are a contact's limits. They are written down with the contact, so a
// change of configuration concerns only contacts that begin after it.
type Rules struct {
	OfferFor     Duration `json:"offerFor"`               // how long an agent rings for a new contact
	RingFor      Duration `json:"ringFor"`                // how long a target rings if the request does not set it
	AcceptWithin Duration `json:"acceptWithin,omitempty"` // from a target's answer to pressing 1
	ConsultFor   Duration `json:"consultFor,omitempty"`   // how long a consultation may last
	JoinWithin   Duration `json:"joinWithin"`             // from acceptance to two-way audio
	RecallFor    Duration `json:"recallFor"`              // how long an agent is recalled
	TakenAfter   Duration `json:"takenAfter"`             // how long a target must stay to have taken the customer
	Grace        Duration `json:"grace,omitempty"`        // how long an agent whose line was lost may be away
	HandOvers    int      `json:"handOvers,omitempty"`    // how often a customer may be handed over

	// Fallback is the queue that looks for an agent when the agent cannot be
	// recalled; without one the customer is parked.
	Fallback Endpoint `json:"fallback,omitzero"`
	// CallerID is who targets see calling; without one, the customer.
	CallerID Endpoint `json:"callerID,omitzero"`
}

// DefaultRules are the limits of a server whose configuration names none.
func DefaultRules() Rules {
	return Rules{
		OfferFor:     Duration(30 * time.Second),
		RingFor:      Duration(20 * time.Second),
		AcceptWithin: Duration(15 * time.Second),
		ConsultFor:   Duration(30 * time.Minute),
		JoinWithin:   Duration(5 * time.Second),
		RecallFor:    Duration(20 * time.Second),
		TakenAfter:   Duration(10 * time.Second),
		Grace:        Duration(30 * time.Second),
		HandOvers:    10,
	}
}

// filled returns the rules with the default for every limit that the beginning
// of the contact does not set.
func (r Rules) filled() Rules {
	d := DefaultRules()
	r.OfferFor = cmp.Or(r.OfferFor, d.OfferFor)
	r.RingFor = cmp.Or(r.RingFor, d.RingFor)
	r.AcceptWithin = cmp.Or(r.AcceptWithin, d.AcceptWithin)
	r.ConsultFor = cmp.Or(r.ConsultFor, d.ConsultFor)
	r.JoinWithin = cmp.Or(r.JoinWithin, d.JoinWithin)
	r.RecallFor = cmp.Or(r.RecallFor, d.RecallFor)
	r.TakenAfter = cmp.Or(r.TakenAfter, d.TakenAfter)
	r.Grace = cmp.Or(r.Grace, d.Grace)
	r.HandOvers = cmp.Or(r.HandOvers, d.HandOvers)
	return r
}
