package sipua

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/icholy/digest"
)

// An inviter sends INVITEs that an authenticator looks at.
type inviter struct {
	*testing.T
	*Authenticator
	sent int
}

func newInviter(t *testing.T) *inviter {
	return &inviter{T: t, Authenticator: NewAuthenticator(AuthenticatorOptions{
		Realm: "holdfast", Secret: "salt",
		Digest: func(user string) []string {
			if user == "old" {
				return []string{"MD5"}
			}
			return []string{"SHA-256"}
		},
		Account: func(user string) (Account, bool) {
			return Account{Name: user, User: user, Password: deskPassword}, user == "200" || user == "old"
		},
	})}
}

func (i *inviter) request(method, to, from string, headers ...string) Received {
	i.Helper()
	i.sent++
	return received(i, fmt.Sprintf(`%[1]s %[2]s SIP/2.0
Via: SIP/2.0/UDP 192.0.2.2:5060;rport;branch=z9hG4bK%[4]d
From: <sip:%[3]s@192.0.2.1>;tag=b
To: <sip:x@192.0.2.1>
Call-ID: phone
CSeq: %[4]d %[1]s
%[5]sContent-Length: 0

`, method, to, from, i.sent, strings.Join(append(headers, ""), "\n")))
}

// answer answers the challenge to a request for an address, as a user.
func (i *inviter) answer(method, to, from, algorithm, uri, user string) string {
	i.Helper()
	_, challenge, _ := i.Authenticate(noon, i.request(method, to, from))
	nonce := parameters(strings.TrimPrefix(headerValue(challenge.SIP, "WWW-Authenticate"), "Digest "))["nonce"]
	c, err := digest.Digest(
		&digest.Challenge{Realm: "holdfast", Nonce: nonce, Algorithm: algorithm, QOP: []string{"auth"}},
		digest.Options{Method: method, URI: uri, Count: 1, Cnonce: "c", Username: user, Password: deskPassword})
	if err != nil {
		i.Fatal(err)
	}
	return "Authorization: " + c.String()
}

// TestAuthenticateINVITE: the digest of an INVITE is for its own method and address, by an
// algorithm that the user of the digest may use, whatever user From names.
func TestAuthenticateINVITE(t *testing.T) {
	const number, premium = "sip:+4930@192.0.2.1", "sip:+1900@192.0.2.1"
	for _, test := range []struct {
		name                             string
		to, from, method, algorithm, uri string
		user                             string
		ok                               bool
	}{
		{"right", number, "200", "INVITE", "SHA-256", number, "200", true},
		{"an old phone", number, "old", "INVITE", "MD5", number, "old", true},
		{"an old phone that hides its user", number, "anonymous", "INVITE", "MD5", number, "old", true},
		{"tel:", "tel:+4930", "200", "INVITE", "SHA-256", "tel:+4930", "200", true},
		{"for another user's From", number, "old", "INVITE", "MD5", number, "200", false},
		{"of a REGISTER", number, "200", "REGISTER", "SHA-256", number, "200", false},
		{"for another number", number, "200", "INVITE", "SHA-256", premium, "200", false},
		{"for another tel: number", "tel:+4930", "200", "INVITE", "SHA-256", "tel:+1900", "200", false},
		{"for tel: instead of sip:", number, "200", "INVITE", "SHA-256", "tel:+4930", "200", false},
		{"unknown", number, "200", "INVITE", "SHA-256", number, "300", false},
	} {
		i := newInviter(t)
		answer := i.answer(test.method, test.to, test.from, test.algorithm, test.uri, test.user)
		who, no, ok := i.Authenticate(noon, i.request("INVITE", test.to, test.from, answer))
		if ok != test.ok || ok && who.Name != test.user || ok == (no.SIP != nil) {
			t.Errorf("%s: %v, %t, %v", test.name, who, ok, no.SIP)
		}
	}
}

// TestWrongPasswordsAreReported: the first wrong password of a host is reported, and the
// one after which the host gets no response. The challenge to a first request is none.
func TestWrongPasswordsAreReported(t *testing.T) {
	i := newInviter(t)
	var reported []WrongPassword
	i.options.Wrong = func(w WrongPassword) { reported = append(reported, w) }
	for _, user := range []string{"200", "nobody"} {
		reported = nil
		from := netip.MustParseAddrPort("192.0.2.2:5060")
		for range maxWrong + 2 {
			proof := i.answer("OPTIONS", "sip:192.0.2.1", user, "SHA-256", "sip:192.0.2.1", user) // is none for INVITE
			i.Authenticate(noon, i.request("INVITE", "sip:192.0.2.1", user, proof))
		}
		known := user == "200"
		want := []WrongPassword{{user, known, from, false}, {user, known, from, true}}
		if !slices.Equal(reported, want) {
			t.Errorf("%s: reported are %v, not %v", user, reported, want)
		}
	}
}
