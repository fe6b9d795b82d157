package softphone

import (
	"fmt"
	"time"

	"github.com/emiago/sipgo/sip"

	"holdfast/sipua"
)

// An Action is a phone's reaction to an incoming call. Besides those named
// here every SIP status from 300 to 699 is one: the call is refused with it.
// Anything else refuses with 500.
type Action int

// The actions.
const (
	// Answer it.
	Answer Action = iota
	// RingForever until the caller gives up, or Call.Answer or Call.HangUp.
	RingForever
	// AnswerLate rings until the caller gives up and answers just then: the
	// 200 crosses the CANCEL, as RFC 3261 §9.1 allows.
	AnswerLate
	// Silent sends nothing at all, as if there were no phone. Incoming does
	// not return such a call.
	Silent

	// Busy refuses with 486 Busy Here.
	Busy Action = sip.StatusBusyHere
	// Decline refuses with 603 Decline.
	Decline Action = sip.StatusGlobalDecline
)

// A Behaviour is a phone's plan for an incoming call. The zero value answers
// at once.
type Behaviour struct {
	Do          Action
	After       time.Duration // rings so long before it answers or refuses; 0: does not ring
	EarlyMedia  bool          // plays its tone while it rings (183), instead of merely ringing (180)
	RingsToo    bool          // rings (180) after it has announced EarlyMedia
	HangUpAfter time.Duration // hangs up so long after it answered; 0: never
}

// receive takes a SIP message from the wire.
func (p *Phone) receive(m sipua.Received) {
	request, ok := m.SIP.(*sip.Request)
	if ok && p.behaviour.Do != Silent && sipua.Check(m) == nil && p.asks(m, request) {
		return
	}
	if id := m.SIP.CallID(); id != nil && p.calls[id.Value()] != nil {
		p.calls[id.Value()].receive(m)
		return
	}
	if id := m.SIP.CallID(); id != nil && p.registration != nil && p.registration.CallID() == id.Value() {
		p.registering(p.registration.Receive(time.Now(), m))
		return
	}
	if !ok { // an answer that we have stopped waiting for
		p.send(sipua.Release(p.local, m))
		return
	}
	if p.behaviour.Do == Silent || sipua.Check(m) != nil {
		return
	}
	switch request.Method {
	case sip.ACK:
	case sip.INVITE:
		p.invited(m, request)
	case sip.OPTIONS:
		p.send([]sipua.Message{sipua.OptionsOK(m)})
	default:
		p.send([]sipua.Message{sipua.Refuse(m, sip.StatusCallTransactionDoesNotExists, "Call/Transaction Does Not Exist")})
	}
}

// invited takes an INVITE of a new call. Of one that no dialog takes nothing is kept: its
// sender may try again with the same Call-ID.
func (p *Phone) invited(m sipua.Received, invite *sip.Request) {
	taken := sipua.NewCallee(p.local, sipua.RandomIdentity(), 1, time.Now(), m)
	if len(taken.Events) == 0 {
		p.send(taken.Out)
		return
	}
	audio, err := p.startAudio()
	if err != nil {
		p.options.Log.Warn("taking a call", "error", err)
		p.send([]sipua.Message{sipua.Refuse(m, sip.StatusServiceUnavailable, "Service Unavailable")})
		return
	}
	c := newCall(p, audio, invite.From().Address.String())
	c.behaviour = p.behaviour
	c.id = invite.CallID().Value()
	p.calls[c.id] = c
	c.apply(taken)
}

// remember keeps a call for Incoming, instead of the oldest if need be.
func (p *Phone) remember(c *Call) {
	for {
		select {
		case p.incoming <- c:
			return
		default:
		}
		select {
		case <-p.incoming:
		default:
		}
	}
}

// rung: the first INVITE waits for us.
func (c *Call) rung(offer []byte) {
	c.phone.remember(c)
	c.offer = offer
	b := c.behaviour
	rings := b.After > 0 || b.Do == RingForever || b.Do == AnswerLate
	if b.EarlyMedia && offer != nil {
		c.progress()
		rings = b.RingsToo && !isClosed(c.ended)
	}
	if rings {
		c.apply(c.dialog.Ring(time.Now()))
	}
	switch {
	case b.Do == RingForever || b.Do == AnswerLate:
	case b.After > 0:
		c.cueIn(b.After, c.behave)
	default:
		c.behave()
	}
}

// behave carries out the Behaviour, step by step, when it is time.
func (c *Call) behave() {
	switch do := c.behaviour.Do; do {
	case Answer:
		c.pickUp()
	case RingForever, AnswerLate, Silent:
	default:
		if do < 300 || do > 699 {
			do = sip.StatusInternalServerError
		}
		c.refuse(int(do))
	}
}

// progress plays our tone while it rings.
func (c *Call) progress() {
	body, agreed, _, err := c.session.answer(c.offer)
	if err != nil {
		c.refuse(sip.StatusNotAcceptableHere)
		return
	}
	c.early = body
	c.audio.agree(agreed)
	c.apply(c.dialog.Progress(time.Now(), body))
}

// pickUp answers a call that rings.
func (c *Call) pickUp() {
	if isClosed(c.ended) || isClosed(c.answered) || c.outgoing {
		return
	}
	body := c.early
	switch {
	case body != nil:
	case c.offer == nil: // theirs comes with the ACK
		body = c.session.offer()
	default:
		answer, agreed, _, err := c.session.answer(c.offer)
		if err != nil {
			c.refuse(sip.StatusNotAcceptableHere)
			return
		}
		c.audio.agree(agreed)
		body = answer
	}
	close(c.answered)
	c.cueAt, c.cue = time.Time{}, nil
	if c.behaviour.HangUpAfter > 0 {
		c.cueIn(c.behaviour.HangUpAfter, c.hangUp)
	}
	c.apply(c.dialog.Accept(time.Now(), body, false))
}

func (c *Call) refuse(status int) {
	reason := reasons[status]
	if reason == "" {
		reason = "Refused"
	}
	c.end(Self, &Refused{Status: status, Text: fmt.Sprintf("%d %s", status, reason)})
	c.apply(c.dialog.Reject(time.Now(), status, reason))
}

// reasons are the reason phrases of RFC 3261 §21 for the refusals of phones.
var reasons = map[int]string{
	sip.StatusNotFound:               "Not Found",
	sip.StatusTemporarilyUnavailable: "Temporarily Unavailable",
	sip.StatusBusyHere:               "Busy Here",
	sip.StatusNotAcceptableHere:      "Not Acceptable Here",
	sip.StatusInternalServerError:    "Server Internal Error",
	sip.StatusServiceUnavailable:     "Service Unavailable",
	sip.StatusGlobalBusyEverywhere:   "Busy Everywhere",
	sip.StatusGlobalDecline:          "Decline",
}
