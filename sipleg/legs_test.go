package sipleg

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"

	"holdfast/call"
	"holdfast/media"
	"holdfast/sipua"
	"holdfast/switchboard"
)

// A wire keeps what was sent.
type wire struct{ sent []sipua.Message }

func (w *wire) Send(m sipua.Message) error {
	w.sent = append(w.sent, m)
	return nil
}

func (w *wire) lines() []string {
	var lines []string
	for _, m := range w.sent {
		lines = append(lines, strings.TrimSpace(line("->", m.SIP, "")))
	}
	return lines
}

// request is a request from the far end outside any dialog; extra are header
// lines, and a body after an empty one.
func request(t testing.TB, method, called, toTag, extra string) sipua.Received {
	head, body, _ := strings.Cut(extra, "\n\n")
	text := method + " sip:" + called + "@192.0.2.1 SIP/2.0\n" +
		"Via: SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bK1\n" +
		"Max-Forwards: 70\nFrom: <sip:+493012345@198.51.100.7>;tag=f\nTo: <sip:" + called + "@192.0.2.1>" + toTag + "\n" +
		"Call-ID: c1\nCSeq: 7 " + method + "\nContact: <sip:far@198.51.100.7>\n"
	if head != "" {
		text += strings.TrimSuffix(head, "\n") + "\n"
	}
	if body != "" {
		text += "Content-Type: application/sdp\n"
	}
	text += fmt.Sprintf("Content-Length: %d\n\n", len(body))
	m, err := sip.ParseMessage([]byte(strings.ReplaceAll(text, "\n", "\r\n") + body))
	if err != nil {
		t.Fatal(err)
	}
	return sipua.Received{SIP: m, From: farAddress, Transport: sipua.UDP}
}

func TestReceiveOfNoLeg(t *testing.T) {
	offer := "\n\n" + speak("sendrecv")
	for _, c := range []struct {
		name   string
		m      sipua.Received
		breaks func(*rig)
		want   []string
	}{
		{"a call for nobody", request(t, "INVITE", "nobody", "", offer), nil, []string{"-> 404 Not Found (INVITE)"}},
		{"a call without a codec of ours", request(t, "INVITE", "hotline", "", strings.ReplaceAll(offer, "AVP 8", "AVP 18")), nil, []string{"-> 488 Not Acceptable Here (INVITE)"}},
		{"a call that needs more than we do", request(t, "INVITE", "hotline", "", "Require: 100rel"+offer), nil, []string{"-> 420 Bad Extension (INVITE)"}},
		{"the journal is down", request(t, "INVITE", "hotline", "", offer), func(r *rig) { r.board.down = true }, []string{"-> 503 Service Unavailable (INVITE)"}},
		{"no port is free", request(t, "INVITE", "hotline", "", offer), func(r *rig) { r.ports.none = true }, []string{"-> 503 Service Unavailable (INVITE)"}},
		{"a re-INVITE of no dialog", request(t, "INVITE", "hotline", ";tag=x", offer), nil, []string{"-> 481 Call/Transaction Does Not Exist (INVITE)"}},
		{"a BYE of no dialog", request(t, "BYE", "hotline", ";tag=x", ""), nil, []string{"-> 481 Call/Transaction Does Not Exist (BYE)"}},
		{"a CANCEL of nothing", request(t, "CANCEL", "hotline", "", ""), nil, []string{"-> 481 Call/Transaction Does Not Exist (CANCEL)"}},
		{"an ACK of nothing", request(t, "ACK", "hotline", ";tag=x", ""), nil, nil},
		{"a question", request(t, "OPTIONS", "hotline", "", ""), nil, []string{"-> 200 OK (OPTIONS)"}},
		{"a transfer of nothing", request(t, "REFER", "hotline", "", "Refer-To: <sip:+4930@192.0.2.1>"), nil, []string{"-> 403 Forbidden outside a call (REFER)"}},
		{"a transfer of no dialog", request(t, "REFER", "hotline", ";tag=x", "Refer-To: <sip:+4930@192.0.2.1>"), nil, []string{"-> 481 Call/Transaction Does Not Exist (REFER)"}},
		{"a subscription", request(t, "SUBSCRIBE", "hotline", "", "Event: refer"), nil, []string{"-> 405 Method Not Allowed (SUBSCRIBE)"}},
		{"a notification", request(t, "NOTIFY", "hotline", "", "Event: refer"), nil, []string{"-> 405 Method Not Allowed (NOTIFY)"}},
		{"a registration", request(t, "REGISTER", "hotline", "", ""), nil, []string{"-> 405 Method Not Allowed (REGISTER)"}},
		{"an answer nobody waits for", stray(t, 200, "INVITE"), nil, []string{"-> ACK", "-> BYE"}},
		{"a refusal nobody waits for", stray(t, 486, "INVITE"), nil, nil},
		{"an answer to a BYE of nobody", stray(t, 200, "BYE"), nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, w := newRig(t), &wire{}
			r.lines.sender = w
			if c.breaks != nil {
				c.breaks(r)
			}
			r.lines.Receive(c.m)
			if got := w.lines(); !slices.Equal(got, c.want) {
				t.Errorf("sent %q, want %q", got, c.want)
			}
			if r.leg != nil || len(r.lines.legs) != 0 || len(r.ports.open) != 0 {
				t.Errorf("something is left behind: %v, %v, %v", r.leg, r.lines.legs, r.ports.open)
			}
		})
	}
}

