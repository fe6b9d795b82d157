package sipua

import (
	"time"

	"github.com/emiago/sipgo/sip"
)

// The timers of RFC 3261 §17.1.1.1 and §17.1.2.1, and ours.
const (
	t1 = 500 * time.Millisecond // round trip, unless Local has another
	t2 = 4 * time.Second        // the longest pause between two repetitions

	timeoutB = 64 * t1 // timers B, D, F, H, J, L and M

	// firstSign is how long a first INVITE may go without any provisional
	// before its target counts as unreachable.
	firstSign = 4 * time.Second
)

// A repetition is when a message is sent again. Its zero value: never.
type repetition struct {
	next  time.Time
	pause time.Duration
}

// A pace is the T1 that a transaction goes by.
type pace time.Duration

func (p pace) repeatFrom(now time.Time) repetition {
	return repetition{now.Add(time.Duration(p)), time.Duration(p)}
}

// t4 is as long as a message stays in the network.
func (p pace) t4() time.Duration { return 10 * time.Duration(p) }

// timeout is as long as timers B, D, F, H, J, L and M take.
func (p pace) timeout() time.Duration { return 64 * time.Duration(p) }

func (r repetition) due(now time.Time) bool { return !r.next.IsZero() && !now.Before(r.next) }

// again is r after a repetition at now: the pause doubles up to most.
func (r repetition) again(now time.Time, most time.Duration) repetition {
	r.pause = min(2*r.pause, most)
	r.next = now.Add(r.pause)
	return r
}

// A txState is where a transaction is.
//
//	INVITE client   calling → proceeding → accepted (2xx) or completed → ended
//	INVITE server             proceeding → accepted (2xx) or completed → confirmed → ended
//	other client    calling → proceeding → completed → ended
//	other server                                       completed → ended
type txState string

const (
	txCalling    txState = "calling"
	txProceeding txState = "proceeding"
	txAccepted   txState = "accepted"  // RFC 6026: a 2xx, which may be repeated
	txCompleted  txState = "completed" // a final response other than 2xx to an INVITE
	txConfirmed  txState = "confirmed" // its ACK has come
	txEnded      txState = "ended"
)

// A sending has the fields that all client transactions share.
type sending struct {
	pace
	request *sip.Request
	to      Hop
	begun   uint32     // the CSeq with which the request went before it was challenged
	resend  repetition // timers A and E
}

func newSending(p pace, now time.Time, request *sip.Request, to Hop) sending {
	s := sending{pace: p, request: request, to: to, begun: request.CSeq().SeqNo}
	if !to.Transport.Reliable() {
		s.resend = p.repeatFrom(now)
	}
	return s
}

// An inviteTx is a client transaction of an INVITE (RFC 3261 §17.1.1 with RFC
// 6026). A value: each method returns its successor.
type inviteTx struct {
	sending
	state     txState
	initial   bool
	cancelled bool      // CANCEL has been sent
	answerBy  time.Time // for the first provisional
	end       time.Time // timers B, D, M; and after CANCEL
}

func newInviteTx(p pace, now time.Time, request *sip.Request, to Hop, initial bool) inviteTx {
	tx := inviteTx{sending: newSending(p, now, request, to), state: txCalling, initial: initial, end: now.Add(p.timeout())}
	if initial {
		tx.answerBy = now.Add(firstSign)
	}
	return tx
}

// pending reports whether the final response is still to come.
func (tx inviteTx) pending() bool { return tx.state == txCalling || tx.state == txProceeding }

// provisional is tx after a 1xx. A first INVITE may ring from now on as long
// as its user likes; a re-INVITE, which no person answers, may not.
func (tx inviteTx) provisional() inviteTx {
	tx.state, tx.resend, tx.answerBy = txProceeding, repetition{}, time.Time{}
	if tx.initial && !tx.cancelled {
		tx.end = time.Time{}
	}
	return tx
}

// cancel is tx after its CANCEL has been sent: a final response is due within
// 64*T1 (RFC 3261 §9.1).
func (tx inviteTx) cancel(now time.Time) inviteTx {
	tx.cancelled, tx.end = true, now.Add(tx.timeout())
	return tx
}

// final is tx after a final response: it lingers for repetitions of it.
func (tx inviteTx) final(now time.Time, status int) inviteTx {
	tx.resend, tx.answerBy = repetition{}, time.Time{}
	tx.state, tx.end = txCompleted, now.Add(tx.timeout())
	switch {
	case status < 300:
		tx.state = txAccepted
	case tx.to.Transport.Reliable():
		tx.state = txEnded
	}
	return tx
}

func (tx inviteTx) ended() inviteTx { tx.state = txEnded; return tx }

func (tx inviteTx) deadline() time.Time { return earliest(tx.resend.next, tx.answerBy, tx.end) }

// A requestTx is a client transaction of a request other than INVITE (RFC 3261 §17.1.2).
type requestTx struct {
	sending
	state    txState
	end      time.Time // timers F, K
	referral uint32    // the subscription that a NOTIFY is for
}

func newRequestTx(p pace, now time.Time, request *sip.Request, to Hop) requestTx {
	return requestTx{sending: newSending(p, now, request, to), state: txCalling, end: now.Add(p.timeout())}
}

func (tx requestTx) pending() bool { return tx.state == txCalling || tx.state == txProceeding }

// provisional is tx after a 1xx: repeated every T2 from now on.
func (tx requestTx) provisional() requestTx {
	tx.state, tx.resend.pause = txProceeding, t2
	return tx
}

// final is tx after a final response, whose repetitions it absorbs for T4.
func (tx requestTx) final(now time.Time) requestTx {
	tx.state, tx.resend, tx.end = txCompleted, repetition{}, now.Add(tx.t4())
	if tx.to.Transport.Reliable() {
		tx.state = txEnded
	}
	return tx
}

func (tx requestTx) deadline() time.Time { return earliest(tx.resend.next, tx.end) }

// passed reports whether a time has come; a zero time never comes.
func passed(now, when time.Time) bool { return !when.IsZero() && !now.Before(when) }

func earliest(times ...time.Time) time.Time {
	var first time.Time
	for _, t := range times {
		if first.IsZero() || !t.IsZero() && t.Before(first) {
			first = t
		}
	}
	return first
}
