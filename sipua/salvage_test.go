package sipua

import (
	"fmt"
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

// A message with thousands of parameters is not read at all: reading them costs as much as
// their number squared, and a stranger can send that.
func TestTooManyParametersAreNotRead(t *testing.T) {
	for _, separator := range []string{";", "&"} {
		for n, want := range map[int]bool{maxParameters / 2: true, maxParameters + 1: false} {
			var many strings.Builder
			for i := range n {
				fmt.Fprintf(&many, "%sp%d", separator, i)
			}
			contact := "<sip:x@192.0.2.2" + map[string]string{";": "", "&": "?a"}[separator] + many.String() + ">"
			msg, err := Parse([]byte("OPTIONS sip:us SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.2;branch=z9hG4bKx\r\nFrom: <sip:a@x>;tag=f\r\n" +
				"To: <sip:us>\r\nCall-ID: c\r\nCSeq: 1 OPTIONS\r\nContact: " + contact + "\r\n\r\n"))
			if read := msg != nil && err == nil; read != want {
				t.Errorf("%d parameters behind %q: read is %t, want %t (%v)", n, separator, read, want, err)
			}
			if !want && msg != nil {
				t.Errorf("of %d parameters behind %q something is salvaged", n, separator)
			}
		}
	}
}

// A peer's Contact is written down with each change, so a very long one does not count.
func TestLongContactsDoNotCount(t *testing.T) {
	for n, want := range map[int]bool{100: true, maxTarget: false} {
		text := strings.Replace(goodOptions, "Call-ID", "Contact: <sip:"+strings.Repeat("x", n)+"@192.0.2.2>\nCall-ID", 1)
		msg, err := Parse([]byte(strings.ReplaceAll(text, "\n", "\r\n")))
		if err != nil {
			t.Fatal(err)
		}
		if counts := contactOf(msg) != ""; counts != want {
			t.Errorf("a Contact of %d characters counts: %t", n, counts)
		}
	}
}
