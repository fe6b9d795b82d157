package sipleg

import (
	"fmt"
	"strings"
	"testing"

	"holdfast/call"
	"holdfast/switchboard"
)

// A torture is a message as RFC 4475 describes it, and what becomes of it: "a contact",
// a status, "ACK, BYE", or "" if it is dropped because the RFC says so.
type torture struct {
	name  string // in the RFC
	start string
	lines []string // beside those that are not named otherwise
	body  string
	want  string
}

// Of these headers a message has its own, or the usual ones; "-Name" leaves one out.
var usualLines = []string{
	"Via: SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bK-torture", "Max-Forwards: 70",
	"From: <sip:caller@example.net>;tag=f", "To: <sip:hotline@example.com>", "Call-ID: torture", "CSeq: 9 METHOD",
	"Contact: <sip:caller@198.51.100.7>",
}

func (m torture) text() string {
	lines := []string{m.start}
	method, _, _ := strings.Cut(strings.TrimSpace(m.start), " ")
	own := map[string]bool{}
	for _, l := range m.lines {
		name, _, _ := strings.Cut(l, ":")
		own[strings.ToLower(strings.TrimSpace(strings.TrimPrefix(name, "-")))] = true
	}
	short := map[string]string{"via": "v", "from": "f", "to": "t", "call-id": "i", "contact": "m"}
	for _, l := range usualLines {
		name, _, _ := strings.Cut(l, ":")
		if name = strings.ToLower(name); !own[name] && !own[short[name]] {
			lines = append(lines, strings.Replace(l, "METHOD", method, 1))
		}
	}
	for _, l := range m.lines {
		if !strings.HasPrefix(l, "-") {
			lines = append(lines, l)
		}
	}
	if !own["content-length"] && !own["l"] {
		lines = append(lines, fmt.Sprintf("Content-Length: %d", len(m.body)))
	}
	return strings.Join(lines, "\r\n") + "\r\n\r\n" + m.body
}

const sdpLine = "Content-Type: application/sdp"

