package sipleg

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"holdfast/call"
	"holdfast/sipua"
)

// fromWire reads a message as the wire does, which gives what cannot be read, too.
func fromWire(text string) sipua.Received {
	m, err := sipua.Parse([]byte(text))
	return sipua.Received{SIP: m, From: farAddress, Fault: err}
}

// invitation is an INVITE of the far end with more header lines and a body.
func invitation(more, body string) string {
	return "INVITE sip:hotline@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bKu\r\n" +
		"From: <sip:+493012345@198.51.100.7>;tag=f\r\nTo: <sip:hotline@192.0.2.1>\r\nCall-ID: u\r\nCSeq: 7 INVITE\r\n" +
		"Contact: <sip:far@198.51.100.7>\r\n" + more + "\r\n" + body
}

// A request that can be answered is, and does not become a contact: its sender waited
// for 32 s in silence.
func TestRequestsThatCannotBeTakenAreAnswered(t *testing.T) {
	sdp := "Content-Type: application/sdp\r\n"
	length := func(n int) string { return fmt.Sprintf("Content-Length: %d\r\n", n) }
	good := invitation(sdp+length(len(speak("sendrecv"))), speak("sendrecv"))
	options := strings.NewReplacer("INVITE", "OPTIONS").Replace(invitation(length(0), ""))
	for name, c := range map[string]struct{ text, want string }{
		"a body shorter than its length": {invitation(sdp+length(1000), speak("sendrecv")), "400 Bad Request"},
		"a length below zero":            {invitation(sdp+"Content-Length: -9\r\n", speak("sendrecv")), "400 Bad Request"},
		"another version":                {strings.Replace(good, "SIP/2.0\r\n", "SIP/7.0\r\n", 1), "505 Version Not Supported"},
		"an unknown scheme":              {strings.Replace(good, "INVITE sip:", "INVITE nobodyKnows:", 1), "416 Unsupported URI Scheme"},
		"TLS":                            {strings.Replace(good, "INVITE sip:", "INVITE sips:", 1), "416 Unsupported URI Scheme"},
		"an extension":                   {strings.Replace(options, "Contact", "Require: nothing-we-have\r\nContact", 1), "420 Bad Extension"},
		"gzip":                           {invitation(sdp+"Content-Encoding: gzip\r\n"+length(4), "\x1f\x8b\x08\x00"), "415 Unsupported Media Type"},
		"gzip, short":                    {invitation(sdp+"e: gzip\r\n"+length(4), "\x1f\x8b\x08\x00"), "415 Unsupported Media Type"},
		"a long From":                    {strings.Replace(good, "From: ", `From: "`+strings.Repeat("x", 50_000)+`" `, 1), "513 Message Too Large"},
		"no hops left":                   {strings.Replace(good, "Contact", "Max-Forwards: 0\r\nContact", 1), "483 Too Many Hops"},
		"our own Via": {strings.Replace(good, "From:", "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKours\r\nFrom:", 1),
			"482 Loop Detected"},
		"no Call-ID":              {strings.Replace(good, "Call-ID: u\r\n", "", 1), "400 Bad Request"},
		"two From":                {strings.Replace(good, "To: ", "From: <sip:x@x>;tag=2\r\nTo: ", 1), "400 Bad Request"},
		"another method in CSeq":  {strings.Replace(good, "7 INVITE", "7 OPTIONS", 1), "400 Bad Request"},
		"a CSeq beyond all":       {strings.Replace(good, "7 INVITE", "36893488147419103232 INVITE", 1), "400 Bad Request"},
		"a Request-URI in angles": {strings.Replace(good, "sip:hotline@192.0.2.1 ", "<sip:hotline@192.0.2.1> ", 1), "400 Bad Request"},
		"a Contact nobody reads":  {strings.Replace(good, "Contact: <", "Contact: \"x <", 1), "400 Bad Request"},
	} {
		t.Run(name, func(t *testing.T) {
			r, w := newRig(t), &wire{}
			r.lines.sender = w
			r.lines.Receive(fromWire(c.text))
			if got := w.lines(); len(got) != 1 || !strings.HasPrefix(got[0], "-> "+c.want) {
				t.Errorf("sent %q, want %s", got, c.want)
			}
			if r.leg != nil {
				t.Error("a contact has begun")
			}
		})
	}
	r, w := newRig(t), &wire{}
	r.lines.sender = w
	stranger := fromWire(strings.Replace(good, "SIP/2.0\r\n", "SIP/7.0\r\n", 1))
	stranger.From = netip.MustParseAddrPort("203.0.113.9:5060")
	r.lines.Receive(stranger)
	r.lines.Receive(fromWire(strings.NewReplacer("INVITE", "ACK", "SIP/2.0\r\n", "SIP/7.0\r\n").Replace(good)))
	if got := w.lines(); len(got) != 0 {
		t.Errorf("a stranger, or an ACK, was answered with %q", got)
	}
}

