package sipleg

import (
	"bytes"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"holdfast/call"
	"holdfast/media"
	"holdfast/notation"
	"holdfast/sipua"
)

// TestLeg plays the stories of legs: what a phone and a desk do, and what comes
// of it on the wire (-> from us, <- to us), as facts (=) and as audio.
func TestLeg(t *testing.T) {
	datadriven.Walk(t, "testdata/leg", func(t *testing.T, path string) {
		var r *rig
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			if r == nil || d.HasArg("new") {
				r = newRig(t)
			}
			r.t, r.told = t, nil
			if err := r.do(d.Cmd, args(d)); err != nil {
				d.Fatalf(t, "%v", err)
			}
			checkMemory(t, r)
			if len(r.told) == 0 {
				return "nothing\n"
			}
			return strings.Join(r.told, "\n") + "\n"
		})
	})
}

func args(d *datadriven.TestData) []string {
	var words []string
	for _, a := range d.CmdArgs {
		if a.Key != "new" {
			words = append(words, a.String())
		}
	}
	return words
}

// do is one line of a story.
func (r *rig) do(who string, words []string) error {
	what := strings.Join(words, " ")
	switch who {
	case "customer", "cardiology":
		return r.farMakes(what)
	case "desk":
		return r.deskMakes(what)
	case "later":
		d, err := time.ParseDuration(what)
		r.later(d)
		return err
	case "network":
		switch what {
		case "unreachable":
			r.lines.Unreachable(farAddress)
		case "down", "up":
			r.lost = what == "down"
		case "silent":
			r.ports.open[0].silent()
		case "latched":
			r.ports.open[0].latched(netip.MustParseAddrPort("203.0.113.5:7000"))
		default:
			return fmt.Errorf("the network cannot %q", what)
		}
		return nil
	case "restart":
		if what == "port-taken" {
			number := r.ports.open[0].number
			defer delete(r.ports.taken, number)
			r.leg.Close()
			r.ports.taken[number] = true
		}
		r.restart()
		return nil
	}
	return fmt.Errorf("nobody is called %q", who)
}

func (r *rig) deskMakes(what string) error {
	id := call.ConnectionID(2)
	if r.leg != nil {
		id = anchorOf(r.leg).connection
	}
	switch what {
	case "dial":
		if r.leg == nil {
			r.dials()
		} else {
			r.plans(call.Dial{Connection: id})
		}
	case "ring":
		r.plans(call.Ring{Connection: id})
	case "answer":
		r.plans(call.Answer{Connection: id})
	case "tell":
		r.plans(call.Notify{Connection: id, Text: "hello"})
	case "closes":
		r.tell("gone %t", r.leg.Gone())
		r.leg.Close()
	default:
		verb, reason, _ := strings.Cut(what, " ")
		switch verb {
		case "drop":
			r.plans(call.Drop{Connection: id, Reason: call.Reason(reason)})
		case "refuse":
			r.plans(call.Refuse{Connection: id, Reason: call.Reason(reason)})
		case "presses":
			r.plans(call.Digits{Connection: id, Digits: reason})
		default:
			return r.deskTransfers(id, what)
		}
	}
	return nil
}

