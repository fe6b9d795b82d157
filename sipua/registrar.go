package sipua

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
)

// An Account is somebody whose phones may register.
type Account struct {
	Name     string // what their bindings are kept under
	User     string
	Password string
}

// String says whose it is, and keeps the password from being printed.
func (a Account) String() string { return a.User }

// owns says that it is the account's own address that a phone registers for.
func (a Account) owns(address sip.Uri) bool {
	user := UserOf(address)
	return strings.EqualFold(user, a.User) || strings.EqualFold(user, a.Name)
}

// RegistrarOptions are what a Registrar is made of. All are needed.
type RegistrarOptions struct {
	Local   Local
	Realm   string
	Secret  string        // what its nonces are made with: nobody else's, and new with each start
	Longest time.Duration // that a registration lasts
	Digest  []string      // what passwords may be proved with, of SHA-256 and MD5, the best first
	// Account is the one of a user.
	Account func(user string) (Account, bool)
	// MayBind reports whether a phone may be called at that sip: address.
	MayBind func(address string) bool
}

// A Registrar judges REGISTER requests (RFC 3261 §10.3): whether they prove who
// sends them (RFC 7616, RFC 8760), and what they ask for. It keeps neither
// bindings nor time. However much it is asked, it remembers no more than a
// bounded amount. But for Answers it must not be used by two goroutines
// at once.
type Registrar struct {
	options RegistrarOptions
	nonces  nonces
	failed  failedAttempts
	answers []sentAnswer
}

// NewRegistrar returns a registrar that has not been asked anything.
func NewRegistrar(o RegistrarOptions) *Registrar {
	return &Registrar{options: o, nonces: nonces{secret: o.Secret}}
}

// IsRegister says that a message is for a registrar.
func IsRegister(m Received) bool {
	req, ok := m.SIP.(*sip.Request)
	return ok && req.Method == sip.REGISTER
}

// Answers reports whether a request answers a nonce that was made for its sender, so the
// sender is not forged. Any goroutine may call it at any time.
func (r *Registrar) Answers(m Received) bool {
	if !IsRegister(m) || Check(m) != nil {
		return false
	}
	p, ok, err := readCredentials(m.SIP.(*sip.Request), r.options.Realm, r.options.Digest)
	return ok && err == nil && r.nonces.ours(origin(m, r.options.Local.Proxy), p.Nonce)
}

// Receive takes a REGISTER. Either it is asked for something: the bindings
// afterwards are those of Asked.Apply, which must be written down before Grant
// says so. Or there is an answer to send; the zero Message means that there must
// be none, because the sender has guessed too many passwords.
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

// A rejection is an answer that grants nothing.
type rejection struct {
	kind    Kind // empty: Rebuff
	status  int
	reason  string
	headers []sip.Header
}

// ignored is the rejection of a request that gets no answer.
var ignored = &rejection{}

func (r *Registrar) refuse(now time.Time, m Received, no *rejection) Message {
	kind := no.kind
	if kind == "" {
		kind = ErrorResponse
	}
	return r.give(now, m, stateless(kind, m, no.status, no.reason, no.headers...))
}

// judge goes through the steps of RFC 3261 §10.3 up to the bindings.
func (r *Registrar) judge(now time.Time, m Received, req *sip.Request) (*Asked, *rejection) {
	if !slices.Contains(schemes, req.Recipient.Scheme) {
		return nil, &rejection{status: 416, reason: "Unsupported URI Scheme"}
	}
	if headers := unsupported(req); headers != nil {
		return nil, &rejection{status: sip.StatusBadExtension, reason: "Bad Extension", headers: headers}
	}
	who, no := r.authenticate(now, m, req)
	if no != nil {
		return nil, no
	}
	if !who.owns(req.To().Address) {
		return nil, &rejection{status: sip.StatusForbidden, reason: "Forbidden"}
	}
	return r.read(who, m, req)
}

// authenticate finds out who sends a request. The nonce is looked at before the password:
// an answer to a nonce that is not good is neither right nor wrong.
func (r *Registrar) authenticate(now time.Time, m Received, req *sip.Request) (Account, *rejection) {
	from := origin(m, r.options.Local.Proxy)
	p, ok, err := readCredentials(req, r.options.Realm, r.options.Digest)
	switch {
	case err != nil:
		return Account{}, badRequest(err.Error())
	case !ok:
		return Account{}, r.challenge(now, from, false)
	case !r.nonces.good(now, from, p.Nonce, p.Count):
		return Account{}, r.challenge(now, from, true)
	}
	who, known := r.options.Account(p.user)
	g := guess{user: p.user, known: known, from: from}
	if r.failed.barred(now, g, r.options.Secret) {
		return Account{}, ignored
	}
	// A proof for nobody is computed, too: how long it takes tells nothing.
	if !p.proves(who, req.Method) || !known {
		r.failed.missed(now, g, r.options.Secret)
		return Account{}, r.challenge(now, from, false)
	}
	r.nonces.use(now, p.Nonce, p.Count)
	r.failed.right(now, g)
	return who, nil
}

// challenge asks who it is, with each algorithm (RFC 8760 §2.4). Stale means that
// the nonce is not good, whatever the password (RFC 7616 §3.3).
func (r *Registrar) challenge(now time.Time, from netip.AddrPort, stale bool) *rejection {
	no := &rejection{kind: Challenge, status: sip.StatusUnauthorized, reason: "Unauthorized"} //nolint:misspell // as RFC 3261 §21.4.2 spells it
	nonce := r.nonces.make(now, from)
	for _, algorithm := range r.options.Digest {
		value := fmt.Sprintf(`Digest realm="%s", nonce="%s", algorithm=%s, qop="auth"`, quotable(r.options.Realm), nonce, algorithm)
		if stale {
			value += ", stale=true"
		}
		no.headers = append(no.headers, sip.NewHeader("WWW-Authenticate", value))
	}
	return no
}

func badRequest(why string) *rejection {
	return &rejection{status: sip.StatusBadRequest, reason: "Bad Request: " + why}
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

// identify is what a request has in common with its repetitions only.
func identify(m Received) string {
	return fmt.Sprintf("%s %s %s %d", m.From, BranchOf(m.SIP), m.SIP.CallID().Value(), m.SIP.CSeq().SeqNo)
}