// stray is a response to a request that nobody here has sent.
func stray(t *testing.T, status int, method string) sipua.Received {
	text := fmt.Sprintf("SIP/2.0 %d What\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK9\r\n"+
		"From: <sip:us@192.0.2.1>;tag=us\r\nTo: <sip:far@198.51.100.7>;tag=far\r\nCall-ID: c9\r\nCSeq: 65537 %s\r\n"+
		"Contact: <sip:far@198.51.100.7:5060>\r\nContent-Length: 0\r\n\r\n", status, method)
	m, err := sip.ParseMessage([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return sipua.Received{SIP: m, From: farAddress, Transport: sipua.UDP}
}

func TestBusyIsRetriedLater(t *testing.T) {
	r, w := newRig(t), &wire{}
	r.lines.sender, r.board.down = w, true
	r.lines.Receive(request(t, "INVITE", "hotline", "", "\n\n"+speak("sendrecv")))
	if len(w.sent) != 1 || len(w.sent[0].SIP.GetHeaders("Retry-After")) == 0 {
		t.Fatalf("sent %v, want a 503 with Retry-After", w.lines())
	}
	if class := sipua.Kinds[w.sent[0].Kind]; class != sipua.Exempt {
		t.Errorf("a refusal that creates nothing has class %v", class)
	}
	if len(r.ports.closed) != 1 {
		t.Errorf("rooms closed: %v, want the one that was opened", r.ports.closed)
	}
}

// An INVITE that is not admitted gets its 503 before anything is opened for it, and
// gets it again when it is sent again, even if it would be admitted by then: its caller
// may have gone.
func TestTurnedAway(t *testing.T) {
	r, w := newRig(t), &wire{}
	var log bytes.Buffer
	r.lines.sender, r.lines.log, r.board.busy = w, slog.New(slog.NewTextHandler(&log, nil)), true
	invite := request(t, "INVITE", "hotline", "", "\n\n"+speak("sendrecv"))
	for range 3 {
		r.lines.Receive(invite)
		r.board.busy = false
	}
	if want := slices.Repeat([]string{"-> 503 Service Unavailable (INVITE)"}, 3); !slices.Equal(w.lines(), want) {
		t.Fatalf("sent %q, want %q", w.lines(), want)
	}
	if after := w.sent[0].SIP.GetHeaders("Retry-After"); len(after) != 1 || after[0].Value() != retrySoon {
		t.Errorf("Retry-After is %v, want %s", after, retrySoon)
	}
	if w.sent[0].SIP.(*sip.Response).To().String() != w.sent[1].SIP.(*sip.Response).To().String() {
		t.Error("the same INVITE got two answers")
	}
	if r.leg != nil || len(r.ports.closed) != 0 {
		t.Errorf("a leg %v or a room %v was opened", r.leg, r.ports.closed)
	}
	r.now = r.now.Add(2 * refusedFor)
	r.lines.Receive(invite)
	if r.leg == nil {
		t.Error("it is refused for ever")
	}
}

func TestCallsThatCannotBeTakenAreLoggedOnceASecond(t *testing.T) {
	r, w := newRig(t), &wire{}
	var log bytes.Buffer
	r.lines.sender, r.lines.log, r.board.down = w, slog.New(slog.NewTextHandler(&log, nil)), true
	invite := request(t, "INVITE", "hotline", "", "\n\n"+speak("sendrecv"))
	for i := range 300 {
		*invite.SIP.CallID() = sip.CallIDHeader(fmt.Sprint("c", i))
		r.now = r.now.Add(10 * time.Millisecond)
		r.lines.Receive(invite)
	}
	if got := strings.Count(log.String(), "rejecting INVITE: cannot take the call"); got != 3 {
		t.Errorf("300 calls in 3 s were logged in %d lines, want 3:\n%s", got, &log)
	}
}

func TestStrangersAreLoggedButNotAnswered(t *testing.T) {
	r, w := newRig(t), &wire{}
	var log bytes.Buffer
	r.lines.sender, r.lines.log = w, slog.New(slog.NewTextHandler(&log, nil))
	m := request(t, "INVITE", "hotline", "", "\n\n"+speak("sendrecv"))
	m.From = netip.MustParseAddrPort("203.0.113.66:5060")
	for range 1000 {
		r.lines.Receive(m)
	}
	r.now = r.now.Add(2 * time.Second)
	r.lines.Receive(m)
	if len(w.sent) != 0 || r.leg != nil {
		t.Errorf("a stranger was answered: %v", w.lines())
	}
	if n := strings.Count(log.String(), "203.0.113.66"); n != 2 {
		t.Errorf("%d lines about the stranger, want 2:\n%s", n, &log)
	}
	if !strings.Contains(log.String(), "unmentioned=999") {
		t.Errorf("the log does not tell how often:\n%s", &log)
	}
}

// The answers of a party may come from anywhere: who knows the Call-ID is no stranger.
func TestAnswersFromElsewhere(t *testing.T) {
	r := newRig(t)
	r.dials()
	res := travel(t, r.far.Ring(r.now).Out[0].SIP, netip.MustParseAddrPort("203.0.113.66:5060"))
	r.lines.Receive(res)
	if want := (call.Rang{Connection: 2}); !slices.Contains(r.facts, call.Event(want)) {
		t.Errorf("facts %v, want %v among them", r.facts, want)
	}
}

func TestDialErrors(t *testing.T) {
	for _, c := range []struct {
		address string
		full    bool
		want    call.Reason
	}{
		{"nowhere", false, call.Denied},
		{"odd", false, call.NotFound},
		{"sip:a@198.51.100.7", true, call.LineError},
	} {
		r := newRig(t)
		r.ports.none = c.full
		leg, err := r.lines.Dial("contact", 1, call.Dial{Connection: 2, To: call.Endpoint{Kind: call.URI, Address: c.address}})
		why, ok := errors.AsType[*switchboard.DialError](err)
		if leg != nil || !ok || why.Reason != c.want || why.Detail == "" {
			t.Errorf("%s: leg %v, error %v, want %s", c.address, leg, err, c.want)
		}
		if len(r.lines.legs)+len(r.ports.open) != 0 {
			t.Errorf("%s: something is left behind", c.address)
		}
	}
}

func TestFrom(t *testing.T) {
	r := newRig(t)
	for want, e := range map[string]call.Endpoint{
		"sip:+493012345@192.0.2.1:5060": {Kind: call.PhoneNumber, Address: "+493012345"},
		"sip:bob@192.0.2.1:5060":        {Kind: call.URI, Address: "sip:bob@203.0.113.9:5080"},
		"sip:anonymous@192.0.2.1:5060":  {Kind: call.URI, Address: "sip:203.0.113.9"},
	} {
		if from := r.lines.from(e); from.String() != want {
			t.Errorf("%v calls as %s, want %s", e, &from, want)
		}
	}
}

func TestRestoreErrors(t *testing.T) {
	r := newRig(t)
	r.dials()
	good := string(r.leg.Memory())
	for _, written := range []string{
		"", "null", "{}", `{"version":2}`,
		strings.Replace(good, `{"version":1`, `{"version":99`, 1),
		strings.Replace(good, `"role":"caller"`, `"role":"lead"`, 1),
		good[:strings.Index(good, `"dialog":`)] + `"dialog":{}}`,
	} {
		r.boot()
		if leg, err := r.lines.Restore("contact", 2, 2, memoryOf(written)); err == nil {
			t.Errorf("restored from %.80s: %v", written, leg)
		}
		if len(r.lines.legs) != 0 {
			t.Errorf("something is left behind by %.80s", written)
		}
	}
}

// memoryOf is how a leg's memory is written down.
func memoryOf(written string) switchboard.LegMemory {
	return switchboard.LegMemory{Kind: kind, Memory: []byte(written)}
}

func TestLegsOfOtherKindsAreNotRestored(t *testing.T) {
	r := newRig(t)
	r.dials()
	m := memoryOf(string(r.leg.Memory()))
	m.Kind = "web"
	_, err := r.lines.Restore("contact", 2, 2, m)
	if want := `restoring a leg: unknown kind "web"`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestClosedLegsAreForgotten(t *testing.T) {
	r := newRig(t)
	r.dials()
	first := r.leg
	written := memoryOf(string(first.Memory()))
	leg, err := r.lines.Restore("contact", 2, 2, written)
	if err != nil {
		t.Fatal(err)
	}
	r.leg = leg
	first.Close() // must not make the new one unknown
	answer := stray(t, 180, "INVITE").SIP
	*answer.CallID() = sip.CallIDHeader(anchorOf(leg).callID())
	answer.From().Params = sip.HeaderParams{{K: "tag", V: anchorOf(leg).identity.Tag}}
	if a := r.lines.find(answer); a != anchorOf(leg) {
		t.Errorf("the leg opened later is %v", a)
	}
	leg.Close()
	leg.Close()
	if len(r.lines.legs)+len(r.ports.open) != 0 {
		t.Error("something is left behind")
	}
}

// Only those who have sent there hear that an address is unreachable.
func TestUnreachable(t *testing.T) {
	r := newRig(t)
	r.lost = true
	r.dials()
	r.lines.Unreachable(netip.MustParseAddrPort("198.51.100.8:5060"))
	if len(r.facts) != 0 {
		t.Fatalf("facts %v for somebody else's address", r.facts)
	}
	r.lines.Unreachable(farAddress)
	want := call.Failed{Connection: 2, Reason: call.Unreachable, Detail: "198.51.100.7:5060 is unreachable"}
	if !slices.Equal(r.facts, []call.Event{want}) {
		t.Errorf("facts %v, want %v", r.facts, want)
	}
}

func TestContactIDs(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	seen := map[call.ContactID]bool{}
	var last call.ContactID
	for i := range 1000 {
		id := newContactID(now.Add(time.Duration(i) * time.Millisecond))
		if len(id) != 26 || strings.Trim(string(id), "0123456789abcdefghijklmnopqrstuv") != "" {
			t.Fatalf("%q is no id", id)
		}
		if seen[id] || id <= last {
			t.Fatalf("%q comes after %q", id, last)
		}
		seen[id], last = true, id
	}
}

func TestAddress(t *testing.T) {
	for written, want := range map[string]string{
		"sip:bob:secret@192.0.2.9:5080;user=phone?x=y": "sip:bob@192.0.2.9:5080",
		"sips:bob@[2001:db8::1]":                       "sip:bob@[2001:db8::1]",
		"sip:192.0.2.9":                                "sip:192.0.2.9",
		"tel:+493012345;phone-context=x":               "+493012345",
	} {
		var u sip.Uri
		if err := sip.ParseUri(written, &u); err != nil {
			t.Fatal(err)
		}
		if got := address(u); got != want {
			t.Errorf("%s is %s, want %s", written, got, want)
		}
	}
}

// With real sockets: a leg listens where it says, and again there after a restart.
func TestRealAudio(t *testing.T) {
	e, err := media.Start(media.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	var lines switchboard.Legs = New(Options{
		Local: sipua.Local{Address: usAddress, Transport: sipua.UDP}, Engine: e,
		Addresses: addresses{}, Log: slog.New(slog.DiscardHandler),
	})
	d := call.Dial{Connection: 2, To: call.Endpoint{Kind: call.URI, Address: "sip:a@198.51.100.7"}}
	dialled, err := lines.Dial("contact", 1, d)
	if err != nil {
		t.Fatal(err)
	}
	l := dialled.Plan(time.Now(), d).Leg.(leg)
	if l.at.Port() == 0 || !strings.Contains(l.session.Local, fmt.Sprintf("m=audio %d ", l.at.Port())) {
		t.Errorf("listens at %s, but says\n%s", l.at, l.session.Local)
	}
	written := memoryOf(string(l.Memory()))
	l.Close()
	restored, err := lines.Restore("contact", 2, 2, written)
	if err != nil {
		t.Fatal(err)
	}
	defer restored.Close()
	if at := restored.(leg).at; at != l.at {
		t.Errorf("listens at %s after the restart, not at %s", at, l.at)
	}
}

// BenchmarkTurnedAway is what an INVITE of a flood costs, from its text to that of its 503.
func BenchmarkTurnedAway(b *testing.B) {
	r, w := newRig(b), &wire{}
	r.lines.sender, r.board.busy = w, true
	text := []byte(request(b, "INVITE", "hotline", "", "\n\n"+speak("sendrecv")).SIP.String())
	for b.Loop() {
		m, err := sipua.Parse(text)
		if err != nil {
			b.Fatal(err)
		}
		r.lines.Receive(sipua.Received{SIP: m, From: farAddress, Transport: sipua.UDP})
		_ = w.sent[0].SIP.String()
		w.sent = w.sent[:0]
	}
}