func (r *rig) farMakes(what string) error {
	switch what {
	case "calls":
		r.calls()
	case "calls without-offer":
		r.offerless, r.farAnswer = true, r.farSDP
		r.calls()
	case "calls without-offer or-answer":
		r.offerless = true
		r.calls()
	case "rings":
		r.farDoes(r.far.Ring(r.now))
	case "sends early audio":
		r.farDoes(r.far.Progress(r.now, []byte(r.farSDP)))
	case "answers":
		r.farDoes(r.far.Accept(r.now, []byte(r.farSDP), false))
	case "answers in-g729":
		r.farDoes(r.far.Accept(r.now, []byte(strings.ReplaceAll(r.farSDP, "AVP 8", "AVP 18")), false))
	case "answers with-nothing":
		r.farDoes(r.far.Accept(r.now, nil, false))
	case "hangs-up":
		r.farDoes(r.far.HangUp(r.now, ""))
	case "holds", "resumes":
		r.farSDP = speak(map[string]string{"holds": "sendonly", "resumes": "sendrecv"}[what])
		r.farDoes(r.far.Invite(r.now, []byte(r.farSDP)))
	case "expires-sessions":
		r.session = 30 * time.Minute
		r.boot()
	case "forgets":
		r.forgot = true
	case "refuses-update":
		r.noUpdate = true
	case "refreshes":
		r.farDoes(r.far.Invite(r.now, []byte(r.farSDP)))
	case "reinvites in-g729":
		r.farDoes(r.far.Invite(r.now, []byte(strings.ReplaceAll(r.farSDP, "AVP 8", "AVP 18"))))
	case "reinvites without-offer":
		r.offerless, r.farAnswer = true, r.farSDP
		r.farDoes(r.far.Invite(r.now, []byte(r.farSDP)))
	case "moves without-events":
		r.farSDP = strings.ReplaceAll(strings.ReplaceAll(r.farSDP, "6000", "6004"), "AVP 8 101", "AVP 8")
		r.farDoes(r.far.Invite(r.now, []byte(r.farSDP)))
	case "presses 5 in-audio":
		r.ports.open[0].pressed('5')
	case "presses 5 in-info":
		r.farDoes(r.far.Press(r.now, "5"))
	case "has-heard the-prompt":
		r.ports.open[0].played()
	case "moves":
		r.farSDP = strings.ReplaceAll(r.farSDP, "6000", "6002")
		r.farDoes(r.far.Invite(r.now, []byte(r.farSDP)))
	default:
		var status int
		var reason string
		if to, refers := strings.CutPrefix(what, "refers "); refers {
			return r.farRefers(to)
		}
		if _, err := fmt.Sscanf(what, "rejects %d %s", &status, &reason); err != nil {
			return fmt.Errorf("a phone cannot %q", what)
		}
		r.farDoes(r.far.Reject(r.now, status, strings.ReplaceAll(reason, "-", " ")))
	}
	return nil
}

// checkMemory checks that what is written down can be read, and is written the
// same by who has read it.
func checkMemory(t testing.TB, r *rig) {
	if r.leg == nil {
		return
	}
	written := r.leg.Memory()
	if again := r.leg.Memory(); !bytes.Equal(written, again) {
		t.Errorf("two memories of one leg:\n%s\n%s", written, again)
	}
	m, err := readMemory(written)
	if err != nil {
		t.Fatalf("%v: %s", err, written)
	}
	dialog, err := sipua.Restore(r.lines.local, r.epoch+1, m.Dialog)
	if err != nil {
		t.Fatalf("%v: %s", err, m.Dialog)
	}
	l := r.leg.(leg)
	read := leg{anchor: l.anchor, dialog: dialog, session: m.Session, latched: m.Latched, answered: m.Answered, ended: m.Ended, referrals: m.Referred, refusedAt: m.Refused}
	l.dialog, l.way = dialog, ""
	if len(l.referrals) == 0 {
		l.referrals = nil
	}
	if !reflect.DeepEqual(read, l) {
		t.Errorf("read back:\n%+v\nnot:\n%+v", read, l)
	}
}

// TestCut plays every story again, with the process cut off and begun anew after
// one of its lines, for each of its lines: the facts afterwards are the same.
func TestCut(t *testing.T) {
	stories, err := filepath.Glob("testdata/leg/*.txt")
	if err != nil || len(stories) == 0 {
		t.Fatal("no stories", err)
	}
	cuts := 0
	for _, path := range stories {
		for _, story := range storiesIn(t, path) {
			whole := playCut(t, story, -1)
			for k := range story {
				if strings.HasPrefix(story[k].who, "restart") {
					continue
				}
				cuts++
				if cut := playCut(t, story, k); !slices.Equal(cut, whole) {
					t.Errorf("%s: %v\ncut after line %d (%s %s): facts\n%s\nnot\n%s", path, story, k+1,
						story[k].who, strings.Join(story[k].words, " "), strings.Join(cut, "\n"), strings.Join(whole, "\n"))
				}
			}
		}
	}
	if cuts < 50 {
		t.Errorf("only %d cuts", cuts)
	}
}

type deed struct {
	who   string
	words []string
}

