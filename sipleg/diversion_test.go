package sipleg

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"

	"holdfast/call"
	"holdfast/sipua"
)

// headersOf are the values of a header in a message.
func headersOf(msg, header string) (all []string) {
	for line := range strings.SplitSeq(msg, "\r\n") {
		if value, ok := strings.CutPrefix(line, header+": "); ok {
			all = append(all, value)
		}
	}
	return all
}

// diverting calls a party for a customer whose INVITE has more header lines, and returns
// the Diversion and History-Info that the party gets.
func diverting(t *testing.T, more string, d call.Dial, restart bool) (diversion, history []string) {
	t.Helper()
	r, w := newRig(t), &wire{}
	r.lines.sender = w
	r.lines.Receive(fromWire(invitation(more+"Content-Length: 0\r\n", "")))
	id := anchorOf(r.leg).contact
	if restart {
		r.restart()
		r.lines.sender = w
	}
	leg, err := r.lines.Dial(id, 1, d)
	if err != nil {
		t.Fatal(err)
	}
	w.sent, r.leg = nil, leg
	r.plans(d)
	invite := w.sent[0].SIP.String()
	return headersOf(invite, "Diversion"), headersOf(invite, "History-Info")
}

var (
	toAgent  = call.Dial{Connection: 3, Party: call.Agent, To: call.Endpoint{Kind: call.AgentEndpoint, Address: "sip:ana@198.51.100.20:5070"}}
	toTarget = call.Dial{Connection: 3, Party: call.Target, To: call.Endpoint{Kind: call.AgentEndpoint, Address: "sip:ana@198.51.100.20:5070"}}
	toNumber = call.Dial{Connection: 3, Party: call.Target, To: call.Endpoint{Kind: call.PhoneNumber, Address: "+4940"}}
)

func TestDiversionsAreCarried(t *testing.T) {
	const (
		ours  = "<sip:hotline@192.0.2.1:5060>;reason=unconditional;counter=1"
		first = `"A, B" <sip:+4930,1@x>;reason=no-answer`
		last  = "<tel:+49302>;reason=user-busy;counter=2"
	)
	for name, test := range map[string]struct {
		headers            string
		dial               call.Dial
		diversion, history []string
	}{
		"an agent gets what has arrived":    {"Diversion: " + last + ", " + first + "\r\n", toAgent, []string{last, first}, nil},
		"and nothing if nothing has":        {"", toAgent, nil, nil},
		"a target gets an entry of ours":    {"Diversion: " + last + "\r\nDiversion: " + first + "\r\n", toTarget, []string{ours, last, first}, nil},
		"also if nothing has arrived":       {"", toTarget, []string{ours}, nil},
		"one outside that is trusted, too":  {"", toNumber, []string{ours}, nil},
		"what is private is not carried":    {"Diversion: " + last + ";privacy=full\r\nDiversion: " + first + ";privacy=off\r\n", toAgent, []string{first + ";privacy=off"}, nil},
		"nor anything if the caller wishes": {"Privacy: history\r\nDiversion: " + last + "\r\nHistory-Info: <sip:a@x>;index=1\r\n", toAgent, nil, nil},
		"what cannot be read is not":        {"Diversion: nonsense <, " + first + "\r\n", toAgent, nil, nil},
		"history": {
			"History-Info: <sip:a@x>;index=1, <sip:help@y?Privacy=history>;index=1.1\r\nHistory-Info: <sip:b@x;cause=486?Reason=SIP%3Bcause%3D486>;index=1.2;mp=1\r\n",
			toTarget, []string{ours},
			[]string{"<sip:a@x>;index=1", "<sip:b@x;cause=486?Reason=SIP%3Bcause%3D486>;index=1.2;mp=1", "<sip:ana@198.51.100.20:5070;cause=302>;index=1.2.1;mp=1.2"},
		},
	} {
		for _, restart := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, restart %t", name, restart), func(t *testing.T) {
				diversion, history := diverting(t, test.headers, test.dial, restart)
				if !slices.Equal(diversion, test.diversion) {
					t.Errorf("Diversion is %q, want %q", diversion, test.diversion)
				}
				if !slices.Equal(history, test.history) {
					t.Errorf("History-Info is %q, want %q", history, test.history)
				}
			})
		}
	}
}

// Where a call has been is for agents' phones and a trunk that may know who calls.
func TestDiversionsAreNotForStrangers(t *testing.T) {
	r := newRig(t)
	by := invited{Called: "help", Diversions: []string{"<sip:a@x>"}, History: []string{"<sip:a@x>;index=1"}}
	d := toTarget
	d.To = call.Endpoint{Kind: call.URI, Address: "sip:x@198.51.100.9"}
	if got := r.lines.diverted(by, sip.Uri{}, d); got != nil {
		t.Errorf("a sip: address gets %v", got)
	}
}