// A target that the configuration does not name gets answers, too, inside its dialog.
func TestFaultyRequestsInsideADialogAreAnswered(t *testing.T) {
	r, w := newRig(t), &wire{}
	r.dials()
	a := anchorOf(r.leg)
	r.lines.sender = w
	bye := func(callID string) sipua.Received {
		m := fromWire("BYE sip:192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 203.0.113.9:5060;branch=z9hG4bKbye\r\nFrom: <sip:cardiology@198.51.100.7>;tag=far\r\nTo: <sip:x@192.0.2.1>;tag=" +
			a.identity.Tag + "\r\nCall-ID: " + callID + "\r\nCSeq: 7 BYE\r\nContent-Length: 9\r\n\r\n")
		m.From = netip.MustParseAddrPort("203.0.113.9:5060")
		return m
	}
	r.lines.Receive(bye("another"))
	if got := w.lines(); len(got) != 0 {
		t.Errorf("a stranger was answered with %q", got)
	}
	r.lines.Receive(bye(a.callID()))
	if got := w.lines(); !slices.Equal(got, []string{"-> 400 Bad Request (BYE)"}) {
		t.Errorf("sent %q, want 400", got)
	}
}

// isup and place are parts beside a session description.
const (
	isup  = "--b1\r\nContent-Type: application/isup;version=itu-t92+\r\nContent-Disposition: signal;handling=optional\r\n\r\n\x01\x00\x49\r\n"
	place = "--b1\r\nContent-Type: application/pidf+xml\r\nContent-ID: <p@x>\r\n\r\n<presence/>\r\n"
)

// multipart is a description among others.
func multipart(parts ...string) (headers, body string) {
	for i, p := range parts {
		if strings.HasPrefix(p, "v=0") {
			parts[i] = "--b1\r\nContent-Type: application/sdp\r\n\r\n" + p + "\r\n"
		}
	}
	body = strings.Join(parts, "") + "--b1--\r\n"
	return fmt.Sprintf("Content-Type: multipart/mixed;boundary=b1\r\nContent-Length: %d\r\n", len(body)), body
}

// A session description counts wherever it stands in a multipart body.
func TestMultipartINVITE(t *testing.T) {
	offer := speak("sendrecv")
	for name, parts := range map[string][]string{
		"first": {offer, isup}, "second": {isup, offer}, "between": {place, offer, isup}, "behind an encoded one": {
			"--b1\r\nContent-Type: application/sdp\r\nContent-Encoding: gzip\r\n\r\n\x1f\x8b\r\n", offer},
	} {
		r := newRig(t)
		r.lines.Receive(fromWire(invitation(multipart(parts...))))
		if len(r.facts) != 1 || !r.leg.(leg).session.Stream.Remote.IsValid() {
			t.Errorf("the description stands %s: %q", name, r.told)
		}
	}
	r := newRig(t)
	r.lines.Receive(fromWire(invitation(multipart(isup)))) // no offer: ours comes in the 200
	r.plans(call.Answer{Connection: 1})
	if !slices.ContainsFunc(r.told, func(s string) bool {
		return strings.HasPrefix(s, "-> 200 OK (INVITE)") && strings.Contains(s, "on port")
	}) {
		t.Errorf("an INVITE with no offer among its parts: %q", r.told)
	}
}