// storiesIn are the lines of a file, in the stories that begin with "new".
func storiesIn(t *testing.T, path string) [][]deed {
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var all [][]deed
	datadriven.RunTestFromString(t, string(text), func(_ *testing.T, d *datadriven.TestData) string {
		if d.HasArg("new") {
			all = append(all, nil)
		}
		all[len(all)-1] = append(all[len(all)-1], deed{d.Cmd, args(d)})
		return d.Expected
	})
	return all
}

func playCut(t *testing.T, story []deed, cut int) []string {
	r := newRig(t)
	for k, line := range story {
		if err := r.do(line.who, line.words); err != nil {
			t.Fatal(err)
		}
		if k == cut && r.leg != nil {
			r.restart()
		}
	}
	var facts []string
	for _, f := range r.facts {
		facts = append(facts, fmt.Sprintf("%s%+v", notation.EventName(f), f))
	}
	// How often a line rings is no difference.
	return slices.Compact(facts)
}

// A leg sounds from our answer to its end.
func TestAudio(t *testing.T) {
	r := newRig(t)
	r.calls()
	p := r.ports.open[0]
	if p.stream != (media.Stream{}) {
		t.Errorf("sounds before it is answered: %+v", p.stream)
	}
	r.plans(call.Answer{Connection: 1})
	want := media.Stream{
		Remote: netip.MustParseAddrPort("198.51.100.7:6000"), Host: farAddress.Addr(), Codec: media.PCMA, PayloadType: 8, Events: 101,
		Send: true, Receive: true,
	}
	if p.stream != want {
		t.Errorf("answered: %+v, want %+v", p.stream, want)
	}
	r.plans(call.Drop{Connection: 1})
	if p.stream != (media.Stream{}) {
		t.Errorf("sounds after its end: %+v", p.stream)
	}
	r.leg.Close()
	if len(r.ports.open) != 0 {
		t.Error("the port is still open")
	}
}

// Phones hold by a direction, or by the address 0.0.0.0 (RFC 3264 §8.4); one that
// only listens does not hold.
func TestEveryWayToHold(t *testing.T) {
	for name, c := range map[string]struct {
		sdp   string
		holds bool
	}{
		"sendonly":          {speak("sendonly"), true},
		"inactive":          {speak("inactive"), true},
		"0.0.0.0":           {strings.Replace(speak("sendrecv"), "c=IN IP4 198.51.100.7", "c=IN IP4 0.0.0.0", 1), true},
		"0.0.0.0, inactive": {strings.Replace(speak("inactive"), "c=IN IP4 198.51.100.7", "c=IN IP4 0.0.0.0", 1), true},
		"recvonly":          {speak("recvonly"), false},
		"the same again":    {speak("sendrecv"), false},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.calls()
			r.plans(call.Answer{Connection: 1})
			r.facts = nil
			r.farDoes(r.far.Invite(r.now, []byte(c.sdp)))
			began := slices.Contains(r.facts, call.Event(call.HoldBegan{Connection: 1}))
			if began != c.holds {
				t.Errorf("the phone holds: %t, want %t", began, c.holds)
			}
			r.facts = nil
			r.farDoes(r.far.Invite(r.now, []byte(speak("sendrecv"))))
			if ended := slices.Contains(r.facts, call.Event(call.HoldEnded{Connection: 1})); ended != c.holds {
				t.Errorf("the hold has ended: %t, want %t", ended, c.holds)
			}
		})
	}
}

// A phone behind a NAT that holds by 0.0.0.0 is still where its audio came from, also for
// a successor.
func TestHoldByNoAddressKeepsWhereThePhoneIs(t *testing.T) {
	r := newRig(t)
	r.calls()
	r.plans(call.Answer{Connection: 1})
	nat := netip.MustParseAddrPort("198.51.100.7:7000")
	r.ports.open[0].latched(nat)
	for _, sdp := range []string{strings.Replace(speak("sendrecv"), "c=IN IP4 198.51.100.7", "c=IN IP4 0.0.0.0", 1), speak("sendrecv")} {
		r.farDoes(r.far.Invite(r.now, []byte(sdp)))
		if got := r.leg.(leg).latched; got != nat {
			t.Errorf("the phone is at %v, want %v, after\n%s", got, nat, sdp)
		}
	}
}
