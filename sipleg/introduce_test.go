package sipleg

import (
	"slices"
	"strings"
	"testing"

	"holdfast/call"
	"holdfast/sipua"
)

// A tap keeps which identities our messages show on their way to the far end.
type tap struct {
	*rig
	shown []string
}

func (s *tap) Send(m sipua.Message) error {
	text := m.SIP.String()
	for _, value := range headersOf(text, "P-Asserted-Identity") {
		method, _, _ := strings.Cut(text, " ")
		s.shown = append(s.shown, method+" "+value)
	}
	return s.rig.Send(m)
}

// connected is the line of a party who has answered a call for a customer whose INVITE has
// more header lines.
func connected(t *testing.T, more string, to call.Endpoint, noUpdate bool) *tap {
	t.Helper()
	r := newRig(t)
	r.lost = true // the customer's side hears nothing here
	r.lines.Receive(fromWire(invitation(more+"Content-Length: 0\r\n", "")))
	id := anchorOf(r.leg).contact
	r.lost, r.noUpdate = false, noUpdate
	d := call.Dial{Connection: 3, Party: call.Target, To: to, From: call.Endpoint{Kind: call.PhoneNumber, Address: "+4989100"}}
	leg, err := r.lines.Dial(id, 1, d)
	if err != nil {
		t.Fatal(err)
	}
	r.leg = leg
	r.plans(d)
	r.farDoes(r.far.Accept(r.now, []byte(r.farSDP), false))
	s := &tap{rig: r}
	r.lines.sender = s
	return s
}

var (
	phoneOfAna = call.Endpoint{Kind: call.AgentEndpoint, Address: "sip:ana@198.51.100.7"}
	theCaller  = call.Endpoint{Kind: call.URI, Address: "sip:+493012345@198.51.100.7"} // as the INVITE has them
	aNumber    = call.Endpoint{Kind: call.PhoneNumber, Address: "+493012345"}
	ben        = call.Endpoint{Kind: call.AgentEndpoint, Address: "Ben B"}
)

// Agents' phones show who they are connected to, and a carrier that may know gets numbers.
// Nobody else is shown anything.
func TestIntroductions(t *testing.T) {
	const (
		number    = "<sip:+493012345@192.0.2.1:5060>"
		anonymous = `"Anonymous" <sip:anonymous@anonymous.invalid>`
	)
	for name, test := range map[string]struct {
		headers  string
		to, who  call.Endpoint
		noUpdate bool
		want     []string
	}{
		"a phone is shown the customer":     {"", phoneOfAna, theCaller, false, []string{"UPDATE " + number}},
		"by re-INVITE if it takes no other": {"", phoneOfAna, theCaller, true, []string{"INVITE " + number}},
		"an agent by name":                  {"", phoneOfAna, ben, false, []string{`UPDATE "Ben B" <sip:Ben%20B@192.0.2.1:5060>`}},
		"a caller who hides as anonymous":   {"Privacy: id\r\n", phoneOfAna, theCaller, false, []string{"UPDATE " + anonymous}},
		"others of that call as they are":   {"Privacy: id\r\n", phoneOfAna, ben, false, []string{`UPDATE "Ben B" <sip:Ben%20B@192.0.2.1:5060>`}},
		"a queue is nobody":                 {"", phoneOfAna, call.Endpoint{Kind: call.QueueEndpoint, Address: "sales"}, false, nil},
		"who it was called by is no news":   {"", phoneOfAna, call.Endpoint{Kind: call.PhoneNumber, Address: "+4989100"}, false, nil},
		"a carrier is shown a number":       {"", call.Endpoint{Kind: call.PhoneNumber, Address: "+4940"}, aNumber, false, []string{"UPDATE " + number}},
		"and no name of an agent":           {"", call.Endpoint{Kind: call.PhoneNumber, Address: "+4940"}, ben, false, nil},
		"and no address":                    {"", call.Endpoint{Kind: call.PhoneNumber, Address: "+4940"}, theCaller, false, nil},
		"and nothing of a caller who hides": {"Privacy: id\r\n", call.Endpoint{Kind: call.PhoneNumber, Address: "+4940"}, theCaller, false, nil},
		"a stranger is shown nothing":       {"", call.Endpoint{Kind: call.URI, Address: "sip:x@198.51.100.7"}, theCaller, false, nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := connected(t, test.headers, test.to, test.noUpdate)
			for range 2 {
				s.plans(call.Introduce{Connection: 3, Party: test.who})
			}
			if !slices.Equal(s.shown, test.want) {
				t.Errorf("shown is %q, want %q", s.shown, test.want)
			}
		})
	}
}

