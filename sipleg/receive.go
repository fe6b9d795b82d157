package sipleg

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"

	"holdfast/call"
	"holdfast/sipua"
	"holdfast/switchboard"
)

// Receive takes a message from the wire: a message of a leg is delivered to it, a first
// INVITE begins a contact, and any other request is answered here if it must be.
// Strangers are not answered.
func (l *Legs) Receive(m sipua.Received) {
	if err := sipua.Check(m); err != nil {
		l.log.Debug("not a valid SIP message", "from", m.From, "error", err)
		if l.addresses.Known(m.From) || l.talksIn(m.SIP) {
			l.send(sipua.RefuseFaulty(m))
		}
		return
	}
	if r, is := m.SIP.(*sip.Request); is && r.Method == sip.CANCEL {
		l.joining.cancel(joiningKey(r)) // also if a leg gets it, which is opened anew when the journal fails
	}
	a := l.find(m.SIP)
	if a != nil && a.deliver(message{m, a.name}) {
		a.rings(m.SIP)
		return
	}
	if !l.addresses.Known(m.From) && !l.calledByPhone(m) {
		if missed, is := l.strangers.due(l.now()); is {
			l.log.Warn("ignoring SIP from unknown source; if it is yours, list it in [sip] phones or a [[trunk]]", "from", m.From, "unmentioned", missed)
		}
		return
	}
	switch msg := m.SIP.(type) {
	case *sip.Request:
		l.request(m, msg)
	case *sip.Response:
		l.send(sipua.Release(l.local, m)...)
	}
}

// request deals with a request of no leg.
func (l *Legs) request(m sipua.Received, r *sip.Request) {
	_, inDialog := r.To().Params.Get("tag")
	switch {
	case r.Method == sip.ACK:
	case inDialog, r.Method == sip.BYE, r.Method == sip.CANCEL:
		l.send(sipua.Refuse(m, 481, "Call/Transaction Does Not Exist"))
	case r.Method == sip.INVITE:
		if refusal := l.unacceptable(m, r); refusal.SIP != nil {
			l.send(refusal)
			return
		}
		l.arrive(m, r)
	case r.Method == sip.OPTIONS:
		l.send(sipua.OptionsOK(m))
	case r.Method == sip.REFER: // a REFER outside a call would make the server call a stranger
		l.send(sipua.Refuse(m, 403, "Forbidden outside a call"))
	default:
		l.send(sipua.Refuse(m, 405, "Method Not Allowed", sip.NewHeader("Allow", "INVITE, ACK, CANCEL, BYE, OPTIONS")))
	}
}

// unacceptable is the refusal of a first INVITE that no dialog should see: it asks for
// something we do not support, has come too far (RFC 7332 §3), or comes from us. The
// zero Message means that it may begin a contact.
func (l *Legs) unacceptable(m sipua.Received, r *sip.Request) sipua.Message {
	for _, h := range r.GetHeaders("Via")[1:] {
		via, ok := h.(*sip.ViaHeader)
		if ok && sipua.AddressOf(sip.Uri{Host: via.Host, Port: via.Port}) == l.local.Address {
			return sipua.Refuse(m, 482, "Loop Detected")
		}
	}
	if hopsOf(r) == 0 {
		return sipua.Refuse(m, 483, "Too Many Hops")
	}
	return sipua.Unsupported(m)
}

// calledByPhone reports whether a message is the first INVITE of a phone that may
// register, or an ACK there: a phone may call whose registration has just ended.
func (l *Legs) calledByPhone(m sipua.Received) bool {
	r, is := m.SIP.(*sip.Request)
	if !is || r.Method != sip.INVITE && r.Method != sip.ACK {
		return false
	}
	_, is = l.addresses.Phone(m.From, address(r.From().Address))
	return is
}

