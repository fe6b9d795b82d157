package sipua

import (
	"bytes"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	"github.com/emiago/sipgo/sip"
)

var (
	noon  = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	ours  = netip.MustParseAddrPort("192.0.2.1:5060")
	peers = netip.MustParseAddrPort("192.0.2.2:5060")
)

// TestScripts plays testdata/*.txt: a dialog of ours against a peer whose
// every message is written in the script. A line is one directive:
//
//	caller, callee            begin; with headers for the INVITE
//	                          tcp: we have TCP, too; default=tcp: where no URI says otherwise
//	                          over=tcp: the peer's requests come over it
//	                          session=1800: the interval that we propose, in seconds
//	invite [long], ring, progress, accept [unchanged], reject 486 Busy, hangup [reason]
//	response 180 [to=METHOD] [tag=b] [contact=URI] [sdp]   to our last METHOD (INVITE),
//	                          or with cseq=65537 to the INVITE of that number
//	request METHOD [cseq=1] [branch=x] [totag=us] [contact=URI] [sdp]
//	press 12#                 keys
//	refer, accept-referral... see script_refer_test.go
//	ask                       whether the peer is there
//	introduce URI NAME        as whom the peer is connected to
//	wait 4s                   ticks whatever is due until then
//	unreachable, restart
//
// and below it stands what came of it, then the stage and the next deadline.
func TestScripts(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		if info, err := os.Stat(path); err != nil || info.IsDir() || !strings.HasSuffix(path, ".txt") {
			return
		}
		s := &script{t: t, now: noon, epoch: 1, local: Local{Address: ours, Credentials: ourCredentials}, invites: map[uint32]*sip.Request{}}
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			s.t = t
			return s.run(append([]string{d.Cmd}, args(d)...), d.Input)
		})
	})
}

// args are a directive's words as they were written.
func args(d *datadriven.TestData) []string {
	var words []string
	for _, a := range d.CmdArgs {
		words = append(words, a.String())
	}
	return words
}

type script struct {
	t     *testing.T
	now   time.Time
	epoch uint16
	local Local
	over  Transport // the transport of the peer's requests
	d     *Dialog
	last  map[sip.RequestMethod]*sip.Request // our last request of each method

	lastOver Transport               // the transport of the last of all
	invites  map[uint32]*sip.Request // ours by CSeq
	out      strings.Builder
}

func (s *script) run(words []string, input string) string {
	s.out.Reset()
	option := func(name, otherwise string) string {
		for _, w := range words[1:] {
			if v, ok := strings.CutPrefix(w, name+"="); ok {
				return strings.Trim(v, `"`)
			}
		}
		return otherwise
	}
	rest := strings.Join(words[1:], " ")
	var sdp []byte
	if strings.Contains(" "+rest+" ", " sdp ") {
		sdp = []byte("v=0\r\n")
	} else if status := option("frag", ""); status != "" {
		sdp = []byte("SIP/2.0 " + status + " Whatever\r\n")
	}
	switch words[0] {
	case "caller", "callee":
		s.local.Transports = nil
		if slices.Contains(words, "tcp") {
			s.local.Transports = []Transport{TCP}
		}
		expires, _ := strconv.Atoi(option("session", "0"))
		s.local.SessionExpires = time.Duration(expires) * time.Second
		s.local.Transport, s.over = transport(s.t, option("default", "udp")), transport(s.t, option("over", "udp"))
	}
	switch words[0] {
	case "caller":
		s.epoch = 1
		s.local.Proxy, _ = netip.ParseAddrPort(option("proxy", ""))
		call := Call{To: uri(s.t, option("to", "sip:bob@192.0.2.2")), From: uri(s.t, "sip:ana@holdfast.test"), Name: `Ana "A"`}
		s.d, s.last = NewCaller(s.local, Identity{CallID: "call", Tag: "us", Seed: "seed"}, s.epoch, call), map[sip.RequestMethod]*sip.Request{}
	case "callee":
		s.epoch = 1
		s.d, s.last = &Dialog{}, map[sip.RequestMethod]*sip.Request{}
		s.take(NewCallee(s.local, Identity{CallID: "", Tag: "us", Seed: "seed"}, s.epoch, s.now, s.request("INVITE", option, sdp, input)))
	case "invite":
		offer := "v=0\r\n"
		if rest == "long" {
			offer += "s=" + strings.Repeat("x", longest) + "\r\n"
		}
		s.take(s.d.Invite(s.now, []byte(offer)))
	case "ring":
		s.take(s.d.Ring(s.now))
	case "progress":
		s.take(s.d.Progress(s.now, []byte("v=0\r\n")))
	case "accept":
		s.take(s.d.Accept(s.now, []byte("v=0\r\n"), strings.Contains(rest, "unchanged")))
	case "reject":
		status, _ := strconv.Atoi(words[1])
		s.take(s.d.Reject(s.now, status, strings.Join(words[2:], " ")))
	case "ask":
		s.take(s.d.Ask(s.now))
	case "introduce":
		s.take(s.d.Introduce(s.now, strings.Join(words[2:], " "), uri(s.t, words[1])))
	case "press":
		s.take(s.d.Press(s.now, rest))
	case "hangup":
		s.take(s.d.HangUp(s.now, rest))
	case "unreachable":
		s.take(s.d.Unreachable(s.now, peers))
	case "response":
		s.take(s.d.Receive(s.now, s.response(words[1], option, sdp, input)))
	case "request":
		s.take(s.d.Receive(s.now, s.request(words[1], option, sdp, input)))
	case "wait":
		s.wait(words[1])
	case "restart":
		s.restart()
	default:
		s.transfer(words)
	}
	s.state()
	return s.out.String()
}

