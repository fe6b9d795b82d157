package softphone

import (
	"errors"
	"time"

	"github.com/emiago/sipgo/sip"

	"holdfast/sipua"
)

// receive takes a message of the call's dialog.
func (c *Call) receive(m sipua.Received) {
	request, ok := m.SIP.(*sip.Request)
	if ok && request.Method == sip.CANCEL && c.behaviour.Do == AnswerLate {
		c.pickUp()
	}
	if ok && !isClosed(c.ended) && (request.Method == sip.CANCEL || request.Method == sip.BYE) {
		c.reason = reasonOf(request)
	}
	c.apply(c.dialog.Receive(time.Now(), m))
}

// reasonOf is why a request was sent, in its own words.
func reasonOf(request *sip.Request) string {
	if h := request.GetHeader("Reason"); h != nil {
		return h.Value()
	}
	return ""
}

// apply carries out a step of the dialog: it sends the messages and handles
// the events.
func (c *Call) apply(s sipua.Step) {
	c.dialog = s.Dialog
	c.phone.send(s.Out)
	for _, e := range s.Events {
		c.happened(e)
	}
	if c.dialog.Gone() {
		delete(c.phone.calls, c.id)
		c.end(Lost, errors.New("nothing is left of the call"))
		c.endTransfers()
	}
}

func (c *Call) happened(e sipua.Event) {
	switch e := e.(type) {
	case sipua.Invited:
		if e.Initial {
			c.rung(e.SDP)
		} else {
			c.reoffered(e.SDP)
		}
	case sipua.Progressed:
		if !isClosed(c.rang) {
			close(c.rang)
		}
		if e.SDP != nil {
			c.agreed(e.SDP)
		}
	case sipua.Accepted:
		c.accepted(e)
	case sipua.Rejected:
		c.rejected(e)
	case sipua.Confirmed:
		if e.SDP != nil && !c.agreed(e.SDP) {
			c.hangUp()
		}
	case sipua.Cancelled:
		c.end(Cancelled, nil)
	case sipua.Ended:
		if e.Lost {
			c.end(Lost, errors.New(e.Text))
		} else {
			c.end(Peer, nil)
		}
	case sipua.RefreshDue:
		c.apply(c.dialog.Invite(time.Now(), c.session.offer()))
	case sipua.Info:
		if key, pressed := e.Key(); pressed {
			c.audio.recording.addDigit(key)
		}
	case sipua.Referred: // a phone transfers, and is not transferred
		c.apply(c.dialog.RejectReferral(time.Now(), sip.StatusGlobalDecline, reasons[sip.StatusGlobalDecline], ""))
	case sipua.Misreferred: // refused already
	case sipua.ReferralAnswered:
		c.referralAnswered(e)
	case sipua.Notified:
		c.notified(e)
	}
}

// accepted: the peer has accepted our INVITE or re-INVITE.
func (c *Call) accepted(e sipua.Accepted) {
	good := c.agreed(e.SDP)
	switch {
	case !good && e.Initial:
		c.end(Self, &Refused{Text: "answered without audio we can use"})
		c.apply(c.dialog.HangUp(time.Now(), ""))
	case !good:
		c.changed(errors.New("accepted without audio we can use"))
	case e.Initial:
		close(c.answered)
	default:
		c.changed(nil)
	}
}

// rejected: the peer has refused our INVITE or re-INVITE, or not answered.
func (c *Call) rejected(e sipua.Rejected) {
	refused := &Refused{Status: e.Status, Text: e.Text}
	switch {
	case !e.Initial:
		c.changed(refused)
	case e.Status == 0:
		c.end(Lost, refused)
	default:
		c.end(Peer, refused)
	}
}

// reoffered: the peer wants to change the session. Its new address counts at
// once.
func (c *Call) reoffered(offer []byte) {
	if offer == nil {
		c.apply(c.dialog.Accept(time.Now(), c.session.offer(), false))
		return
	}
	body, agreed, unchanged, err := c.session.answer(offer)
	if err != nil {
		c.phone.options.Log.Warn("refusing a change", "call", c.id, "error", err)
		c.apply(c.dialog.Reject(time.Now(), sip.StatusNotAcceptableHere, reasons[sip.StatusNotAcceptableHere]))
		return
	}
	c.audio.agree(agreed)
	c.apply(c.dialog.Accept(time.Now(), body, unchanged))
}

// agreed takes the peer's answer to our offer and reports whether it is one.
func (c *Call) agreed(answer []byte) bool {
	stream, err := c.session.accept(answer)
	if err != nil {
		c.phone.options.Log.Warn("the peer's answer", "call", c.id, "error", err)
		return false
	}
	c.audio.agree(stream)
	return true
}
