package sipua

import (
	"strings"
	"testing"

	"github.com/emiago/sipgo/sip"
)

// FuzzRefusal: whatever comes, a refusal of it can be read, and repeats what its sender
// knows it by.
func FuzzRefusal(f *testing.F) {
	good := strings.ReplaceAll(goodOptions, "\n", "\r\n")
	for _, change := range [][2]string{
		{"", ""}, {"SIP/2.0\r\n", "SIP/7.0\r\n"}, {"OPTIONS sip:", "OPTIONS <sip:"}, {"branch=", ";;,branch="}, {"Call-ID", "i"}, {"From: ", "From: \""},
	} {
		f.Add([]byte(strings.Replace(good, change[0], change[1], 1)))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		msg, err := Parse(data)
		m := Received{SIP: msg, From: peers, Fault: err}
		answer := RefuseFaulty(m)
		if answer.SIP == nil {
			return
		}
		if Check(m) == nil {
			t.Fatal("a good request was refused")
		}
		res := answer.SIP.(*sip.Response)
		if res.StatusCode < 400 || TransactionOf(res) != TransactionOf(msg) || !strings.HasPrefix(res.String(), "SIP/2.0 ") {
			t.Errorf("refused with\n%s", res)
		}
	})
}

// A stranger's datagram of thousands of headers that a refusal would repeat costs no more
// than reading it: each of them is a message to the parser.
func TestNothingIsSalvagedOfTooManyHeaders(t *testing.T) {
	for _, line := range []string{"v:a\r\n", "t:a\r\n", "Via: SIP/2.0/UDP a\r\n"} {
		if m, err := Parse([]byte("X <x> SIP/2.0\r\nVia: SIP/2.0/UDP a\r\n" + strings.Repeat(line, 2*maxSalvaged))); m != nil || err == nil {
			t.Errorf("of many %q there is %T, %v", line, m, err)
		}
		if m, err := Parse([]byte("X <x> SIP/2.0\r\nVia: SIP/2.0/UDP a\r\n" + strings.Repeat(line, maxSalvaged/2))); m == nil || err == nil {
			t.Errorf("of some %q there is %T, %v", line, m, err)
		}
	}
}

// FuzzBody: a description is found in a body or not, whatever it is.
func FuzzBody(f *testing.F) {
	f.Add("application/sdp", []byte("v=0\r\n"))
	f.Add("multipart/mixed;boundary=b", []byte("--b\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n--b--\r\n"))
	f.Add(`multipart/mixed; boundary="b"`, []byte("--b\r\nContent-Type: multipart/alternative;boundary=c\r\n\r\n--c\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n--c--\r\n--b--\r\n"))
	f.Fuzz(func(t *testing.T, kind string, body []byte) {
		if sdp := sdpIn(kind, "", body, maxNested); len(sdp) > len(body) {
			t.Errorf("%d bytes of %d", len(sdp), len(body))
		}
	})
}

// FuzzUser: the user of a URI is the same, however often it is written and read again.
func FuzzUser(f *testing.F) {
	for _, user := range []string{"ana", "%61na", "+49(30)1;npdi", "%2B4930", "a%20b", "50%", "\u00fc", "a@b", "%25%32%62"} {
		f.Add(user)
	}
	f.Fuzz(func(t *testing.T, user string) {
		plain := CanonicalUser(user)
		if n, ok := ParseNumber(plain); ok && n != plain {
			t.Errorf("%q gives the number %q as %q", user, n, plain)
		}
		if escaped := EscapeUser(plain); strings.ContainsAny(escaped, " @<>\"\r\n:") {
			t.Errorf("%q is written %q", user, escaped)
		}
	})
}