func (s *script) restart() {
	s.epoch++
	d, err := Restore(s.local, s.epoch, s.d.Memory())
	if err != nil {
		s.t.Fatal(err)
	}
	s.take(d.Resume(s.now))
}

func (s *script) wait(text string) {
	d, err := time.ParseDuration(text)
	if err != nil {
		s.t.Fatal(err)
	}
	until := s.now.Add(d)
	for next := s.d.Deadline(); !next.IsZero() && !next.After(until); next = s.d.Deadline() {
		s.now = next
		fmt.Fprintf(&s.out, "%s:\n", s.now.Format("04:05.000"))
		s.take(s.d.Tick(s.now))
	}
	s.now = until
}

// take checks what holds of every step, and writes it down.
func (s *script) take(step Step) {
	checkStep(s.t, s.local, s.epoch, step)
	s.d = step.Dialog
	for _, ev := range step.Events {
		fmt.Fprintf(&s.out, "%s\n", eventText(ev))
	}
	for _, m := range step.Out {
		switch msg := m.SIP.(type) {
		case *sip.Request:
			s.last[msg.Method], s.lastOver = msg, m.Transport
			if msg.Method == sip.INVITE {
				s.invites[msg.CSeq().SeqNo] = msg
			}
			fmt.Fprintf(&s.out, "-> %s: %s %s", m.Kind, msg.Method, msg.Recipient.String())
			for _, h := range msg.GetHeaders("Route") {
				fmt.Fprintf(&s.out, " via %s", h.Value())
			}
			if tag := tagOf(msg.To().Params); tag != "" {
				fmt.Fprintf(&s.out, " tag=%s", tag)
			}
			fmt.Fprintf(&s.out, " cseq=%d", msg.CSeq().SeqNo)
			for _, answer := range answersIn(s.t, msg) {
				fmt.Fprintf(&s.out, " %s", answer)
			}
			if asserted := headerValue(msg, "P-Asserted-Identity"); asserted != "" {
				fmt.Fprintf(&s.out, " asserted: %s from: %s", asserted, msg.From().Value())
			}
			s.out.WriteString(transferText(msg))
		case *sip.Response:
			fmt.Fprintf(&s.out, "-> %s: %d %s (%s)", m.Kind, msg.StatusCode, msg.Reason, msg.CSeq().Value())
			for _, name := range []string{"Retry-After", "Unsupported", "Allow", "Accept", "Warning"} {
				if h := msg.GetHeader(name); h != nil && msg.StatusCode != 200 {
					fmt.Fprintf(&s.out, " %s: %s", name, h.Value())
				}
			}
		}
		for _, name := range []string{"Require", "Session-Expires", "Min-SE"} {
			if value := headerValue(m.SIP, name); value != "" {
				fmt.Fprintf(&s.out, " %s: %s", name, value)
			}
		}
		if m.To != peers {
			fmt.Fprintf(&s.out, " to %s", m.To)
		}
		if m.Transport == TCP {
			s.out.WriteString(" over tcp")
		}
		if h := m.SIP.GetHeaders("Reason"); len(h) > 0 {
			fmt.Fprintf(&s.out, " Reason: %s", h[0].Value())
		}
		s.out.WriteByte('\n')
	}
}

