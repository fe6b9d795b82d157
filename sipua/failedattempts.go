package sipua

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
)

// A host that gives maxWrong wrong passwords for a user within wrongFor gets no answer
// about that user for as long.
const (
	maxWrong   = 10
	wrongFor   = time.Minute
	maxSources = 1024 // that are remembered
	maxProven  = 8192 // phones whose password was right
)

// failedAttempts are the recent wrong passwords. They count by the host they come from
// and by user. Only an answer to a nonce that was made for the sender counts, so a
// stranger who forges the address of a phone does not silence it: the nonce goes to the
// phone. A phone that has given the right password has a count of its own, so hosts that
// share its address do not silence it either.
type failedAttempts struct {
	accounts, others map[string]attempt // others: of users that no account has
	proven           map[string]time.Time
}

// An attempt counts the wrong passwords of one source or user since a time.
type attempt struct {
	since time.Time
	wrong int
}

// A guess is a password that a request proves or does not prove.
type guess struct {
	user  string
	known bool // there is an account of that user
	from  netip.AddrPort
}

// exact is the key of a phone whose password was right.
func (g guess) exact() string { return g.from.String() + " " + strings.ToLower(g.user) }

// count returns where wrong passwords like that count, and by which key. There are any
// number of users without an account, so these share a thousand counts for each host.
// No one without the secret knows which.
func (f *failedAttempts) count(g guess, secret string) (*map[string]attempt, string) {
	host := household(g.from.Addr()).String()
	switch _, proven := f.proven[g.exact()]; {
	case !g.known:
		sum := sha256.Sum256([]byte(secret + strings.ToLower(g.user)))
		return &f.others, fmt.Sprint(host, " ", binary.BigEndian.Uint16(sum[:])%maxSources)
	case proven:
		return &f.accounts, g.exact()
	}
	return &f.accounts, host + " " + strings.ToLower(g.user)
}

// barred reports whether a guess gets no answer now.
func (f *failedAttempts) barred(now time.Time, g guess, secret string) bool {
	by, key := f.count(g, secret)
	a := (*by)[key]
	return a.wrong >= maxWrong && now.Sub(a.since) < wrongFor
}

// missed notes a wrong password, and returns how many there are. The one too many begins
// the time without answers.
func (f *failedAttempts) missed(now time.Time, g guess, secret string) int {
	by, key := f.count(g, secret)
	a := (*by)[key]
	if now.Sub(a.since) >= wrongFor {
		a = attempt{since: now}
	}
	a.wrong++
	if a.wrong == maxWrong {
		a.since = now
	}
	put(by, maxSources, key, a, func(a attempt) time.Time { return a.since })
	return a.wrong
}

// right notes that a phone has given the right password.
func (f *failedAttempts) right(now time.Time, g guess) {
	put(&f.proven, maxProven, g.exact(), now, func(at time.Time) time.Time { return at })
}

// put puts a value into a map, which makes room by dropping the oldest one.
func put[V any](by *map[string]V, most int, key string, v V, since func(V) time.Time) {
	if *by == nil {
		*by = map[string]V{}
	}
	if _, again := (*by)[key]; !again && len(*by) >= most {
		oldest := ""
		for k, v := range *by {
			if oldest == "" || since(v).Before(since((*by)[oldest])) {
				oldest = k
			}
		}
		delete(*by, oldest)
	}
	(*by)[key] = v
}

// household is as much of an address as one customer of a provider has: in IPv6, a
// network.
func household(a netip.Addr) netip.Prefix {
	bits := 32
	if a = a.Unmap(); a.Is6() {
		bits = 64
	}
	p, _ := a.WithZone("").Prefix(bits) // the zero value for the zero address
	return p
}

// origin is where a request was sent from. A request through a proxy was sent from the
// address at which the proxy received it, which it adds to the Via below its own (RFC
// 3261 §18.2.1, RFC 3581).
func origin(m Received, proxy netip.AddrPort) netip.AddrPort {
	from := netip.AddrPortFrom(m.From.Addr().Unmap(), m.From.Port())
	req, ok := m.SIP.(*sip.Request)
	if !ok || !proxy.IsValid() || from.Addr() != proxy.Addr().Unmap() {
		return from
	}
	vias := req.GetHeaders("Via")
	if len(vias) < 2 {
		return from
	}
	via, ok := vias[1].(*sip.ViaHeader)
	if !ok {
		return from
	}
	host := via.Params.GetOr("received", via.Host)
	port := via.Port
	if p, err := strconv.ParseUint(via.Params.GetOr("rport", ""), 10, 16); err == nil {
		port = int(p)
	}
	if at := AddressOf(sip.Uri{Host: host, Port: port}); at.IsValid() {
		return netip.AddrPortFrom(at.Addr().Unmap(), at.Port())
	}
	return from
}
