// Package sipua is SIP as pure machines: the transactions of RFC 3261 §17 and
// RFC 6026 and the dialogs on them, over sipgo's parser and transports. A
// machine has no goroutine, clock or socket: messages, times and wishes go in,
// what happened and what to send come out. It never decides what a call is for.
package sipua

import (
	"net/netip"
	"time"

	"github.com/emiago/sipgo/sip"
)

// A Dialog is one INVITE usage as a value: from the first INVITE, through
// forks, CANCEL, re-INVITEs and every transaction in it, to the answer to the
// last BYE. No method changes it; each returns its successor in a Step.
type Dialog struct{}

// A Step is what a dialog would do about something.
type Step struct {
	Dialog *Dialog // afterwards, never nil
	Events []Event // what happened, in order
	Out    []Message
}

// A Message is a SIP message to be sent.
type Message struct {
	Kind      Kind // what it is, for the table of classes (kind.go)
	To        netip.AddrPort
	Transport string // "udp" or "tcp"
	SIP       sip.Message
}

// Received is a SIP message as the wire delivered it.
type Received struct {
	SIP       sip.Message
	From      netip.AddrPort
	Transport string
}

// An Event is what a dialog tells its user.
//
//sumtype:decl
type Event interface{ isEvent() }

type (
	// Offered: the peer's INVITE or re-INVITE waits for Accept or Reject.
	// SDP is nil when it carries no offer: then Accept gives ours, and
	// Confirmed brings the answer.
	Offered struct {
		SDP     []byte
		Initial bool
	}
	// Progressed: a provisional other than 100 to our first INVITE.
	Progressed struct {
		Status int
		SDP    []byte // nil when it carries none
	}
	// Accepted: a 2xx to our INVITE or re-INVITE; the ACK is in Out.
	Accepted struct {
		SDP     []byte
		Initial bool
	}
	// Rejected: our INVITE or re-INVITE has failed for good (retries of 491
	// and of challenges are the dialog's own affair). Status is 0 when there
	// was no answer: Text then says what happened. After a rejected re-INVITE
	// the session is as it was.
	Rejected struct {
		Status  int
		Text    string // such as "486 Busy Here", or "no answer from 192.0.2.1:5060 within 4s"
		Initial bool
	}
	// Confirmed: the first ACK to our 2xx.
	Confirmed struct {
		SDP []byte // nil when it carries none
	}
	// Cancelled: the caller gave up before we answered.
	Cancelled struct{}
	// Ended: the dialog is over at the peer's hand (BYE), or lost: no ACK,
	// or 481/408 to a request inside it.
	Ended struct {
		Lost bool
		Text string
	}
	// Info: an INFO request, already answered with 200.
	Info struct {
		ContentType string
		Body        []byte
	}
)

func (Offered) isEvent()    {}
func (Progressed) isEvent() {}
func (Accepted) isEvent()   {}
func (Rejected) isEvent()   {}
func (Confirmed) isEvent()  {}
func (Cancelled) isEvent()  {}
func (Ended) isEvent()      {}
func (Info) isEvent()       {}

// Local is our side of every dialog.
type Local struct {
	Address   netip.AddrPort // where we listen: Via sent-by and Contact
	Transport string         // "udp" or "tcp"
	Proxy     netip.AddrPort // outbound proxy; the zero value: none
	UserAgent string
}

// An Identity is what makes a dialog unlike all others. It comes from outside
// because machines do not roll dice: branches and tags follow from it.
type Identity struct {
	CallID string
	Tag    string
	Seed   string // for Via branches
}

// RandomIdentity returns a fresh identity.
func RandomIdentity() Identity { panic("not yet") }

// A Call is whom we call, and as whom.
type Call struct {
	To      sip.Uri // Request-URI and To
	From    sip.Uri
	Name    string // From display name, may be empty
	Headers []sip.Header
}

// NewCaller returns a dialog that will call c; nothing is sent until Invite.
// Every CSeq number of it is epoch<<16 | n.
func NewCaller(local Local, id Identity, epoch uint16, c Call) *Dialog { panic("not yet") }

// NewCallee returns the step that answers a first INVITE: 100 Trying in Out,
// Offered in Events. An INVITE that cannot begin a dialog is refused: the
// Step has the refusal in Out, no events and a dialog that is Gone once
// it has been acknowledged.
func NewCallee(local Local, id Identity, epoch uint16, now time.Time, invite Received) Step {
	panic("not yet")
}

// Restore rebuilds a dialog from its Memory, in a new epoch (greater than all
// before). Call Resume next.
func Restore(local Local, epoch uint16, memory []byte) (*Dialog, error) { panic("not yet") }

// Resume repeats what may not have been sent before the restart: the final
// response to an unacknowledged INVITE, a blind ACK for a pending re-INVITE,
// BYE or CANCEL if hanging up had begun. A first INVITE of ours without final
// response rings on. For an established dialog the user then calls Invite.
func (d *Dialog) Resume(now time.Time) Step { panic("not yet") }

// Receive takes a message of this dialog's Call-ID.
func (d *Dialog) Receive(now time.Time, m Received) Step { panic("not yet") }

// Unreachable tells that the network reports addr unreachable (ICMP).
func (d *Dialog) Unreachable(now time.Time, addr netip.AddrPort) Step { panic("not yet") }

// Tick tells that Deadline has come.
func (d *Dialog) Tick(now time.Time) Step { panic("not yet") }

// Invite sends the first INVITE, or a re-INVITE in an established dialog. Only
// with an offer. If a transaction is in the way it is sent when that has ended;
// a newer offer replaces one that waits.
func (d *Dialog) Invite(now time.Time, offer []byte) Step { panic("not yet") }

// Ring sends 180 Ringing to the pending first INVITE.
func (d *Dialog) Ring(now time.Time) Step { panic("not yet") }

// Progress sends 183 Session Progress with sdp to the pending first INVITE.
func (d *Dialog) Progress(now time.Time, sdp []byte) Step { panic("not yet") }

// Accept sends 200 with sdp to the pending INVITE or re-INVITE, and repeats it
// until the ACK. unchanged says that a re-INVITE was a mere refresh: the same
// session as before, so the answer is exempt from recording.
func (d *Dialog) Accept(now time.Time, sdp []byte, unchanged bool) Step { panic("not yet") }

// Reject refuses the pending INVITE or re-INVITE with status (300–699).
func (d *Dialog) Reject(now time.Time, status int, reason string) Step { panic("not yet") }

// HangUp ends the dialog, whatever it is doing: CANCEL for our INVITE (once it
// has had a provisional; a 200 that crosses is ACKed and BYEd), 480 for theirs,
// BYE once established. reason becomes a Reason header when not empty, such as
// `SIP;cause=200;text="Call completed elsewhere"`. Again: nothing.
func (d *Dialog) HangUp(now time.Time, reason string) Step { panic("not yet") }

// Deadline is when the dialog wants a Tick; zero: never.
func (d *Dialog) Deadline() time.Time { panic("not yet") }

// Memory is what Restore needs, as JSON. It changes exactly when something
// happened that a successor must know.
func (d *Dialog) Memory() []byte { panic("not yet") }

// CallID is the dialog's Call-ID.
func (d *Dialog) CallID() string { panic("not yet") }

// NextHop is where our requests go now.
func (d *Dialog) NextHop() netip.AddrPort { panic("not yet") }

// Established reports whether there is a confirmed dialog that has not ended.
func (d *Dialog) Established() bool { panic("not yet") }

// Gone reports that the dialog has ended and no late message is expected.
func (d *Dialog) Gone() bool { panic("not yet") }
