package sipua

import (
	"crypto/md5"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/emiago/sipgo/sip"
	"github.com/icholy/digest"
)

// ourCredentials are for the peer of the scripts.
var ourCredentials = []Credentials{{
	Peers: []netip.Prefix{netip.PrefixFrom(peers.Addr(), 32)}, User: `hold"fast`, Password: "open sesame",
}}

// TestDigestOfTheRFC is the example of RFC 7616 §3.9.1.
func TestDigestOfTheRFC(t *testing.T) {
	who := Credentials{User: "Mufasa", Password: "Circle of Life"}
	for algorithm, want := range map[string]string{
		"MD5":     "8ca523f5e9506fed4657c9700eebdbec",
		"SHA-256": "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
	} {
		c, ok := readChallenge(`Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=` + algorithm +
			`, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"`)
		if !ok {
			t.Fatal("the challenge is not understood")
		}
		c.Count = 1
		h := c.answer(who, "GET", "/dir/index.html", "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ")
		if h.Name() != "Authorization" || !strings.Contains(h.Value(), fmt.Sprintf("response=%q", want)) {
			t.Errorf("%s: %s: %s", algorithm, h.Name(), h.Value())
		}
	}
}

func TestWhichChallengesCanBeAnswered(t *testing.T) {
	for header, want := range map[string]bool{
		`Digest realm="a", nonce="n"`:                                       true,
		`digest nonce=n,realm=a,qop=auth`:                                   true,
		`Digest realm="a \"b\", c", nonce="n", algorithm=sha-256-SESS`:      true,
		`Digest realm="a", nonce="n", algorithm=SHA-512-256, qop="x, AUTH"`: true,
		`Digest realm="a", nonce="n", qop="auth-int"`:                       false,
		`Digest realm="a", nonce="n", algorithm=AKAv1-MD5`:                  false,
		`Digest realm="a", nonce=""`:                                        false,
		`Digest realm="a`:                                                   false,
		`Basic realm="a"`:                                                   false,
		`Digest`:                                                            false,
		``:                                                                  false,
		`Digest realm="a", nonce="` + strings.Repeat("n", maxChallenge) + `"`: false,
	} {
		if _, got := readChallenge(header); got != want {
			t.Errorf("%.80s: %t, want %t", header, got, want)
		}
	}
	if c, _ := readChallenge(`Digest realm="a \"b\", c" , stale = TRUE,nonce="n=,"`); c.Realm != `a "b", c` || c.Nonce != "n=," || !c.stale {
		t.Errorf("read %+v", c)
	}
}

func TestCredentialsAreForTheirPeersOnly(t *testing.T) {
	l := Local{Credentials: []Credentials{
		{Peers: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/30")}, Realm: "trunk", User: "one", Password: "hush"},
		{Peers: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}, User: "two"},
	}}
	for _, c := range []struct{ realm, at, want string }{
		{"trunk", "192.0.2.2", "one"},
		{"other", "192.0.2.2", "two"},
		{"trunk", "192.0.2.9", "two"},
		{"trunk", "198.51.100.1", ""},
	} {
		if who, ok := l.credentials(c.realm, netip.MustParseAddr(c.at)); who.User != c.want || ok != (c.want != "") {
			t.Errorf("%s at %s gets %q", c.realm, c.at, who.User)
		}
	}
	if text := fmt.Sprintf("%v %+v %s", l.Credentials, l, l.Credentials[0]); strings.Contains(text, "hush") {
		t.Errorf("the password is printed: %s", text)
	}
}

// answersIn are the answers to challenges in a request, computed again by
// somebody else's digest.
func answersIn(t testing.TB, req *sip.Request) []string {
	t.Helper()
	var found []string
	for _, name := range authorizations {
		for _, h := range req.GetHeaders(name) {
			c, err := digest.ParseCredentials(h.Value())
			if err != nil {
				t.Fatalf("%s: %v", h.Value(), err)
			}
			if req.Method != sip.ACK { // that has the answer of its INVITE
				if want := expected(t, c, req); c.Response != want {
					t.Errorf("%s\nhas response %s, want %s", h.Value(), c.Response, want)
				}
			}
			found = append(found, fmt.Sprintf("%s: %s %s nc=%d", name, c.Realm, c.Nonce, c.Nc))
		}
	}
	return found
}

func expected(t testing.TB, c *digest.Credentials, req *sip.Request) string {
	t.Helper()
	who := ourCredentials[0]
	o := digest.Options{
		Method: string(req.Method), URI: req.Recipient.String(), Count: c.Nc,
		Username: who.User, Password: who.Password, Cnonce: c.Cnonce,
	}
	algorithm, session := strings.CutSuffix(strings.ToUpper(c.Algorithm), "-SESS")
	if session {
		o.A1 = hashed(algorithm, hashed(algorithm, who.User, c.Realm, who.Password), c.Nonce, c.Cnonce)
	}
	challenge := &digest.Challenge{Realm: c.Realm, Nonce: c.Nonce, Algorithm: algorithm}
	if c.QOP != "" {
		challenge.QOP = []string{c.QOP}
	}
	want, err := digest.Digest(challenge, o)
	if err != nil {
		t.Fatal(err)
	}
	return want.Response
}

func hashed(algorithm string, parts ...string) string {
	text := []byte(strings.Join(parts, ":"))
	switch algorithm {
	case "SHA-256":
		sum := sha256.Sum256(text)
		return hex.EncodeToString(sum[:])
	case "SHA-512-256":
		sum := sha512.Sum512_256(text)
		return hex.EncodeToString(sum[:])
	}
	sum := md5.Sum(text)
	return hex.EncodeToString(sum[:])
}

// FuzzChallenge answers whatever asks: our answer can be read, and says which
// question it answers.
func FuzzChallenge(f *testing.F) {
	f.Add(`Digest realm="trunk", nonce="n1", qop="auth,auth-int", algorithm=SHA-256, opaque="o", stale=true`)
	f.Add(`Digest realm="a \"b\\", nonce=n , algorithm=MD5-sess`)
	f.Fuzz(func(t *testing.T, header string) {
		c, ok := readChallenge(header)
		if !ok {
			return
		}
		h := c.answer(ourCredentials[0], sip.INVITE, "sip:bob@192.0.2.2", "c")
		if strings.ContainsAny(h.Value(), "\r\n") {
			t.Fatalf("%q has another line", h.Value())
		}
		found := parameters(strings.TrimPrefix(h.Value(), "Digest "))
		if found["nonce"] != oneLine(c.Nonce) || found["realm"] != oneLine(c.Realm) {
			t.Errorf("%q is answered by %q", header, h.Value())
		}
	})
}