func (s *script) state() {
	fmt.Fprintf(&s.out, "= %s", s.d.stage)
	if s.d.Gone() {
		s.out.WriteString(", gone")
	}
	if next := s.d.Deadline(); !next.IsZero() {
		fmt.Fprintf(&s.out, ", tick in %s", next.Sub(s.now).Round(time.Millisecond))
	}
	s.out.WriteByte('\n')
}

// response writes the peer's response to our last request of a method.
func (s *script) response(status string, option func(string, string) string, sdp []byte, headers string) Received {
	method := sip.RequestMethod(option("to", "INVITE"))
	req := s.last[method]
	if n, err := strconv.Atoi(option("cseq", "")); err == nil {
		req = s.invites[uint32(n)]
	}
	if req == nil {
		s.t.Fatalf("we have sent no %s", method)
	}
	to := req.To().Value()
	if tag := option("tag", "b"); tag != "" && tagOf(req.To().Params) == "" {
		to += ";tag=" + tag
	} else if tag != "b" {
		to = strings.Replace(to, "tag=b", "tag="+tag, 1)
	}
	lines := []string{
		fmt.Sprintf("SIP/2.0 %s Whatever", status), "Via: " + req.Via().Value(), "From: " + req.From().Value(), "To: " + to,
		"Call-ID: call", "CSeq: " + req.CSeq().Value(), "Contact: <" + option("contact", "sip:bob@192.0.2.2:5060") + ">",
	}
	return s.received(s.lastOver, lines, sdp, headers)
}

// request writes a request of the peer's.
func (s *script) request(method string, option func(string, string) string, sdp []byte, headers string) Received {
	cseq, tag := option("cseq", "1"), option("totag", "us")
	if len(s.last) == 0 && s.d.stage == "" {
		tag = option("totag", "")
	}
	to := "<sip:ana@holdfast.test>"
	if tag != "" {
		to += ";tag=" + tag
	}
	lines := []string{
		method + " sip:192.0.2.1:5060 SIP/2.0", "Via: SIP/2.0/" + strings.ToUpper(s.over.String()) + " 192.0.2.2:5060;branch=" + option("branch", "z9hG4bK"+strings.Replace(strings.Replace(method, "ACK", "INVITE", 1), "CANCEL", "INVITE", 1)+cseq),
		"From: <sip:bob@192.0.2.2>;tag=" + option("fromtag", "b"), "To: " + to, "Call-ID: call",
		"CSeq: " + cseq + " " + method, "Contact: <" + option("contact", "sip:bob@192.0.2.2:5060") + ">",
	}
	return s.received(s.over, lines, sdp, headers)
}

func (s *script) received(over Transport, lines []string, sdp []byte, headers string) Received {
	if headers != "" {
		lines = append(lines, strings.Split(strings.TrimSpace(headers), "\n")...)
	}
	if sdp != nil && !strings.Contains(headers, "Content-Type") {
		lines = append(lines, "Content-Type: application/sdp")
	}
	lines = append(lines, fmt.Sprintf("Content-Length: %d", len(sdp)), "", string(sdp))
	msg, err := Parse([]byte(strings.Join(lines, "\r\n")))
	if err != nil {
		s.t.Fatalf("the script's own message: %v\n%s", err, strings.Join(lines, "\n"))
	}
	r := Received{SIP: msg, From: peers, Transport: over}
	if err := Check(r); err != nil {
		s.t.Fatalf("the script's own message: %v", err)
	}
	return r
}

