package sipua

import (
	"fmt"
	"slices"
	"time"

	"github.com/emiago/sipgo/sip"
)

// RegistrarOptions configure a Registrar. All are needed.
type RegistrarOptions struct {
	Local         Local
	Authenticator *Authenticator
	Longest       time.Duration // that a registration lasts
	// MayBind reports whether a phone may be called at that sip: address.
	MayBind func(address string) bool
}

// A Registrar judges REGISTER requests (RFC 3261 §10.3): whether they prove their
// sender (see Authenticator), and the bindings they ask for. It keeps neither
// bindings nor time. However much it is asked, it remembers no more than a bounded
// amount. It must not be used by two goroutines at once.
type Registrar struct {
	options RegistrarOptions
	answers []sentAnswer
}

// NewRegistrar returns a registrar that has not been asked anything.
func NewRegistrar(o RegistrarOptions) *Registrar {
	return &Registrar{options: o}
}

// IsRegister reports whether a message is for a registrar.
func IsRegister(m Received) bool {
	req, ok := m.SIP.(*sip.Request)
	return ok && req.Method == sip.REGISTER
}

// Receive takes a REGISTER. Either it returns the request: the bindings afterwards
// are those of Asked.Apply, which must be written down before Grant confirms them.
// Or there is an answer to send; the zero Message means that there must be none,
// because the sender has guessed too many passwords.
func (r *Registrar) Receive(now time.Time, m Received) (*Asked, Message) {
	switch {
	case !IsRegister(m):
		return nil, Message{}
	case Check(m) != nil:
		return nil, RefuseFaulty(m)
	}
	if again, ok := r.again(now, m); ok {
		return nil, again
	}
	asked, no := r.judge(now, m, m.SIP.(*sip.Request))
	if no == ignored {
		return nil, Message{}
	}
	if no != nil {
		return nil, r.refuse(now, m, no)
	}
	return asked, Message{}
}

// Grant answers a request whose wish has been fulfilled, with all bindings that
// there are now.
func (r *Registrar) Grant(now time.Time, a *Asked, bindings []Binding) Message {
	headers := []sip.Header{sip.NewHeader("Date", now.UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT"))}
	for _, b := range bindings {
		left := max(b.Until.Sub(now).Round(time.Second)/time.Second, 1)
		headers = append(headers, sip.NewHeader("Contact", fmt.Sprintf("<%s>;expires=%d", b.Contact, left)))
	}
	return r.give(now, a.request, stateless(Registered, a.request, sip.StatusOK, "OK", headers...))
}

// Postpone answers a request whose wish cannot be written down now.
func (r *Registrar) Postpone(a *Asked) Message {
	return Refuse(a.request, sip.StatusServiceUnavailable, "Service Unavailable", sip.NewHeader("Retry-After", "5"))
}

// Refuse answers a request whose wish Apply has turned down.
func (r *Registrar) Refuse(now time.Time, a *Asked) Message {
	return r.refuse(now, a.request, &rejection{status: sip.StatusInternalServerError, reason: "Out of Order"})
}

func (r *Registrar) refuse(now time.Time, m Received, no *rejection) Message {
	return r.give(now, m, no.answer(m))
}

// judge goes through the steps of RFC 3261 §10.3 up to the bindings.
func (r *Registrar) judge(now time.Time, m Received, req *sip.Request) (*Asked, *rejection) {
	if !slices.Contains(schemes, req.Recipient.Scheme) {
		return nil, &rejection{status: 416, reason: "Unsupported URI Scheme"}
	}
	if headers := unsupported(req); headers != nil {
		return nil, &rejection{status: sip.StatusBadExtension, reason: "Bad Extension", headers: headers}
	}
	who, no := r.options.Authenticator.authenticate(now, m, req)
	if no != nil {
		return nil, no
	}
	if !who.owns(req.To().Address) {
		return nil, &rejection{status: sip.StatusForbidden, reason: "Forbidden"}
	}
	return r.read(who, m, req)
}

// A sentAnswer is sent again when its request is retransmitted (RFC 3261 §17.2.2).
type sentAnswer struct {
	request string
	answer  Message
	at      time.Time
}

// maxSentAnswers bounds how many answers are remembered.
const maxSentAnswers = 512

// give remembers an answer.
func (r *Registrar) give(now time.Time, m Received, answer Message) Message {
	if len(r.answers) == maxSentAnswers {
		r.answers = r.answers[1:]
	}
	r.answers = append(r.answers, sentAnswer{identify(m), answer, now})
	return answer
}

// again is the answer that a request has had before.
func (r *Registrar) again(now time.Time, m Received) (Message, bool) {
	for len(r.answers) > 0 && now.Sub(r.answers[0].at) > timeoutB {
		r.answers = r.answers[1:]
	}
	request := identify(m)
	for _, g := range r.answers {
		if g.request == request {
			g.answer.Kind = Retransmission
			return g.answer, true
		}
	}
	return Message{}, false
}

// identify identifies a request, alike for its repetitions.
func identify(m Received) string {
	return fmt.Sprintf("%s %s %s %d", m.From, BranchOf(m.SIP), m.SIP.CallID().Value(), m.SIP.CSeq().SeqNo)
}