// Answers, early ones and ACKs likewise. This one has a host name in its c= line, too.
func TestMultipartAnswers(t *testing.T) {
	headers, body := multipart(isup, strings.Replace(speak("sendrecv"), "c=IN IP4 198.51.100.7", "c=IN IP4 media.example.com", 1))
	for _, status := range []string{"183 Session Progress", "200 OK"} {
		r, w := newRig(t), &wire{}
		r.lines.sender = w
		r.dials()
		invite := w.sent[0].SIP
		r.lines.Receive(fromWire("SIP/2.0 " + status + "\r\nVia: " + invite.Via().Value() + "\r\nFrom: " + invite.From().Value() +
			"\r\nTo: " + invite.To().Value() + ";tag=far\r\nCall-ID: " + invite.CallID().Value() + "\r\nCSeq: " + invite.CSeq().Value() +
			"\r\nContact: <sip:far@198.51.100.7>\r\n" + headers + "\r\n" + body))
		if got := r.leg.(leg).session.Stream.Remote; got != netip.MustParseAddrPort("198.51.100.7:6000") {
			t.Errorf("after %s the audio is at %s: %q", status, got, r.told)
		}
	}
	r, w := newRig(t), &wire{}
	r.lines.sender = w
	r.lines.Receive(fromWire(invitation("Content-Length: 0\r\n", "")))
	r.plans(call.Answer{Connection: 1})
	answer := w.sent[len(w.sent)-1].SIP
	r.lines.Receive(fromWire("ACK sip:192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bKack\r\nFrom: " +
		answer.From().Value() + "\r\nTo: " + answer.To().Value() + "\r\nCall-ID: u\r\nCSeq: 7 ACK\r\n" + headers + "\r\n" + body))
	if got := r.leg.(leg).session.Stream.Remote; got != netip.MustParseAddrPort("198.51.100.7:6000") {
		t.Errorf("after the ACK the audio is at %s: %q", got, r.told)
	}
}

// Behind the proxy, everything comes from there. The audio of a phone behind a NAT comes
// from where the proxy has heard the phone (received, RFC 3581), or has written into the
// Contact of a response.
func TestHostBehindTheProxy(t *testing.T) {
	phone := netip.MustParseAddr("203.0.113.20")
	named := strings.Replace(speak("sendrecv"), "c=IN IP4 198.51.100.7", "c=IN IP4 phone.local", 1)
	body := fmt.Sprintf("Content-Type: application/sdp\r\nContent-Length: %d\r\n", len(named))
	check := func(what string, r *rig) {
		t.Helper()
		if s := r.leg.(leg).session.Stream; s.Host != phone || s.Remote != netip.AddrPortFrom(phone, 6000) {
			t.Errorf("%s: audio comes from %s and goes to %s, want %s", what, s.Host, s.Remote, phone)
		}
	}
	r := newRig(t)
	r.lines.local.Proxy = farAddress
	invite := strings.Replace(invitation(body, named), "From:", "Via: SIP/2.0/UDP 10.0.0.5;received=203.0.113.20;rport=40000;branch=z9hG4bKp\r\nFrom:", 1)
	r.lines.Receive(fromWire(invite))
	check("a caller", r)

	r, w := newRig(t), &wire{}
	r.lines.sender, r.lines.local.Proxy = w, farAddress
	r.dials()
	sent := w.sent[0].SIP
	r.lines.Receive(fromWire("SIP/2.0 200 OK\r\nVia: " + sent.Via().Value() + "\r\nFrom: " + sent.From().Value() +
		"\r\nTo: " + sent.To().Value() + ";tag=far\r\nCall-ID: " + sent.CallID().Value() + "\r\nCSeq: " + sent.CSeq().Value() +
		"\r\nContact: <sip:far@203.0.113.20:40000>\r\n" + body + "\r\n" + named))
	check("a target", r)
	if got := w.sent[len(w.sent)-1].To; got != farAddress {
		t.Errorf("the ACK goes to %s, want the proxy", got)
	}
}
