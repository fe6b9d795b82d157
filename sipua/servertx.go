package sipua

import (
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
)

// ringAgain is how often a UAS repeats its 18x (RFC 3261 §13.3.1.1).
const ringAgain = time.Minute

// tryingAfter is how long an INVITE may be without a response (RFC 3261
// §17.2.1). A 100 stops the peer from repeating it, so we rather wait to send a
// response that has been written down; if we die before that, the repetition is new.
const tryingAfter = 200 * time.Millisecond

// A serverTx is a server transaction (RFC 3261 §17.2 with RFC 6026): of an
// INVITE, or of any other request, which is answered at once. A value: each
// method returns its successor.
type serverTx struct {
	pace
	request  *sip.Request
	to       Hop           // where responses go
	response *sip.Response // the last one
	kind     Kind          // of that response
	state    txState
	initial  bool       // the INVITE that begins the dialog
	resend   repetition // timer G, and the repetition of 18x and 2xx
	end      time.Time  // timers H, I, J, L
	expires  time.Time  // of an INVITE that does not wait for ever; zero: it does
}

// respond is tx after sending response at now.
func (tx serverTx) respond(now time.Time, kind Kind, response *sip.Response) serverTx {
	tx.response, tx.kind = response, kind
	invite := tx.request.Method == sip.INVITE
	switch status := response.StatusCode; {
	case status == 100:
		tx.state, tx.resend = txProceeding, repetition{}
	case status < 200:
		tx.state, tx.resend = txProceeding, repetition{now.Add(ringAgain), ringAgain}
	case invite && status < 300:
		// Repeated on any transport, until the ACK (RFC 3261 §13.3.1.4).
		tx.state, tx.resend, tx.end = txAccepted, tx.repeatFrom(now), now.Add(tx.timeout())
	case invite:
		tx.state, tx.resend, tx.end = txCompleted, tx.repeatFrom(now), now.Add(tx.timeout())
		if tx.to.Transport.Reliable() {
			tx.resend = repetition{}
		}
	case tx.to.Transport.Reliable():
		tx.state = txEnded
	default:
		tx.state, tx.end = txConfirmed, now.Add(tx.timeout())
	}
	return tx
}

// tryLater is tx, an INVITE taken at now, with its 100 due unless something
// better is sent by then.
func (tx serverTx) tryLater(now time.Time) serverTx {
	tx.resend = repetition{next: now.Add(tryingAfter)}
	return tx
}

// again is tx after a repetition at now.
func (tx serverTx) again(now time.Time) serverTx {
	if tx.state == txProceeding {
		tx.resend = repetition{now.Add(ringAgain), ringAgain}
	} else {
		tx.resend = tx.resend.again(now, t2)
	}
	return tx
}

// acknowledged is tx after the ACK: it absorbs repetitions.
func (tx serverTx) acknowledged(now time.Time) serverTx {
	absorbing := tx.end
	if tx.state == txCompleted {
		absorbing = now.Add(tx.t4())
	}
	tx.state, tx.resend, tx.end = txConfirmed, repetition{}, absorbing
	if tx.to.Transport.Reliable() {
		tx.state = txEnded
	}
	return tx
}

// openInvite reports whether it is an INVITE which waits for our final response.
func (tx serverTx) openInvite() bool {
	return tx.state == txProceeding && tx.request.Method == sip.INVITE
}

// unacknowledged reports whether our final response waits for its ACK.
func (tx serverTx) unacknowledged() bool { return tx.state == txAccepted || tx.state == txCompleted }

func (tx serverTx) deadline() time.Time {
	if tx.openInvite() {
		return earliest(tx.resend.next, tx.expires)
	}
	return earliest(tx.resend.next, tx.end)
}

// expiring is tx, the INVITE that begins a dialog, with the time after which its sender
// does not want an answer any more (RFC 3261 §13.3.1).
func (tx serverTx) expiring(now time.Time) serverTx {
	if seconds, err := strconv.ParseUint(headerValue(tx.request, "Expires"), 10, 32); err == nil {
		tx.expires = now.Add(time.Duration(seconds) * time.Second)
	}
	return tx
}

// A txKey identifies the requests of one transaction (RFC 3261 §17.2.3). The CSeq
// number serves peers whose branches are not unique.
type txKey struct {
	branch, sentBy string
	method         sip.RequestMethod
	cseq           uint32
}

// keyOf is the key of req. That of CANCEL and of ACK is the key of their INVITE.
func keyOf(req *sip.Request) txKey {
	via := req.Via()
	key := txKey{BranchOf(req), strings.ToLower(via.SentBy()), req.Method, req.CSeq().SeqNo}
	if key.method == sip.CANCEL || key.method == sip.ACK {
		key.method = sip.INVITE
	}
	return key
}