var tortures = []torture{
	// §3.1.1: valid, however odd.
	{"wsinv", "INVITE sip:hotline@chair-dnrc.example.com;unknownparam SIP/2.0", []string{
		"TO :\r\n sip:hotline@chair-dnrc.example.com ;   tag-less    = 1918181833n",
		`from   : "J Rosenberg \\\""       <sip:jdrosen@example.com>` + "\r\n  ;\r\n  tag = 98asjd8",
		"MaX-fOrWaRdS: 0068", "Call-ID: wsinv.ndaksdj@192.0.2.1", "Content-Length   : 150", "cseq: 0009\r\n  INVITE",
		"Via  : SIP  /   2.0\r\n /UDP\r\n    198.51.100.7;branch=390skdjuw", "s :", "NewFangledHeader:   newfangled value\r\n continued newfangled value",
		"UnknownHeaderWithUnusualValue: ;;,,;;,;", "Content-Type: application/sdp", "Route:\r\n <sip:services.example.com;lr;unknownwith=value;unknown-no-value>",
		"v:  SIP  / 2.0  / TCP     spindle.example.com   ;\r\n  branch  =   z9hG4bK9ikj8  ,\r\n SIP  /    2.0   / UDP  192.168.255.111   ; branch=\r\n z9hG4bK30239",
		`m:"Quoted string \"\"" <sip:jdrosen@example.com> ; newparam =` + "\r\n      newvalue ;\r\n  secondparam ; q = 0.33",
	}, wsBody, "a contact"},
	{"intmeth", "!interesting-Method0123456789_*+`.%indeed'~ sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1,weird!*pas$wo~d_too.(doesn't-it)@example.com SIP/2.0", []string{
		"CSeq: 139122385 !interesting-Method0123456789_*+`.%indeed'~", "Extension_Header: !\"#$%&'()*+,-./:;<=>?@[]^_`{|}~",
	}, "", "405"},
	{"esc01", "INVITE sip:sips%3Auser%40example.com@example.net SIP/2.0", []string{
		"To: sip:%75se%72@example.com", "From: <sip:I%20have%20spaces@example.net>;tag=938", "C%6Fntact: <sip:alias1@host1.example.com>",
		"Contact: <sip:cal%6Cer@host5.example.net;%6C%72;n%61me=v%61lue%25%34%31>", sdpLine,
	}, speak("sendrecv"), "404"},
	{"escnull", "REGISTER sip:example.com SIP/2.0", []string{"To: sip:null-%00-null@example.com", "Contact: <sip:%00@host5.example.com>"}, "", "405"},
	{"esc02", "RE%47IST%45R sip:registrar.example.com SIP/2.0", nil, "", "405"},
	{"lwsdisp", "OPTIONS sip:user@example.com SIP/2.0", []string{"From: caller<sip:caller@example.com>;tag=323"}, "", "200"},
	{"longreq", "INVITE sip:hotline@example.com SIP/2.0", []string{
		"To: \"I have a user name of " + strings.Repeat("extreme", 30) + " proportion\" <sip:hotline@example.com:6000;" + strings.Repeat("longparamname", 20) + "=shortvalue>",
		"From: sip:" + strings.Repeat("amazinglylongcallername", 10) + "@example.net;tag=12" + strings.Repeat("982", 50) + "424",
		"Call-ID: longreq.one" + strings.Repeat("really", 20) + "longcallid", "Unknown-" + strings.Repeat("Long", 20) + "-Name: " + strings.Repeat("long", 50), sdpLine,
	}, speak("sendrecv"), "a contact"},
	{"dblreq", "REGISTER sip:example.com SIP/2.0", []string{"Content-Length: 0"}, "INVITE sip:hotline@example.com SIP/2.0\r\n\r\n", "405"},
	{"semiuri", "OPTIONS sip:user;par=u%40example.net@example.com SIP/2.0", nil, "", "200"},
	{"transports", "OPTIONS sip:user@example.com SIP/2.0", []string{
		"Via: SIP/2.0/UDP t1.example.com;branch=z9hG4bKkdjuw", "Via: SIP/2.0/SCTP t2.example.com;branch=z9hG4bKklasjdhf", "Via: SIP/2.0/TLS t3.example.com;branch=z9hG4bK2980unddj",
		"Via: SIP/2.0/UNKNOWN t4.example.com;branch=z9hG4bKasd0f3en", "Via: SIP/2.0/TCP t5.example.com;branch=z9hG4bK0a9idfnee",
	}, "", "200"},
	{"mpart01", "MESSAGE sip:kumiko@example.org SIP/2.0", []string{"Content-Type: multipart/mixed;boundary=7a9cbec02ceef655"},
		"--7a9cbec02ceef655\r\nContent-Type: text/plain\r\n\r\nHello\r\n--7a9cbec02ceef655\r\nContent-Type: application/octet-stream\r\n\r\n\x00\x01\x82\r\n--7a9cbec02ceef655--\r\n", "405"},
	{"unreason", "SIP/2.0 200 = 2**3 * 5**2 \u043d\u043e \u0441\u0442\u043e", []string{"CSeq: 35 INVITE", "To: <sip:user@example.com>;tag=e"}, "", "ACK, BYE"},
	{"noreason", "SIP/2.0 100 ", []string{"CSeq: 35 INVITE"}, "", ""},

	// §3.1.2: invalid.
	{"badinv01", "INVITE sip:hotline@example.com SIP/2.0", []string{
		"Via: SIP/2.0/UDP 192.0.2.15;;,;,,", "Contact: \"Joe\" <sip:joe@example.org>;;;;", sdpLine}, speak("sendrecv"), "400"},
	{"clerr", "INVITE sip:hotline@example.com SIP/2.0", []string{sdpLine, "Content-Length: 9999"}, speak("sendrecv"), "400"},
	{"ncl", "INVITE sip:hotline@example.com SIP/2.0", []string{sdpLine, "Content-Length: -999"}, speak("sendrecv"), "400"},
	{"scalar02", "REGISTER sip:example.com SIP/2.0", []string{"CSeq: 36893488147419103232 REGISTER", "Max-Forwards: 300", "Expires: 1" + strings.Repeat("0", 100),
		"Contact: <sip:user@host129.example.com>;expires=280297596632815"}, "", "400"},
	{"scalarlg", "SIP/2.0 503 Service Unavailable", []string{"CSeq: 9292394834772304023312 OPTIONS", "Retry-After: 949302838503028349304023988", `Warning: 1812 overture "In Progress"`}, "", ""},
	{"quotbal", "INVITE sip:hotline@example.com SIP/2.0", []string{`To: "Mr. J. User <sip:j.user@example.com>`, sdpLine}, speak("sendrecv"), "400"},
	{"ltgtruri", "INVITE <sip:hotline@example.com> SIP/2.0", []string{sdpLine}, speak("sendrecv"), "400"},
	{"lwsruri", "INVITE sip:hotline@example.com; lr SIP/2.0", []string{sdpLine}, speak("sendrecv"), "400"},
	{"lwsstart", "INVITE  sip:hotline@example.com  SIP/2.0", []string{sdpLine}, speak("sendrecv"), "400"},
	{"trws", "OPTIONS sip:remote-target@example.com SIP/2.0  ", nil, "", "400"},
	{"escruri", "INVITE sip:hotline@example.com?Route=%3Csip:example.com%3E SIP/2.0", []string{sdpLine}, speak("sendrecv"), "a contact"},
	{"baddate", "INVITE sip:hotline@example.com SIP/2.0", []string{"Date: Fri, 01 Jan 2010 16:00:00 EST", sdpLine}, speak("sendrecv"), "a contact"},
	{"regbadct", "REGISTER sip:example.com SIP/2.0", []string{"Contact: sip:user@example.com?Route=%3Csip:sip.example.com%3E"}, "", "405"},
	{"badaspec", "OPTIONS sip:user@example.org SIP/2.0", []string{`To: "Watson, Thomas" < sip:t.watson@example.org >`}, "", "400"},
	{"baddn", "OPTIONS sip:t.watson@example.org SIP/2.0", []string{"From: Bell, Alexander <sip:a.g.bell@example.com>;tag=43"}, "", "200"},
	{"badvers", "OPTIONS sip:t.watson@example.org SIP/7.0", []string{"Via: SIP/7.0/UDP c.example.com;branch=z9hG4bKkdjuw"}, "", "505"},
	{"mismatch01", "OPTIONS sip:user@example.com SIP/2.0", []string{"CSeq: 8 INVITE"}, "", "400"},
	{"mismatch02", "NEWMETHOD sip:user@example.com SIP/2.0", []string{"CSeq: 8 INVITE"}, "", "400"},
	{"bigcode", "SIP/2.0 4294967301 better not break the receiver", []string{"CSeq: 353494 INVITE"}, "", ""},

	// §3.2: the transaction layer.
	{"badbranch", "OPTIONS sip:user@example.com SIP/2.0", []string{"Via: SIP/2.0/UDP 198.51.100.7;branch=z9hG4bK"}, "", "200"},

	// §3.3: what applications make of it.
	{"insuf", "INVITE sip:hotline@example.com SIP/2.0", []string{"-Call-ID", "-From", "-To", sdpLine}, speak("sendrecv"), "400"},
	{"unkscm", "OPTIONS nobodyKnowsThisScheme:totallyopaquecontent SIP/2.0", nil, "", "416"},
	{"novelsc", "OPTIONS soap.beep://192.0.2.103:3002 SIP/2.0", nil, "", "416"},
	{"unksm2", "REGISTER sip:example.com SIP/2.0", []string{"To: isbn:2983792873", "From: <http://www.example.com>;tag=3234233", "Contact: <name:John_Smith>"}, "", "405"},
	{"bext01", "OPTIONS sip:user@example.com SIP/2.0", []string{"Require: nothingSupportsThis, nothingSupportsThisEither", "Proxy-Require: noProxiesSupportThis"}, "", "420"},
	{"invut", "INVITE sip:hotline@example.com SIP/2.0", []string{"Content-Type: application/unknownformat"}, "<audio>\r\n</audio>\r\n", "415"},
	{"regaut01", "REGISTER sip:example.com SIP/2.0", []string{"Authorization: NoOneKnowsThisScheme opaque-data=here"}, "", "405"},
	{"multi01", "INVITE sip:hotline@company.com SIP/2.0", []string{"CSeq: 5 INVITE", "CSeq: 59 INVITE", "Call-ID: multi01.98asdh@192.0.2.1", "Call-ID: multi01.98asdh@192.0.2.2",
		"From: sip:caller@example.com;tag=3413415", "From: sip:caller@example.net;tag=2923420123", "To: <sip:hotline@example.com>", "To: <sip:other@example.net>", sdpLine}, speak("sendrecv"), "400"},
	{"mcl01", "OPTIONS sip:user@example.com SIP/2.0", []string{"Content-Length: 13", "Content-Length: 5"}, "There's no way to know\r\n", "400"},
	{"bcast", "SIP/2.0 200 OK", []string{"CSeq: 9 INVITE", "To: <sip:user@example.com>;tag=2229", "Via: SIP/2.0/UDP 192.0.2.198;branch=z9hG4bK1324923", "Via: SIP/2.0/UDP 255.255.255.255;branch=z9hG4bK1saber23"}, "", ""},
	{"zeromf", "OPTIONS sip:user@example.com SIP/2.0", []string{"Max-Forwards: 0"}, "", "200"},
	{"cparam01", "REGISTER sip:example.com SIP/2.0", []string{"Contact: sip:+19725552222@gw1.example.net;unknownparam"}, "", "405"},
	{"cparam02", "REGISTER sip:example.com SIP/2.0", []string{"Contact: <sip:+19725552222@gw1.example.net;unknownparam>"}, "", "405"},
	{"regescrt", "REGISTER sip:example.com SIP/2.0", []string{"Contact: <sip:user@example.com?Route=%3Csip:sip.example.com%3E>"}, "", "405"},
	{"sdp01", "INVITE sip:hotline@example.com SIP/2.0", []string{"Accept: text/nobodyKnowsThis", sdpLine}, speak("sendrecv"), "406"},

	// §3.4: as before RFC 3261.
	{"inv2543", "INVITE sip:hotline@example.com SIP/2.0", []string{"Via: SIP/2.0/UDP iftgw.example.com", "From: <sip:+13035551111@ift.client.example.net;user=phone>", "-Max-Forwards", sdpLine}, speak("sendrecv"), "a contact"},
}

