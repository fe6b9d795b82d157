// Package sipua is SIP as pure machines: the transactions of RFC 3261 §17 and
// RFC 6026 and the dialogs on them, over sipgo's parser. A machine has no
// goroutine, clock or socket: messages, times and wishes go in, events and messages to
// send come out. A Wire carries them over UDP and TCP. The package never decides about a
// call.
package sipua

import (
	"crypto/rand"
	"net/netip"
	"slices"
	"time"

	"github.com/emiago/sipgo/sip"
)

// A Dialog is one INVITE usage as a value: from the first INVITE, through
// forks, CANCEL, re-INVITEs and every transaction in it, to the answer to the
// last BYE. No method changes it; each returns its successor in a Step.
type Dialog struct {
	local  Local
	id     Identity
	epoch  uint16
	sent   uint32 // our requests in this epoch
	spare  uint32 // requests that the memory allows for: at least as many
	caller bool   // the Call-ID is ours

	self, other nameAddr
	headers     []sip.Header // for the first INVITE
	peer        peer         // confirmed, or the party we call
	early       []peer       // the senders of provisionals to our first INVITE
	forks       []string     // To-tags of further 2xx, which have had their BYE
	heard       int64        // the peer's highest CSeq, -1 before any
	heeded      int64        // the highest that a successor must know
	session     sessionTimer
	shown       identity

	stage   stage
	hangUp  bool   // the user is done with it
	acked   uint32 // CSeq of our last INVITE that was answered 2xx
	byeDue  bool   // restored: a BYE had been sent, and not answered
	reason  string
	waiting []byte    // the offer of a re-INVITE that is yet to be sent
	retryAt time.Time // not before then
	retries int       // of that re-INVITE so far
	keys    string    // to be pressed, and written down nowhere, so that no successor presses them twice

	datagrams  bool        // the peer has refused TCP: requests of any length go over UDP
	challenges []challenge // which our requests have to answer

	transfers
	invites  []inviteTx
	requests []requestTx
	servers  []serverTx
}

// A stage is where a dialog is.
//
//	idle ──Invite──▶ calling ──2xx──▶ established ──BYE, loss──▶ over
//	                    │                  ▲                       ▲
//	                    │   offered ─Accept┘                       │
//	                    └──────┴──refusal, HangUp, CANCEL──────────┘
//
// A dialog that is over has transactions to finish before it is gone. One that
// was hung up while calling stays so until its INVITE has its final response.
type stage string

const (
	idle        stage = "idle"
	calling     stage = "calling" // our first INVITE has no final response
	invited     stage = "offered" // theirs has none
	established stage = "established"
	over        stage = "over"
)

// A Step is a dialog's reaction to something.
type Step struct {
	Dialog *Dialog // afterwards, never nil
	Events []Event // in order
	Out    []Message
}

// A Message is a SIP message to be sent.
type Message struct {
	Kind      Kind // its kind, for the table of classes (kind.go)
	To        netip.AddrPort
	Transport Transport
	SIP       sip.Message
}

// Received is a SIP message as the wire delivered it.
type Received struct {
	SIP       sip.Message
	From      netip.AddrPort
	Transport Transport
	// Fault is why the message could not be read. SIP then holds the headers that a
	// refusal needs.
	Fault error
}

// An Event is a dialog's report to its user.
//
//sumtype:decl
type Event interface{ isEvent() }