func uri(t testing.TB, text string) sip.Uri {
	t.Helper()
	var u sip.Uri
	if err := sip.ParseUri(text, &u); err != nil {
		t.Fatal(err)
	}
	return u
}

func eventText(ev Event) string {
	return strings.TrimPrefix(strings.Map(func(r rune) rune {
		if r == '\r' || r == '\n' {
			return -1
		}
		return r
	}, textOf(ev)), "sipua.")
}

func textOf(ev Event) string {
	sdp := func(body []byte) string {
		if body == nil {
			return ""
		}
		return " with sdp"
	}
	initial := func(is bool) string {
		if is {
			return " initial"
		}
		return ""
	}
	switch ev := ev.(type) {
	case Invited:
		return "offered" + initial(ev.Initial) + sdp(ev.SDP)
	case Progressed:
		return fmt.Sprintf("progressed %d%s", ev.Status, sdp(ev.SDP))
	case Accepted:
		return "accepted" + initial(ev.Initial) + sdp(ev.SDP)
	case Rejected:
		return fmt.Sprintf("rejected%s %d: %s", initial(ev.Initial), ev.Status, ev.Text)
	case Confirmed:
		return "confirmed" + sdp(ev.SDP)
	case Cancelled:
		return "cancelled"
	case Ended:
		if ev.Lost {
			return "lost: " + ev.Text
		}
		return "ended: " + ev.Text
	case RefreshDue:
		return "refresh due"
	case Info:
		return fmt.Sprintf("info %s %q", ev.ContentType, ev.Body)
	}
	return transferEventText(ev)
}

// checkStep checks what must hold of every step of any dialog.
func checkStep(t testing.TB, local Local, epoch uint16, step Step) {
	t.Helper()
	for _, m := range step.Out {
		checkTransport(t, m)
		if _, listed := Kinds[m.Kind]; !listed {
			t.Errorf("the kind %q has no class", m.Kind)
		}
		msg, err := sip.ParseMessage([]byte(m.SIP.String()))
		if err != nil {
			t.Fatalf("what we send is no SIP: %v\n%s", err, m.SIP)
		}
		if err := Check(Received{SIP: msg}); err != nil && len(msg.GetHeaders("Via")) < 2 {
			t.Errorf("what we send is wrong: %v\n%s", err, m.SIP)
		}
	}
	text := step.Dialog.Memory()
	if bytes.Contains(text, []byte(ourCredentials[0].Password)) || bytes.Contains(text, []byte("response=")) {
		t.Errorf("a memory has what must not be written down:\n%s", text)
	}
	restored, err := Restore(local, epoch, text)
	if err != nil {
		t.Fatalf("a memory that cannot be restored: %v\n%s", err, text)
	}
	if got := restored.Memory(); !bytes.Equal(got, text) {
		t.Errorf("memory after restoring:\n%s\nwant:\n%s", got, text)
	}
	if step.Dialog.Gone() && !step.Dialog.Deadline().IsZero() {
		t.Errorf("a dialog that is gone wants a tick")
	}
}

func transport(t testing.TB, name string) Transport {
	t.Helper()
	named, err := ParseTransport(name)
	if err != nil {
		t.Fatal(err)
	}
	return named
}

// checkTransport checks that a message says how it travels.
func checkTransport(t testing.TB, m Message) {
	t.Helper()
	text := []byte(m.SIP.String())
	if end, _, err := SplitMessage(text, false); end != len(text) || err != nil {
		t.Errorf("the end of what we send cannot be told over TCP: %d of %d bytes, %v\n%s", end, len(text), err, text)
	}
	req, ok := m.SIP.(*sip.Request)
	if ok && !strings.EqualFold(req.Via().Transport, m.Transport.String()) {
		t.Errorf("%s goes over %s, but its Via says %s", m.Kind, m.Transport, req.Via().Value())
	}
	contact := contactOf(m.SIP)
	if contact != "" && len(text) <= longest && strings.Contains(contact, ";transport=tcp") != (m.Transport == TCP) {
		t.Errorf("%s goes over %s, but its Contact is %s", m.Kind, m.Transport, contact)
	}
}