var wsBody = "v=0\r\no=mhandley 29739 7272939 IN IP4 192.0.2.3\r\ns=-\r\nc=IN IP4 192.0.2.4\r\nt=0 0\r\nm=audio 49217 RTP/AVP 0 12\r\nm=video 3227 RTP/AVP 31\r\na=rtpmap:31 LPC\r\n"

// Every message of RFC 4475 gets what the RFC says, and the call beside it goes on.
func TestTorture(t *testing.T) {
	if len(tortures) != 49 {
		t.Errorf("RFC 4475 has 49 messages, these are %d", len(tortures))
	}
	for _, m := range tortures {
		t.Run(m.name, func(t *testing.T) {
			r := newRig(t)
			r.calls()
			r.plans(call.Answer{Connection: 1})
			beside, before := r.leg, string(r.leg.Memory())
			r.facts = nil
			w := &wire{}
			r.lines.sender = w
			text := m.text()
			if m.name == "wsinv" {
				text = strings.Replace(text, "Content-Length   : 150", fmt.Sprintf("Content-Length   : %d", len(wsBody)), 1)
			}
			r.lines.Receive(fromWire(text))
			if got := became(r, w, beside); got != m.want {
				t.Errorf("has become %q, want %q; sent %q", got, m.want, w.lines())
			}
			r.leg, r.facts, r.lines.sender = beside, nil, r
			if after := string(r.leg.Memory()); after != before {
				t.Errorf("the call beside it has changed:\n%s\n%s", before, after)
			}
			r.farDoes(r.far.HangUp(r.now, ""))
			if len(r.facts) != 1 || r.facts[0] != (call.HungUp{Connection: 1}) {
				t.Errorf("the call beside it ended with %v", r.facts)
			}
		})
	}
}

// became is what has become of a message.
func became(r *rig, w *wire, beside switchboard.Leg) string {
	if anchorOf(r.leg) != anchorOf(beside) {
		return "a contact"
	}
	var all []string
	for _, line := range w.lines() {
		f := strings.Fields(line)
		all = append(all, f[1])
	}
	return strings.Join(all, ", ")
}
