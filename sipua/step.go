package sipua

import (
	"fmt"
	"slices"
	"time"

	"github.com/emiago/sipgo/sip"
)

// A step is a dialog about to become its successor: a copy that may be
// changed, and its results so far.
type step struct {
	*Dialog
	now    time.Time
	events []Event
	out    []Message
}

func (d *Dialog) step(now time.Time) *step {
	next := *d
	next.early = slices.Clone(d.early)
	next.forks = slices.Clone(d.forks)
	next.challenges = slices.Clone(d.challenges)
	next.invites = slices.Clone(d.invites)
	next.requests = slices.Clone(d.requests)
	next.servers = slices.Clone(d.servers)
	next.transfers = d.transfers.clone()
	return &step{Dialog: &next, now: now}
}

func (t *step) step() Step {
	t.invites = slices.DeleteFunc(t.invites, func(tx inviteTx) bool { return tx.state == txEnded })
	t.requests = slices.DeleteFunc(t.requests, func(tx requestTx) bool { return tx.state == txEnded })
	t.servers = slices.DeleteFunc(t.servers, func(tx serverTx) bool { return tx.state == txEnded })
	return Step{Dialog: t.Dialog, Events: t.events, Out: t.out}
}

func (t *step) emit(ev Event) { t.events = append(t.events, ev) }

func (t *step) send(kind Kind, to Hop, msg sip.Message) {
	if Kinds[kind] != Exempt { // and its entry tells that the dialog has moved on
		t.spare, t.heeded = t.sent+spared, t.heard
	}
	t.out = append(t.out, Message{Kind: kind, To: to.AddrPort, Transport: to.Transport, SIP: msg})
}

// spared is how many requests a memory allows for at a time. Those that ask whether the
// peer is there, or refresh the session, need no entry each.
const spared = 256

// nextCSeq is the number of our next request: above all of earlier epochs.
func (t *step) nextCSeq() uint32 {
	if t.sent++; t.sent > t.spare {
		t.spare = t.sent + spared
	}
	return uint32(t.epoch)<<16 | t.sent
}

// transact sends our request in a transaction that repeats it.
func (t *step) transact(kind Kind, req *sip.Request, to Hop) {
	t.send(kind, to, req)
	t.requests = append(t.requests, newRequestTx(t.local.pace(), t.now, req, to))
}

// tick does all that is due.
func (t *step) tick() {
	for i := range t.invites {
		t.tickInvite(i)
	}
	for i, tx := range t.requests {
		switch {
		case passed(t.now, tx.end):
			t.requests[i].state = txEnded
			t.unanswered(tx)
			t.expired(tx)
		case tx.resend.due(t.now):
			t.send(Retransmission, tx.to, tx.request)
			t.requests[i].resend = tx.resend.again(t.now, t2)
		}
	}
	for i, tx := range t.servers {
		switch {
		case tx.openInvite() && passed(t.now, tx.expires):
			t.terminate(i)
		case passed(t.now, tx.end):
			t.servers[i].state = txEnded
			if tx.state == txAccepted {
				t.lose(fmt.Sprintf("no ACK to our answer within %s", tx.timeout()), true)
			}
		case tx.resend.due(t.now) && tx.response == nil:
			t.reply(i, Trying, sip.StatusTrying, "Trying", nil)
		case tx.resend.due(t.now):
			t.send(Retransmission, tx.to, tx.response)
			t.servers[i] = tx.again(t.now)
		}
	}
	t.expireSubscriptions()
	t.expireReferrals()
	if passed(t.now, t.retryAt) {
		t.retryAt = time.Time{}
	}
	t.tickSession()
	t.tickIdentity()
	t.inviteWaiting()
}

// unanswered is the end of a transaction that may not have had its answer.
func (t *step) unanswered(tx requestTx) {
	switch {
	case !tx.pending():
	case tx.request.Method == sip.INFO:
		t.keys = "" // too late for the keys that were to follow
	case tx.request.Method == sip.NOTIFY:
		t.notified(tx.referral, true)
	case tx.request.Method == sip.REFER:
		t.referralAnswered(tx, 0, "no answer")
	}
}

// end begins the end that the user wishes, as far as the stage allows now.
func (t *step) end() {
	t.waiting, t.retryAt, t.keys = nil, time.Time{}, ""
	switch t.stage {
	case idle:
		t.stage = over
	case calling:
		for i, tx := range t.invites {
			if tx.initial && tx.state == txProceeding && !tx.cancelled {
				t.cancel(i)
			}
		}
	case invited:
		t.refusePending(InviteRejected, sip.StatusTemporarilyUnavailable, "Temporarily Unavailable", t.reasonHeader()...)
		t.stage = over
	case established:
		if !t.awaitsFirstACK() { // RFC 3261 §15: until then a callee may not
			t.bye()
		}
	case over:
	}
}

// bye ends the established dialog.
func (t *step) bye() {
	t.finish()
	cseq := t.nextCSeq()
	t.sendBYE(t.peer, cseq)
}

// sendBYE sends BYE to p, which may be a fork.
func (t *step) sendBYE(p peer, cseq uint32) {
	to := p.nextHop(t.local)
	req := t.request(sip.BYE, p, cseq, t.branch(sip.BYE, cseq, p.Tag))
	for _, h := range t.reasonHeader() {
		req.AppendHeader(h)
	}
	t.authorize(req, to)
	req.SetBody(nil)
	t.transact(Bye, req, t.fit(req, to))
}

// finish ends the dialog: the peer's unanswered INVITEs are terminated (RFC
// 3261 §15.1.2), a REFER is refused, and neither their 2xx nor our re-INVITE
// is repeated any more. Subscriptions go on (RFC 5057 §4).
func (t *step) finish() {
	t.stage, t.waiting, t.retryAt = over, nil, time.Time{}
	t.refusePending(Terminated, sip.StatusRequestTerminated, "Request Terminated")
	t.rejectReferral(sip.StatusCallTransactionDoesNotExists, "Call/Transaction Does Not Exist")
	for i, tx := range t.servers {
		if tx.state == txAccepted {
			t.servers[i] = tx.acknowledged(t.now)
		}
	}
	for i := range t.invites {
		t.invites[i].resend = repetition{}
	}
}

// lose ends an established dialog whose peer does not answer any more. It may
// still hear our BYE.
func (t *step) lose(text string, bye bool) {
	if t.stage != established {
		return
	}
	if bye {
		if t.reason == "" {
			t.reason = fmt.Sprintf(`SIP;cause=%d;text="%s"`, sip.StatusRequestTimeout, quotable(text))
		}
		t.bye()
	} else {
		t.finish()
	}
	if !t.hangUp {
		t.emit(Ended{Lost: true, Text: text})
	}
}

func (t *step) reasonHeader() []sip.Header {
	if t.reason == "" {
		return nil
	}
	return []sip.Header{sip.NewHeader("Reason", t.reason)}
}