// arrive begins a contact, unless an agent's phone does not prove whose it is, no agent
// or queue answers, we share no audio with the caller, or the journal cannot record it
// in time. It asks the journal before it looks up the called party: whatever the callers
// of a flood ask for, refusing them must cost little.
func (l *Legs) arrive(m sipua.Received, r *sip.Request) {
	if l.refused.has(l.now(), r) {
		l.refuse(m, retryAfter)
		return
	}
	if l.joining.has(l.now(), joiningKey(r)) {
		return // a repetition, whose credentials would count as used
	}
	agent, isPhone, response := l.dialler(m, r)
	if isPhone && agent == "" {
		l.send(response)
		return
	}
	if err := l.board.Admits(); err != nil {
		l.busy(m, r, err)
		return
	}
	switch named, err := sipua.ReplacesOf(r); {
	case err != nil:
		l.send(sipua.Refuse(m, 400, "Bad Request"))
	case named != nil:
		l.replace(m, r, agent, *named)
	case isPhone:
		l.agentCalls(m, r, agent)
	default:
		l.customerCalls(m, r)
	}
}

// agentCalls begins the contact that an agent's phone asks for.
func (l *Legs) agentCalls(m sipua.Received, r *sip.Request, agent string) {
	begins, response := l.dialled(m, r, agent)
	if response.SIP != nil {
		l.send(response)
		return
	}
	by := invitedBy(r)
	by.Agent = agent
	l.open(m, r, beginning{begins, begins.Agent.String(), by})
}

// customerCalls begins the contact of a customer, unless no agent or queue answers the
// number or the call goes round in circles.
func (l *Legs) customerCalls(m sipua.Received, r *sip.Request) {
	begins, err := l.addresses.Incoming(m.From, address(r.From().Address), address(r.Recipient))
	if err != nil {
		if missed, is := l.pointless.due(l.now()); is {
			l.log.Info("rejecting INVITE: no route", "from", m.From, "called", r.Recipient.User, "error", err, "unmentioned", missed)
		}
		l.send(sipua.Refuse(m, 404, "Not Found"))
		return
	}
	if loops(r) {
		if missed, is := l.pointless.due(l.now()); is {
			l.log.Warn("rejecting INVITE: diverted here again and again", "from", m.From, "called", r.Recipient.User, "unmentioned", missed)
		}
		l.send(sipua.Refuse(m, 482, "Loop Detected"))
		return
	}
	l.open(m, r, beginning{begins, begins.Customer.String(), customerInvited(r)})
}

// A beginning is how a contact begins for an INVITE.
type beginning struct {
	fact call.Fact
	name string // a person's name for the caller
	by   invited
}

// open begins a contact with the line of an INVITE.
func (l *Legs) open(m sipua.Received, r *sip.Request, begins beginning) {
	now := l.now()
	step := sipua.NewCallee(l.local, sipua.RandomIdentity(), 1, now, m)
	if _, ok := firstOffer(step); !ok {
		l.send(step.Out...)
		return
	}
	id := newContactID(now)
	line, err := l.called(m, step, call.Place{Contact: id, Connection: 1}, begins.name, begins.by)
	switch {
	case errors.Is(err, errNoAudio):
		if missed, is := l.pointless.due(now); is {
			l.log.Info("rejecting INVITE: no common audio", "from", m.From, "error", err, "unmentioned", missed)
		}
		l.engine.CloseRoom(id)
		l.send(sipua.Refuse(m, 488, "Not Acceptable Here"))
		return
	case err != nil:
		l.busy(m, r, err)
		return
	}
	first := arrival{message{m, line.name}, l, begins.fact, step}
	if err := l.board.Open(id, line, first); err != nil {
		l.abandon(line.anchor)
		l.busy(m, r, err)
	}
}

// errNoAudio means that an INVITE offers no audio that we support.
var errNoAudio = errors.New("no common audio")

