package sipua

import (
	"crypto/md5"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"hash"
	"net/netip"
	"slices"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// Credentials are how we prove to a trunk or proxy who we are. A dialog that
// needs them never writes them down.
type Credentials struct {
	Peers    []netip.Prefix // the addresses that may ask for them: where the request was sent
	Realm    string         // the realm they are for; empty: any realm of those peers
	User     string
	Password string
}

// String returns the user and the realm, and keeps the password from being
// printed.
func (c Credentials) String() string { return fmt.Sprintf("%s in %q", c.User, c.Realm) }

// credentials are ours for a realm in a challenge from an address.
func (l Local) credentials(realm string, at netip.Addr) (Credentials, bool) {
	i := slices.IndexFunc(l.Credentials, func(c Credentials) bool {
		asks := slices.ContainsFunc(c.Peers, func(p netip.Prefix) bool { return p.Contains(at) })
		return asks && (c.Realm == "" || c.Realm == realm)
	})
	if i < 0 {
		return Credentials{}, false
	}
	return l.Credentials[i], true
}

// A challenge is one that our requests must answer (RFC 7616 §3.3). The whole
// dialog remembers it.
type challenge struct {
	Proxy     bool   `json:"proxy,omitempty"` // by a proxy on the way
	Realm     string `json:"realm"`
	Nonce     string `json:"nonce"`
	Opaque    string `json:"opaque,omitempty"`
	Algorithm string `json:"algorithm,omitempty"` // as they write it
	Counted   bool   `json:"counted,omitempty"`   // qop=auth
	Count     uint32 `json:"count"`               // how often its nonce was used
	CSeq      uint32 `json:"cseq"`                // of our request that it was the answer to

	stale bool // the former nonce has merely become too old
}

type algorithm struct {
	name string
	hash func() hash.Hash
}

// algorithms are those of RFC 8760 and RFC 7616, the best first.
var algorithms = []algorithm{
	{"SHA-256", sha256.New},
	{"SHA-512-256", sha512.New512_256},
	{"MD5", md5.New},
}

// rank is the place of a challenge's algorithm among those, or -1.
func (c challenge) rank() int {
	name := strings.TrimSuffix(strings.ToUpper(c.Algorithm), "-SESS")
	if name == "" {
		name = "MD5"
	}
	return slices.IndexFunc(algorithms, func(a algorithm) bool { return a.name == name })
}

// session reports whether the secret is made anew for each nonce (RFC 7616
// §3.4.2).
func (c challenge) session() bool { return strings.HasSuffix(strings.ToUpper(c.Algorithm), "-SESS") }

// challenges are those in a response which can be answered: of each realm the
// one with the best algorithm (RFC 8760 §2.4).
func challenges(res *sip.Response) []challenge {
	var best []challenge
	for _, name := range []string{"WWW-Authenticate", "Proxy-Authenticate"} {
		for _, h := range res.GetHeaders(name) {
			c, ok := readChallenge(h.Value())
			if !ok {
				continue
			}
			c.Proxy, c.CSeq = name[0] == 'P', res.CSeq().SeqNo
			i := slices.IndexFunc(best, c.sameRealm)
			switch {
			case i < 0:
				best = append(best, c)
			case c.rank() < best[i].rank():
				best[i] = c
			}
		}
	}
	return best
}

func (c challenge) sameRealm(other challenge) bool {
	return c.Proxy == other.Proxy && c.Realm == other.Realm
}

// maxChallenge bounds the part of a challenge that a dialog remembers.
const maxChallenge = 2048

// readChallenge reads a challenge; not ok: it cannot be answered.
func readChallenge(header string) (challenge, bool) {
	scheme, rest, _ := strings.Cut(strings.TrimSpace(header), " ")
	if !strings.EqualFold(scheme, "Digest") || len(header) > maxChallenge {
		return challenge{}, false
	}
	found := parameters(rest)
	c := challenge{
		Realm: found["realm"], Nonce: found["nonce"], Opaque: found["opaque"], Algorithm: found["algorithm"],
		stale: strings.EqualFold(found["stale"], "true"),
	}
	qop, asked := found["qop"]
	c.Counted = slices.ContainsFunc(strings.Split(qop, ","), func(q string) bool {
		return strings.EqualFold(strings.TrimSpace(q), "auth")
	})
	return c, c.rank() >= 0 && c.Nonce != "" && (c.Counted || !asked)
}

// parameters reads name=value pairs between commas; values may be quoted.
func parameters(text string) map[string]string {
	found := map[string]string{}
	for text != "" {
		name, rest, _ := strings.Cut(text, "=")
		var value string
		value, text = cutValue(strings.TrimLeft(rest, " \t"))
		found[strings.ToLower(strings.Trim(name, " \t,"))] = value
	}
	return found
}

// cutValue cuts a value and the comma after it off a text.
func cutValue(text string) (value, rest string) {
	if !strings.HasPrefix(text, `"`) {
		value, rest, _ = strings.Cut(text, ",")
		return strings.TrimSpace(value), rest
	}
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] == '"':
			_, rest, _ = strings.Cut(text[i:], ",")
			return b.String(), rest
		case text[i] == '\\' && i+1 < len(text):
			i++
		}
		b.WriteByte(text[i])
	}
	return b.String(), ""
}

// response is the proof of the password (RFC 7616 §3.4.1).
func (c challenge) response(who Credentials, method sip.RequestMethod, uri, cnonce string) string {
	h := func(parts ...string) string {
		sum := algorithms[c.rank()].hash()
		sum.Write([]byte(strings.Join(parts, ":")))
		return hex.EncodeToString(sum.Sum(nil))
	}
	secret := h(who.User, c.Realm, who.Password)
	if c.session() {
		secret = h(secret, c.Nonce, cnonce)
	}
	if c.Counted {
		return h(secret, c.Nonce, c.count(), cnonce, "auth", h(string(method), uri))
	}
	return h(secret, c.Nonce, h(string(method), uri))
}

// count is how often the nonce was used, as it is written.
func (c challenge) count() string { return fmt.Sprintf("%08x", c.Count) }

// answer is the header that answers a challenge in a request (RFC 7616 §3.4).
func (c challenge) answer(who Credentials, method sip.RequestMethod, uri, cnonce string) sip.Header {
	response := c.response(who, method, uri, cnonce)
	value := fmt.Sprintf(`Digest username="%s", realm="%s", nonce="%s", uri="%s", response="%s"`,
		quotable(who.User), quotable(c.Realm), quotable(c.Nonce), quotable(uri), response)
	if c.Algorithm != "" {
		value += ", algorithm=" + c.Algorithm
	}
	if c.Opaque != "" {
		value += fmt.Sprintf(`, opaque="%s"`, quotable(c.Opaque))
	}
	if c.Counted || c.session() {
		value += fmt.Sprintf(`, cnonce="%s"`, cnonce)
	}
	if c.Counted {
		value += ", qop=auth, nc=" + c.count()
	}
	if c.Proxy {
		return sip.NewHeader("Proxy-Authorization", value)
	}
	return sip.NewHeader("Authorization", value)
}
