package sipua

import (
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"
)

// An Account belongs to an agent whose phones prove who they are by a password.
type Account struct {
	Name     string // the key of their bindings
	User     string
	Password string
}

// String returns the user, and keeps the password from being printed.
func (a Account) String() string { return a.User }

// owns reports whether an address is the account's own.
func (a Account) owns(address sip.Uri) bool {
	user := UserOf(address)
	return strings.EqualFold(user, a.User) || strings.EqualFold(user, a.Name)
}

// AuthenticatorOptions configure an Authenticator. All but Proxy and Wrong are needed.
type AuthenticatorOptions struct {
	Realm  string
	Secret string         // signs its nonces: known to it alone, and new with each start
	Proxy  netip.AddrPort // as in Local
	// Digest returns the algorithms with which the phone of a user may prove its password,
	// of SHA-256 and MD5, the best first. For a user without an account it returns always
	// the same ones, which an account might have. Any goroutine may call it.
	Digest func(user string) []string
	// Account returns the account of a user.
	Account func(user string) (Account, bool)
	// Wrong, if set, is called for the first wrong password that a host gives for a user
	// in a minute, and for the one after which the host gets no response for a minute.
	Wrong func(WrongPassword)
}

// A WrongPassword is one that a request could not prove.
type WrongPassword struct {
	User  string
	Known bool           // an agent's phone registers as the user
	From  netip.AddrPort // through the proxy: the host that the proxy names
	Last  bool           // further requests of the host for the user get no response for a minute
}

// An Authenticator finds out who sends a request, by a digest (RFC 7616, RFC 8760). One
// Authenticator serves all methods, so that wrong passwords in a REGISTER and in an
// INVITE count together, and a nonce that was used in one is used in the other. However
// much it is asked, it remembers no more than a bounded amount. Any goroutine may use it.
type Authenticator struct {
	options AuthenticatorOptions

	mu     sync.Mutex
	nonces nonces
	failed failedAttempts
}

// NewAuthenticator returns an authenticator that has seen no request.
func NewAuthenticator(o AuthenticatorOptions) *Authenticator {
	return &Authenticator{options: o, nonces: nonces{secret: o.Secret}}
}

// Answers reports whether a request answers a nonce that was made for its sender, so the
// sender is not forged.
func (a *Authenticator) Answers(m Received) bool {
	req, ok := m.SIP.(*sip.Request)
	if !ok || Check(m) != nil {
		return false
	}
	p, ok, err := readCredentials(req, a.options.Realm, a.options.Digest)
	return ok && err == nil && a.nonces.ours(origin(m, a.options.Proxy), p.Nonce)
}

// Authenticate returns the account whose password a request proves. Otherwise it returns
// the response to send: a challenge, or a refusal. The zero Message means that the
// request must get no response, because its sender has guessed too many passwords.
func (a *Authenticator) Authenticate(now time.Time, m Received) (Account, Message, bool) {
	req, ok := m.SIP.(*sip.Request)
	if !ok || Check(m) != nil {
		return Account{}, Message{}, false
	}
	who, no := a.authenticate(now, m, req)
	switch no {
	case nil:
		return who, Message{}, true
	case ignored:
		return Account{}, Message{}, false
	}
	return Account{}, no.answer(m), false
}

// authenticate finds out who sends a request. The nonce is looked at before the password:
// an answer to a nonce that is not good is neither right nor wrong.
func (a *Authenticator) authenticate(now time.Time, m Received, req *sip.Request) (Account, *rejection) {
	from := origin(m, a.options.Proxy)
	offered := a.algorithms(req)
	p, ok, err := readCredentials(req, a.options.Realm, a.options.Digest)
	if err != nil {
		return Account{}, badRequest(err.Error())
	}
	var who Account
	known, right := false, false
	if ok && a.nonces.ours(from, p.Nonce) {
		// A proof for no account is computed, too: how long it takes discloses nothing.
		who, known = a.options.Account(p.user)
		right = p.proves(who, req.Method) && known
	}
	g := guess{user: p.user, known: known, from: from}
	no, wrong := a.decide(now, g, p, offered, ok, right)
	if a.options.Wrong != nil && (wrong == 1 || wrong == maxWrong) {
		a.options.Wrong(WrongPassword{User: p.user, Known: known, From: from, Last: wrong == maxWrong})
	}
	if no != nil {
		return Account{}, no
	}
	return who, nil
}

// decide returns how a guess is rejected, if it is, and how many wrong passwords the host
// has given for the user with it, if it is wrong.
func (a *Authenticator) decide(now time.Time, g guess, p digestCredentials, offered []string, ok, right bool) (*rejection, int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case !ok:
		return a.challenge(now, g.from, offered, false), 0
	case !a.nonces.good(now, g.from, p.Nonce, p.Count):
		return a.challenge(now, g.from, offered, true), 0
	case a.failed.barred(now, g, a.options.Secret):
		return ignored, 0
	case !right:
		return a.challenge(now, g.from, offered, false), a.failed.missed(now, g, a.options.Secret)
	}
	a.nonces.use(now, p.Nonce, p.Count)
	a.failed.right(now, g)
	return nil, 0
}

// algorithms returns those that a challenge to a request names. They follow from its
// sender's own address: the first request of a phone names no other user.
func (a *Authenticator) algorithms(req *sip.Request) []string {
	if req.Method == sip.REGISTER {
		return a.options.Digest(UserOf(req.To().Address))
	}
	return a.options.Digest(UserOf(req.From().Address))
}

// challenge asks who it is, with each algorithm (RFC 8760 §2.4). Stale means that
// the nonce is not good, whatever the password (RFC 7616 §3.3). A server that ends calls
// itself challenges with 401, a proxy with 407 (RFC 3261 §22.1).
func (a *Authenticator) challenge(now time.Time, from netip.AddrPort, offered []string, stale bool) *rejection {
	no := &rejection{kind: Challenge, status: sip.StatusUnauthorized, reason: "Unauthorized"} //nolint:misspell // as RFC 3261 §21.4.2 spells it
	nonce := a.nonces.make(now, from)
	for _, algorithm := range offered {
		value := fmt.Sprintf(`Digest realm="%s", nonce="%s", algorithm=%s, qop="auth"`, quotable(a.options.Realm), nonce, algorithm)
		if stale {
			value += ", stale=true"
		}
		no.headers = append(no.headers, sip.NewHeader("WWW-Authenticate", value))
	}
	return no
}

// A rejection is an answer that grants nothing.
type rejection struct {
	kind    Kind // empty: ErrorResponse
	status  int
	reason  string
	headers []sip.Header
}

// ignored is the rejection of a request that gets no answer.
var ignored = &rejection{}

// answer is the response with which a request is rejected.
func (no *rejection) answer(m Received) Message {
	kind := no.kind
	if kind == "" {
		kind = ErrorResponse
	}
	return stateless(kind, m, no.status, no.reason, no.headers...)
}

func badRequest(why string) *rejection {
	return &rejection{status: sip.StatusBadRequest, reason: "Bad Request: " + why}
}