type (
	// Invited: the peer's INVITE or re-INVITE waits for Accept or Reject.
	// SDP is nil when it carries no offer: then Accept gives ours, and
	// Confirmed brings the answer.
	Invited struct {
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
	// Rejected: our INVITE or re-INVITE has finally failed (the dialog itself retries
	// after 491 and challenges). Status is 0 without an answer: Text then has the
	// reason. After a rejected re-INVITE the session is as it was.
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

func (Invited) isEvent()    {}
func (Progressed) isEvent() {}
func (Accepted) isEvent()   {}
func (Rejected) isEvent()   {}
func (Confirmed) isEvent()  {}
func (Cancelled) isEvent()  {}
func (Ended) isEvent()      {}
func (Info) isEvent()       {}

// An Identity makes a dialog unlike all others. Call-ID, Tag and Seed come from outside
// because machines do not roll dice: branches and tags follow from them.
type Identity struct {
	CallID string
	Tag    string // ours
	Seed   string // for Via branches

	begun invitation
}

// An invitation identifies the INVITE that began a dialog with us.
type invitation struct {
	key txKey
	tag string // of its From
}

// Begins reports whether a request is the INVITE that began the dialog, or its CANCEL.
func (i Identity) Begins(msg sip.Message) bool {
	req, ok := msg.(*sip.Request)
	return ok && i.begun != invitation{} && keyOf(req) == i.begun.key
}

// Merges reports whether an INVITE is the one that began the dialog, come by another way
// (RFC 3261 §8.2.2.2).
func (i Identity) Merges(req *sip.Request) bool {
	return i.begun != invitation{} && tagOf(req.From().Params) == i.begun.tag && req.CSeq().SeqNo == i.begun.key.cseq
}

// RandomIdentity returns a fresh identity.
func RandomIdentity() Identity {
	return Identity{CallID: rand.Text(), Tag: rand.Text()[:16], Seed: rand.Text()}
}

// A Call is the party we call, and the identity we call with.
type Call struct {
	To      sip.Uri // Request-URI and To
	From    sip.Uri
	Name    string // From display name, may be empty
	Headers []sip.Header
	// Registered: To is where a phone has registered. Inside the call it is reached
	// where it answers from, too.
	Registered bool
}

// NewCaller returns a dialog that will call c; nothing is sent until Invite.
// Every CSeq number of it is epoch<<16 | n.
func NewCaller(local Local, id Identity, epoch uint16, c Call) *Dialog {
	return &Dialog{
		local: local, id: id, epoch: epoch, caller: true, stage: idle, heard: -1, heeded: -1, spare: spared,
		self: nameAddr{quotable(c.Name), c.From}, other: nameAddr{URI: c.To},
		peer: peer{Target: c.To.String(), AtSource: c.Registered}, headers: slices.Clone(c.Headers),
	}
}

// NewCallee returns the step that takes a first INVITE: Offered in Events, and
// 100 Trying at the next Tick if nothing else has been sent by then. An INVITE that cannot begin a dialog is refused: the
// Step has the refusal in Out, no events and a dialog that is Gone once
// it has been acknowledged.
func NewCallee(local Local, id Identity, epoch uint16, now time.Time, invite Received) Step {
	d := &Dialog{local: local, id: id, epoch: epoch, stage: over, heard: -1, heeded: -1, spare: spared}
	req, ok := invite.SIP.(*sip.Request)
	if !ok || req.Method != sip.INVITE || Check(invite) != nil {
		return Step{Dialog: d} // nothing to answer
	}
	d.id.CallID = req.CallID().Value()
	d.id.begun = invitation{keyOf(req), tagOf(req.From().Params)}
	d.self = nameAddr{req.To().DisplayName, req.To().Address}
	d.other = nameAddr{req.From().DisplayName, req.From().Address}
	d.peer = peerOfRequest(req, hopOf(invite))
	t := d.step(now)
	t.begin(invite)
	return t.step()
}

// Resume repeats messages that may not have been sent before the restart: the final
// response to an unacknowledged INVITE, a blind ACK for a pending re-INVITE, BYE or
// CANCEL if hanging up had begun. Our first INVITE without a final response rings on.
// For an established dialog the user then calls Invite.
func (d *Dialog) Resume(now time.Time) Step {
	t := d.step(now)
	t.resume()
	return t.step()
}

// Receive takes a message of this dialog's Call-ID. One that does not pass
// Check changes nothing.
func (d *Dialog) Receive(now time.Time, m Received) Step {
	t := d.step(now)
	if Check(m) != nil || m.SIP.CallID().Value() != d.id.CallID {
		return t.step()
	}
	switch msg := m.SIP.(type) {
	case *sip.Request:
		t.serve(m)
	case *sip.Response:
		t.answered(m, msg)
	}
	return t.step()
}

// Unreachable takes the network's report that addr is unreachable: by ICMP, or by
// refusing a connection. A request that used TCP only for its length is sent over UDP.
// Otherwise only a first INVITE without any provisional gives up for it: in a call, the
// network may be lying and the timers decide.
func (d *Dialog) Unreachable(now time.Time, addr netip.AddrPort) Step {
	t := d.step(now)
	t.unreachable(addr)
	return t.step()
}

// Tick is called when Deadline has come.
func (d *Dialog) Tick(now time.Time) Step {
	t := d.step(now)
	t.tick()
	return t.step()
}

// Invite sends the first INVITE, or a re-INVITE in an established dialog. Only
// with an offer. If a transaction is in the way it is sent when that has ended;
// a newer offer replaces one that waits.
func (d *Dialog) Invite(now time.Time, offer []byte) Step {
	t := d.step(now)
	switch {
	case t.hangUp || t.stage == over:
	case t.stage == idle:
		t.stage = calling
		t.invite(offer)
	default:
		t.waiting, t.retries = slices.Clone(offer), 0
		t.inviteWaiting()
	}
	return t.step()
}

// Ring sends 180 Ringing to the pending first INVITE.
func (d *Dialog) Ring(now time.Time) Step {
	t := d.step(now)
	t.ring(sip.StatusRinging, "Ringing", nil)
	return t.step()
}

// Progress sends 183 Session Progress with sdp to the pending first INVITE.
func (d *Dialog) Progress(now time.Time, sdp []byte) Step {
	t := d.step(now)
	t.ring(sip.StatusSessionInProgress, "Session Progress", sdp)
	return t.step()
}

// Accept sends 200 with sdp to the pending INVITE or re-INVITE, and repeats it
// until the ACK. unchanged means that a re-INVITE was a mere refresh: the same session
// as before, so the answer is exempt from recording.
func (d *Dialog) Accept(now time.Time, sdp []byte, unchanged bool) Step {
	t := d.step(now)
	t.accept(sdp, unchanged)
	return t.step()
}

// Reject refuses the pending INVITE or re-INVITE with status (300–699), and these headers.
func (d *Dialog) Reject(now time.Time, status int, reason string, headers ...sip.Header) Step {
	t := d.step(now)
	t.reject(status, reason, headers...)
	return t.step()
}

// Press sends keys of a telephone, each in an INFO request once the one before
// has been answered. A successor does not press keys that were not sent. Only an
// established dialog does so.
func (d *Dialog) Press(now time.Time, keys string) Step {
	t := d.step(now)
	if t.Established() {
		t.keys += keys
		t.pressWaiting()
	}
	return t.step()
}

// HangUp ends the dialog, whatever it is doing: CANCEL for our INVITE (once it
// has had a provisional; a 200 that crosses is ACKed and BYEd), 480 for theirs,
// BYE once established. reason becomes a Reason header when not empty, such as
// `SIP;cause=200;text="Call completed elsewhere"`. Again: nothing.
func (d *Dialog) HangUp(now time.Time, reason string) Step {
	t := d.step(now)
	if !t.hangUp {
		t.hangUp, t.reason = true, oneLine(reason)
		t.end()
	}
	return t.step()
}

// Deadline is when the dialog wants a Tick; zero: never.
func (d *Dialog) Deadline() time.Time {
	first := earliest(earliest(d.retryAt, d.expire()), earliest(d.sessionDeadline(), d.shown.again))
	for _, tx := range d.invites {
		first = earliest(first, tx.deadline())
	}
	for _, tx := range d.requests {
		first = earliest(first, tx.deadline())
	}
	for _, tx := range d.servers {
		first = earliest(first, tx.deadline())
	}
	return first
}

// Identity identifies the dialog. After a restart it knows the INVITE that began the
// dialog while that has no acknowledged response; after that it still knows copies that
// came by another way, until the peer has sent another request.
func (d *Dialog) Identity() Identity { return d.id }

// CallID is the dialog's Call-ID.
func (d *Dialog) CallID() string { return d.id.CallID }

// NextHop is where our requests go now; the zero value when the peer's URI is a name, no
// proxy is set and the peer has not been heard from.
func (d *Dialog) NextHop() netip.AddrPort { return d.peer.nextHop(d.local).AddrPort }

// Established reports whether there is a confirmed dialog that has not ended.
func (d *Dialog) Established() bool { return d.stage == established && !d.hangUp }

// Gone reports that the dialog has ended and no late message is expected.
func (d *Dialog) Gone() bool {
	return d.stage == over && len(d.invites)+len(d.requests)+len(d.servers) == 0 && !d.byeDue && !d.open()
}
