package sipua

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
)

// A digestCredentials is a request's proof of its sender: the answer to a challenge.
type digestCredentials struct {
	challenge
	user, uri, cnonce, response string
}

// readCredentials finds the proof for a realm in a request, if there is one, made with
// one of the algorithms offered to its user. An error is the reason why the proof makes no
// sense.
func readCredentials(req *sip.Request, realm string, offered func(user string) []string) (digestCredentials, bool, error) {
	for _, h := range req.GetHeaders("Authorization") {
		scheme, rest, _ := strings.Cut(strings.TrimSpace(h.Value()), " ")
		if !strings.EqualFold(scheme, "Digest") {
			continue
		}
		if len(rest) > maxChallenge {
			return digestCredentials{}, false, errors.New("the proof is too long")
		}
		if said := parameters(rest); said["realm"] == realm {
			p, err := newCredentials(said)
			switch {
			case err != nil:
			case !p.madeWith(offered(p.user)):
				err = errors.New("the proof has an algorithm that was not offered")
			case !sameURI(p.uri, req.Recipient):
				err = errors.New("the proof is for another address")
			}
			return p, err == nil, err
		}
	}
	return digestCredentials{}, false, nil
}

func newCredentials(said map[string]string) (digestCredentials, error) {
	count, err := strconv.ParseUint(said["nc"], 16, 32)
	p := digestCredentials{
		challenge: challenge{
			Realm: said["realm"], Nonce: said["nonce"], Algorithm: said["algorithm"],
			Counted: true, Count: uint32(count),
		},
		user: said["username"], uri: said["uri"], cnonce: said["cnonce"], response: said["response"],
	}
	switch {
	case !strings.EqualFold(said["qop"], "auth"):
		return digestCredentials{}, errors.New("the proof needs qop=auth")
	case err != nil || len(said["nc"]) != 8 || count == 0:
		return digestCredentials{}, errors.New("the proof has no nc of eight digits")
	case p.user == "" || p.Nonce == "" || p.cnonce == "" || p.response == "":
		return digestCredentials{}, errors.New("the proof is not whole")
	}
	return p, nil
}

// madeWith reports whether the algorithm is one of those; a proof that names none means MD5
// (RFC 7616 §3.4).
func (p digestCredentials) madeWith(offered []string) bool {
	name := cmp.Or(p.Algorithm, "MD5")
	return slices.ContainsFunc(offered, func(o string) bool { return strings.EqualFold(o, name) })
}

// proves reports whether the sender of a request knows the password.
func (p digestCredentials) proves(who Account, method sip.RequestMethod) bool {
	want := p.challenge.response(Credentials{User: p.user, Password: who.Password}, method, p.uri, p.cnonce)
	return subtle.ConstantTimeCompare([]byte(want), []byte(strings.ToLower(p.response))) == 1
}

// sameURI reports whether a URI, as it is written, leads to the same place as another.
func sameURI(written string, uri sip.Uri) bool {
	var other sip.Uri
	return sip.ParseUri(written, &other) == nil && other.User == uri.User && other.Raw() == uri.Raw() &&
		strings.EqualFold(other.Host, uri.Host) && other.Port == uri.Port
}

// How long a nonce is good, and how many that were used are remembered.
const (
	nonceAge  = 10 * time.Minute
	maxNonces = 4096
)

// nonces are the questions of a registrar. A nonce carries the time it was made, signed
// with the secret for the sender's address and port, so that it costs no memory until it
// has been used. Only a receiver there knows it.
type nonces struct {
	secret string
	made   uint32
	counts map[string]uint32 // the highest that each was used with
	used   []string          // those, in the order of their first use
	since  time.Time         // those made until then are not good any more
}

const nonceSize = 12 // bytes, before our signature

func (n *nonces) make(now time.Time, from netip.AddrPort) string {
	n.made++
	text := binary.BigEndian.AppendUint64(nil, uint64(now.UnixNano()))
	text = binary.BigEndian.AppendUint32(text, n.made)
	return hex.EncodeToString(append(text, n.sign(text, from)...))
}

func (n *nonces) sign(text []byte, from netip.AddrPort) []byte {
	mac := hmac.New(sha256.New, []byte(n.secret))
	mac.Write(text)
	mac.Write([]byte(from.String()))
	return mac.Sum(nil)[:16]
}

// ours reports whether we have made a nonce, for that address. It only reads the secret.
func (n *nonces) ours(from netip.AddrPort, nonce string) bool {
	text, err := hex.DecodeString(nonce)
	return err == nil && len(text) >= nonceSize && hmac.Equal(text[nonceSize:], n.sign(text[:nonceSize], from))
}

// good reports whether a nonce may be used with this count: it is ours, for that address,
// not too old, and was never used with this count or a higher one (RFC 7616 §3.4.6).
func (n *nonces) good(now time.Time, from netip.AddrPort, nonce string, count uint32) bool {
	if !n.ours(from, nonce) {
		return false
	}
	text, _ := hex.DecodeString(nonce) // was read by ours
	made := time.Unix(0, int64(binary.BigEndian.Uint64(text)))
	return now.Sub(made) <= nonceAge && made.After(n.since) && count > n.counts[nonceKey(text)]
}

// use notes that a good nonce was used with this count.
func (n *nonces) use(now time.Time, nonce string, count uint32) {
	text, _ := hex.DecodeString(nonce) // was read by good
	key := nonceKey(text)
	if n.counts == nil {
		n.counts = map[string]uint32{}
	}
	if n.counts[key] == 0 {
		n.used = append(n.used, key)
	}
	n.counts[key] = count
	n.forget(now)
}

// nonceKey is the same however the letters of a nonce were written.
func nonceKey(text []byte) string { return hex.EncodeToString(text) }

// forget drops nonces that need not be remembered, or cannot be: nonces as old as that are
// not good any more.
func (n *nonces) forget(now time.Time) {
	for len(n.used) > 0 {
		text, _ := hex.DecodeString(n.used[0]) // was read when it was used
		made := time.Unix(0, int64(binary.BigEndian.Uint64(text)))
		if len(n.used) <= maxNonces && now.Sub(made) <= nonceAge {
			return
		}
		if made.After(n.since) {
			n.since = made
		}
		delete(n.counts, n.used[0])
		n.used = n.used[1:]
	}
}
