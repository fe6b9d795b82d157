package sipua

// A Kind names a message by its role, finer than its method: the first ACK of
// a dialog is another kind than its repetition.
type Kind string

// Requests.
const (
	FirstINVITE       Kind = "first INVITE" // begins our dialog
	ReINVITE          Kind = "re-INVITE"
	FirstACK          Kind = "first ACK"        // takes the answer to our first INVITE
	AgainACK          Kind = "ACK"              // every other ACK of a 2xx
	InviteRejectedACK Kind = "ACK of a refusal" // the first; to INVITE
	Cancel            Kind = "CANCEL"
	Bye               Kind = "BYE"
	KeyInfo           Kind = "INFO"    // carries a pressed key
	Ask               Kind = "OPTIONS" // asks whether the peer is still there
	Refresh           Kind = "UPDATE"  // refreshes the session, and changes nothing
	Introduction      Kind = "UPDATE with an identity"
	Register          Kind = "REGISTER"
	Refer             Kind = "REFER"
	Notify            Kind = "NOTIFY" // the progress of the peer's REFER
)

// Responses.
const (
	Trying           Kind = "100"
	Ringing          Kind = "18x"            // to the first INVITE
	FirstAnswer      Kind = "answer"         // 2xx to the first INVITE
	ReAnswer         Kind = "changed answer" // 2xx to a re-INVITE or UPDATE that changes something
	RefreshAnswer    Kind = "refresh answer" // 2xx to one that changes nothing
	InviteRejected   Kind = "refusal"        // of the first INVITE, by our user
	ReinviteRejected Kind = "decline"        // of a re-INVITE: the session stays as it was
	Terminated       Kind = "487"            // to an INVITE that its sender has ended
	ReferralAnswer   Kind = "202"            // 2xx to REFER, and to SUBSCRIBE, which commits us to a NOTIFY
	OK               Kind = "okay"           // 200 to BYE, CANCEL, OPTIONS, INFO, NOTIFY
	Challenge        Kind = "401"            // to a request that does not prove who sends it
	Registered       Kind = "registered"     // 200 to REGISTER: who keeps bindings has written them down before
	ErrorResponse    Kind = "rebuff"         // a refusal that creates nothing: 481, 482, 491, 500, 4xx for unsupported requests
)

// Retransmission is a message sent before, byte for byte.
const Retransmission Kind = "retransmission"

// A Class is when a message may go out.
type Class int

const (
	// Journaled: only after the dialog's Memory has been written down.
	Journaled Class = iota
	// Exempt: at once. It commits us to nothing that a successor would have
	// to know.
	Exempt
	// Ending is Journaled while the journal works; without it, it may still
	// go out once no party needs the line any more.
	Ending
)

// Kinds is the class of every message that is sent, in a dialog or outside.
var Kinds = map[Kind]Class{
	FirstINVITE:       Journaled,
	ReINVITE:          Journaled,
	FirstACK:          Journaled,
	AgainACK:          Exempt,
	InviteRejectedACK: Journaled,
	Cancel:            Ending,
	Bye:               Ending,
	KeyInfo:           Journaled,
	Ask:               Exempt,
	Refresh:           Exempt,
	Introduction:      Journaled,
	Register:          Exempt,
	Refer:             Journaled,
	Notify:            Journaled,

	Trying:           Exempt,
	Ringing:          Journaled,
	FirstAnswer:      Journaled,
	ReAnswer:         Journaled,
	RefreshAnswer:    Exempt,
	InviteRejected:   Ending,
	ReinviteRejected: Exempt,
	Terminated:       Exempt,
	ReferralAnswer:   Journaled,
	OK:               Exempt,
	Challenge:        Exempt,
	Registered:       Exempt,
	ErrorResponse:    Exempt,

	Retransmission: Exempt,
}