// A trunk that may know where a call has been does not get the name of an agent that the
// customer has called.
func TestDiversionsNameNoAgent(t *testing.T) {
	r := newRig(t)
	for called, want := range map[string]int{"ben": 0, "+4930": 1} {
		if got := r.lines.diverted(invited{Called: called}, sip.Uri{}, toNumber); len(got) != want {
			t.Errorf("a number called for a customer who dialled %s gets %v", called, got)
		}
		if got := r.lines.diverted(invited{Called: called}, sip.Uri{}, toTarget); len(got) != 1 {
			t.Errorf("an agent called for a customer who dialled %s gets %v", called, got)
		}
	}
}

// Of too many entries the first and the last are carried.
func TestDiversionsAreLimited(t *testing.T) {
	var many, long []string
	for i := range 12 {
		many = append(many, fmt.Sprint("<sip:", i, "@x>"))
		long = append(long, fmt.Sprint("<sip:", i, strings.Repeat("x", 400), "@x>"))
	}
	got := limited(slices.Clone(many))
	if want := append([]string{many[0]}, many[3:]...); !slices.Equal(got, want) {
		t.Errorf("of many there are %q", got)
	}
	got = limited(slices.Clone(long))
	if want := append([]string{long[0]}, long[8:]...); !slices.Equal(got, want) {
		t.Errorf("of long ones there are %d", len(got))
	}
	if _, ok := readPassage("<sip:" + strings.Repeat("x", maxDiversionText) + "@x>"); ok {
		t.Error("an entry longer than all may be together is carried")
	}
}

// A packet full of entries takes no longer to read than its length makes it.
func TestDiversionsAreReadAtOnce(t *testing.T) {
	few := slices.Repeat([]string{"<sip:a@b>"}, 1000)
	many := slices.Repeat(few, 16)
	took := func(texts []string) time.Duration {
		least := time.Hour
		for range 5 {
			texts := slices.Clone(texts)
			begun := time.Now()
			limited(texts)
			least = min(least, time.Since(begun))
		}
		return least
	}
	if short, long := took(few), took(many); long > 100*max(short, 10*time.Microsecond) {
		t.Errorf("1000 entries take %s, and 16 times as many %s", short, long)
	}
}

// A call that was diverted five times from the number that it calls is refused.
func TestDiversionLoop(t *testing.T) {
	ours := "Diversion: <sip:hotline@carrier>;reason=unconditional"
	for headers, want := range map[string]bool{
		"":                                false,
		strings.Repeat(ours+"\r\n", 4):    false,
		strings.Repeat(ours+"\r\n", 5):    true,
		ours + ";counter=5\r\n":           true,
		ours + ";counter=99999999999\r\n": true,
		strings.Repeat("Diversion: <sip:a@x>\r\n", 9):          false,
		strings.Repeat("History-Info: <sip:hotline@x>\r\n", 5): false,
		strings.Repeat("History-Info: <sip:hotline@x>\r\n", 6): true,
	} {
		r, w := newRig(t), &wire{}
		r.lines.sender = w
		r.lines.Receive(fromWire(invitation(headers+"Content-Length: 0\r\n", "")))
		refused := len(w.sent) == 1 && w.sent[0].SIP.(*sip.Response).StatusCode == 482
		if refused != want {
			t.Errorf("%q is refused: %t, want %t", headers, refused, want)
		}
	}
}

func FuzzPassages(f *testing.F) {
	f.Add(`"A, \"B" <sip:a@x;p?Privacy=id>;reason=x;counter=3;privacy="full", <tel:+4930>, sip:b@y`)
	f.Fuzz(func(t *testing.T, value string) {
		r := sip.NewRequest(sip.INVITE, sip.Uri{Scheme: "sip", Host: "x"})
		r.AppendHeader(sip.NewHeader("Diversion", value))
		for _, text := range carried(diversions(r)) {
			again, ok := readPassage(text)
			if !ok || again.private || len(text) > maxDiversionText || strings.ContainsAny(text, "\r\n") {
				t.Errorf("%q is carried as %q", value, text)
			}
			msg := sip.NewRequest(sip.INVITE, sip.Uri{Scheme: "sip", Host: "x"})
			msg.AppendHeader(sip.NewHeader("Diversion", text))
			if _, err := sipua.Parse([]byte(msg.String())); err != nil && strings.Count(msg.String(), "\r\n") > 3 {
				t.Errorf("%q breaks the message", text)
			}
		}
	})
}
