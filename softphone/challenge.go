package softphone

import (
	"fmt"

	"github.com/emiago/sipgo/sip"
	"github.com/icholy/digest"

	"holdfast/sipua"
)

// A Challenge is the proof that a phone demands before it takes an INVITE or a
// BYE, as gateways do: the sender's digest of a password (RFC 7616).
type Challenge struct {
	User, Password string
	Algorithm      string // "SHA-256" or "MD5"; empty: MD5
	Stale          bool   // the first right answer comes too late, and must be given again
}

// realm is the realm of phones' challenges.
const realm = "softphone"

// asks challenges a request that does not prove its sender, and reports
// whether it has. A request that is repeated gets the same answer.
func (p *Phone) asks(m sipua.Received, r *sip.Request) bool {
	c := p.options.Challenge
	if c == nil || r.Method != sip.INVITE && r.Method != sip.BYE {
		return false
	}
	answer, right := c.answered(r)
	stale := right && answer.Nonce != nonce(p.asked)
	if right && c.Stale && p.asked == 0 {
		p.asked, stale = 1, true
	}
	if right && !stale {
		return false
	}
	challenge := digest.Challenge{
		Realm: realm, Nonce: nonce(p.asked), Algorithm: c.Algorithm, QOP: []string{"auth"}, Stale: stale,
	}
	p.send([]sipua.Message{sipua.Refuse(m, sip.StatusUnauthorized, "Who are you",
		sip.NewHeader("WWW-Authenticate", challenge.String()))})
	return true
}

func nonce(asked int) string { return fmt.Sprintf("nonce-%d", asked) }

// answered is the answer in a request, and whether it is right.
func (c *Challenge) answered(r *sip.Request) (*digest.Credentials, bool) {
	h := r.GetHeader("Authorization")
	if h == nil {
		return nil, false
	}
	got, err := digest.ParseCredentials(h.Value())
	if err != nil || got.Realm != realm || got.QOP != "auth" {
		return nil, false
	}
	want, err := digest.Digest(
		&digest.Challenge{Realm: realm, Nonce: got.Nonce, Algorithm: c.Algorithm, QOP: []string{"auth"}},
		digest.Options{
			Method: r.Method.String(), URI: r.Recipient.String(), Count: got.Nc, Cnonce: got.Cnonce,
			Username: c.User, Password: c.Password,
		})
	return got, err == nil && got.Response == want.Response
}