// A customer whose carrier may know sees the number of a target, and the number they have
// dialled when they are back with an agent.
func TestCarrierShowsTheDialledNumber(t *testing.T) {
	for dialled, want := range map[string][]string{
		"+4989100": {"UPDATE <sip:+4930555@192.0.2.1:5060>", "UPDATE <sip:+4989100@192.0.2.1:5060>"},
		"hotline":  {"UPDATE <sip:+4930555@192.0.2.1:5060>"},
	} {
		r := newRig(t)
		r.calls()
		r.plans(call.Answer{Connection: 1})
		s, a := &tap{rig: r}, anchorOf(r.leg)
		r.lines.sender, a.audience, a.caller.Called = s, carrier, dialled
		number := call.Endpoint{Kind: call.PhoneNumber, Address: "+4930555"}
		for _, who := range []call.Endpoint{number, ben} {
			s.plans(call.Introduce{Connection: 1, Party: who})
		}
		if !slices.Equal(s.shown, want) {
			t.Errorf("to a customer who dialled %s, shown is %q, want %q", dialled, s.shown, want)
		}
	}
}

// After a restart a party is shown the same in the re-INVITE, and not once more; somebody
// else is news.
func TestIntroductionsSurviveARestart(t *testing.T) {
	s := connected(t, "", phoneOfAna, false)
	s.plans(call.Introduce{Connection: 3, Party: theCaller})
	s.shown = nil
	s.rig.restart()
	s.rig.lines.sender = s
	s.plans(call.Introduce{Connection: 3, Party: theCaller})
	s.plans(call.Introduce{Connection: 3, Party: ben})
	want := []string{`UPDATE "Ben B" <sip:Ben%20B@192.0.2.1:5060>`}
	if !slices.Equal(s.shown, want) {
		t.Errorf("shown is %q, want %q", s.shown, want)
	}
}

// A line that has ended, or is not up, shows nobody.
func TestIntroductionsOfOtherLines(t *testing.T) {
	s := connected(t, "", phoneOfAna, false)
	s.plans(call.Drop{Connection: 3})
	s.plans(call.Introduce{Connection: 3, Party: theCaller})
	r := newRig(t)
	ringing := &tap{rig: r}
	r.lines.sender = ringing
	r.dials()
	r.plans(call.Introduce{Connection: 2, Party: theCaller})
	if len(s.shown)+len(ringing.shown) != 0 {
		t.Errorf("shown are %q and %q", s.shown, ringing.shown)
	}
}

// A caller who hides stays hidden when their line goes to another contact, where they are
// the target of an attended transfer.
func TestCallersHideInOtherContacts(t *testing.T) {
	for _, headers := range []string{"", "Privacy: id\r\n"} {
		s := connected(t, "", phoneOfAna, false)
		second := strings.NewReplacer("Call-ID: u", "Call-ID: v", "+493012345@", "+4940999@").Replace(invitation(headers+"Content-Length: 0\r\n", ""))
		anas := s.leg
		s.lost = true
		s.lines.Receive(fromWire(second))
		given := s.leg
		written := memoryOf(string(given.Memory()))
		given.Close()
		taken, err := s.lines.Restore(anchorOf(anas).contact, 4, 1, written)
		if err != nil {
			t.Fatal(err)
		}
		s.lost, s.leg = false, anas
		s.plans(call.Introduce{Connection: 3, Party: call.Endpoint{Kind: call.URI, Address: "sip:+4940999@198.51.100.7"}})
		want := []string{"UPDATE <sip:+4940999@192.0.2.1:5060>"}
		if headers != "" {
			want = []string{`UPDATE "Anonymous" <sip:anonymous@anonymous.invalid>`}
		}
		if !slices.Equal(s.shown, want) {
			t.Errorf("for %q, shown is %q, want %q (%s)", headers, s.shown, want, anchorOf(taken).name)
		}
	}
}