// called opens the leg of a line that calls us, as a connection of a contact. step is that
// of the line's first INVITE m. An error is errNoAudio, or there is no port.
func (l *Legs) called(m sipua.Received, step sipua.Step, at call.Place, name string, by invited) (leg, error) {
	a := &anchor{
		lines: l, contact: at.Contact, connection: at.Connection, role: callee, name: name,
		identity: step.Dialog.Identity(), caller: by, audience: l.audienceOf(m.From, by),
	}
	theirs := tagIn(m.SIP.From().Params)
	a.theirs.Store(&theirs)
	if err := a.open(0); err != nil {
		return leg{}, err
	}
	opened := leg{anchor: a, dialog: step.Dialog, session: newSession()}
	if offered, _ := firstOffer(step); offered.SDP != nil {
		host := l.local.HostOf(m)
		s, err := opened.session.answer(a.at, withAddress(offered.SDP, host))
		if err != nil {
			a.Close()
			return leg{}, fmt.Errorf("%w: %w", errNoAudio, err)
		}
		s.Stream.Host = host
		opened.session = s
	}
	return opened, nil
}

// For how long the caller's side is asked to stay away, in seconds. A trunk may send
// no call at all for that long: a server that is only busy is free again soon.
const (
	retrySoon  = "1"
	retryAfter = "5"
)

// busy asks the caller's side to try again, here or elsewhere (RFC 3261 §21.5.4), and
// remembers the INVITE.
func (l *Legs) busy(m sipua.Received, r *sip.Request, why error) {
	l.refused.add(l.now(), r)
	if errors.Is(why, switchboard.ErrBusy) { // the switchboard logs it
		l.refuse(m, retrySoon)
		return
	}
	if missed, is := l.turnedAway.due(l.now()); is {
		l.log.Error("rejecting INVITE: cannot take the call", "from", m.From, "error", why, "unmentioned", missed)
	}
	l.refuse(m, retryAfter)
}

func (l *Legs) refuse(m sipua.Received, after string) {
	l.send(sipua.Refuse(m, 503, "Service Unavailable", sip.NewHeader("Retry-After", after)))
}

// abandon gives back the resources of a contact that does not begin.
func (l *Legs) abandon(a *anchor) {
	a.Close()
	l.engine.CloseRoom(a.contact)
}

// send sends messages that concern no contact.
func (l *Legs) send(messages ...sipua.Message) {
	for _, m := range messages {
		if m.SIP == nil { // not to be answered
			continue
		}
		if err := l.sender.Send(m); err != nil {
			l.unsent.warn(l.log, l.now(), m, err)
		}
	}
}

// firstOffer is the offer in a first INVITE; not ok: the dialog has refused it.
func firstOffer(s sipua.Step) (sipua.Invited, bool) {
	for _, ev := range s.Events {
		if o, ok := ev.(sipua.Invited); ok {
			return o, true
		}
	}
	return sipua.Invited{}, false
}

// address is a sip: address with only the parts that identify a party or a place, or the
// number of a tel: URI.
func address(u sip.Uri) string {
	if u.Scheme == "tel" {
		number, _, _ := strings.Cut(u.Raw(), ";")
		return number
	}
	written := sip.Uri{Scheme: "sip", User: u.User, Host: u.Host, Port: u.Port}
	return written.String()
}

// Seldom limits log lines to one a second.
type seldom struct {
	mu     sync.Mutex
	last   time.Time
	missed int
}

// warn logs that a message of no contact was not sent: strangers can cause as many of
// these as they like.
func (s *seldom) warn(log *slog.Logger, now time.Time, m sipua.Message, err error) {
	if missed, is := s.due(now); is {
		log.Warn("a message was not sent", "to", m.To, "kind", m.Kind, "error", err, "unmentioned", missed)
	}
}

// due reports whether to log now, and how often it was not since the last time.
func (s *seldom) due(now time.Time) (missed int, is bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now.Sub(s.last) < time.Second {
		s.missed++
		return 0, false
	}
	missed = s.missed
	s.last, s.missed = now, 0
	return missed, true
}
