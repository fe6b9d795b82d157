package call

// A Refusal is why a request was not carried out.
type Refusal struct {
	Code Code   // for programs; docs/REFUSALS.md lists all of them
	Text string // a sentence for the person who asked
}

func (r *Refusal) Error() string { return r.Text }

func refuse(code Code, text string) error { return &Refusal{code, text} }

// A Code is the reason, in one word, why a request was refused. It stays the
// same when the sentence beside it changes.
type Code string

// The codes of contacts. Each comment is a row of docs/REFUSALS.md.
const (
	NotBegun        Code = "not-begun"        // the contact has not begun
	NoAgent         Code = "no-agent"         // no agent is in the contact who could ask for it
	NotInContact    Code = "not-in-contact"   // the one who asks is not in the contact any more
	NotAnAgent      Code = "not-an-agent"     // the one who asks is in the contact, but not as an agent
	ReconnectFirst  Code = "reconnect-first"  // the agent's line was lost and has not come back
	AnswerFirst     Code = "answer-first"     // the agent has not answered yet
	AnsweredAlready Code = "answered-already" // the agent has answered the call that they reject

	PartyHasLeft      Code = "party-has-left"       // the party that the request names is not in the contact any more
	NotAnsweredYet    Code = "not-answered-yet"     // the party that the request names has not answered
	AgentCannotBeHeld Code = "agent-cannot-be-held" // the party is an agent; only customers and targets can be on hold
	CannotBeDropped   Code = "cannot-be-dropped"    // the party's connection cannot be ended in this stage
	NotKeys           Code = "not-keys"             // the digits are not keys of a telephone
	TooManyKeys       Code = "too-many-keys"        // the request presses more than 64 keys

	NoCustomer        Code = "no-customer"         // there is no customer to record or transfer
	CustomerOnHold    Code = "customer-on-hold"    // the agent would leave a customer who is on hold
	AloneWithCustomer Code = "alone-with-customer" // the agent would leave the customer with nobody
	TargetJustLeft    Code = "target-just-left"    // the agent would leave the customer alone, because the target has just gone
	NotParked         Code = "not-parked"          // the customer is not parked

	TransferUnderWay     Code = "transfer-under-way"     // a transfer is under way, and its targets ring
	ConsultationUnderWay Code = "consultation-under-way" // the agent talks to the target of a warm transfer
	TargetHasAnswered    Code = "target-has-answered"    // the target has accepted and is being joined with the customer
	NotConsulting        Code = "not-consulting"         // there is no consultation to swap, conference or complete
	NoTransfer           Code = "no-transfer"            // there is no transfer to cancel
	TransferEnded        Code = "transfer-ended"         // the transfer has ended already
	KeyTaken             Code = "key-taken"              // the idempotency key belongs to another transfer

	UnknownKind        Code = "unknown-kind"         // the transfer is neither cold nor warm nor blind
	BadRingTime        Code = "bad-ring-time"        // the time for which a target may ring is negative
	TooManyHandOvers   Code = "too-many-hand-overs"  // the customer has been handed over as often as the rules allow
	TooManyTargets     Code = "too-many-targets"     // the transfer names more than 20 targets
	TooManyTransfers   Code = "too-many-transfers"   // the contact has had 50 transfers
	TooManyAttempts    Code = "too-many-attempts"    // with this transfer the contact would have tried more than 200 targets
	TargetNamedTwice   Code = "target-named-twice"   // the transfer names a target twice
	TransferToSelf     Code = "transfer-to-self"     // the target is the agent who asks
	TransferToCustomer Code = "transfer-to-customer" // the target is the customer
	ConsultedAlready   Code = "consulted-already"    // the agent has called the target already, and asks for more than to connect them with the customer

	NotYourCall   Code = "not-your-call"   // the call whose other party is to get the customer is another agent's
	NotTwoParties Code = "not-two-parties" // the call whose other party is to get the customer is not between the agent and one other party
)
