package sipleg

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"holdfast/call"
	"holdfast/media"
	"holdfast/sipua"
)

// deeds are what can happen to a leg, in any order.
var deeds = strings.Split(`desk ring
desk answer
desk drop
desk tell
desk refuse busy
desk dial
customer rings
customer sends early audio
customer answers
customer answers in-g729
customer answers with-nothing
customer rejects 486 Busy-Here
customer rejects 503 No
customer hangs-up
customer holds
customer resumes
customer refreshes
customer moves
customer reinvites in-g729
customer reinvites without-offer
network latched
network unreachable
network down
network up
later 600ms
later 5s
later 33s
restart
restart port-taken
customer refers sip:+4930@192.0.2.1
desk grants-and-fails busy
desk grants
desk denies core
desk reports t1 ringing
desk reports t1 over busy
desk reports t2 completed`, "\n")

// FuzzLeg does anything in any order, and checks what holds for every leg. The
// first byte says who calls, each other what happens next.
func FuzzLeg(f *testing.F) {
	f.Add([]byte{0, 0, 1, 14, 27, 15, 13})
	f.Add([]byte{1, 6, 8, 22, 2, 23, 26})
	f.Add([]byte{2, 1, 19, 20, 28, 25, 13, 27})
	f.Add([]byte{1, 7, 27, 8, 14, 21, 11})
	f.Fuzz(func(t *testing.T, script []byte) {
		if len(script) > 0 && len(script) <= 40 {
			anything(t, script)
		}
	})
}

// TestAnyOrder is a bounded walk where FuzzLeg searches.
func TestAnyOrder(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	chance := rand.New(rand.NewPCG(seed, 0))
	script := make([]byte, 30)
	for range 60 {
		for i := range script {
			script[i] = byte(chance.Uint32())
		}
		if anything(t, script); t.Failed() {
			t.Fatalf("script %v", script)
		}
	}
}

func anything(t *testing.T, script []byte) {
	r := newRig(t)
	switch script[0] % 3 {
	case 0:
		r.calls()
	case 1:
		r.dials()
	case 2:
		r.offerless, r.farAnswer = true, r.farSDP
		r.calls()
	}
	ended, facts := false, len(r.facts)
	for _, b := range script[1:] {
		who, what, _ := strings.Cut(deeds[int(b)%len(deeds)], " ")
		if len(r.ports.open) == 0 && (what == "port-taken" || what == "latched") {
			continue
		}
		if err := r.do(who, strings.Fields(what)); err != nil {
			t.Fatal(err)
		}
		checkMemory(t, r)
		if ended && len(r.facts) > facts {
			t.Fatalf("after its end: %v\n%s", r.facts[facts:], strings.Join(r.told, "\n"))
		}
		ended, facts = r.leg.(leg).ended, len(r.facts)
		checkFacts(t, r)
	}
}

// checkFacts checks the order of facts and that audio and state agree.
func checkFacts(t *testing.T, r *rig) {
	l := r.leg.(leg)
	answered, ended := 0, 0
	for i, fact := range r.facts {
		switch fact.(type) {
		case call.Answered:
			answered++
		case call.Rang:
			if answered > 0 {
				t.Fatalf("rings after it answered: %v", r.facts)
			}
		case call.Failed:
			ended++
			if answered > 0 || l.role == callee {
				t.Fatalf("failed after it was connected: %v", r.facts)
			}
		case call.HungUp, call.Lost:
			ended++
		}
		if ended > 0 && i < len(r.facts)-1 {
			t.Fatalf("facts after the end: %v", r.facts)
		}
	}
	if answered > 1 || answered == 1 != (l.role == caller && l.answered) {
		t.Fatalf("answered %d times, and the leg says %t", answered, l.answered)
	}
	for _, p := range r.ports.open {
		if l.audio == audio(p) && p.stream != l.stream() {
			t.Fatalf("sounds as %+v, not as %+v\n%s", p.stream, l.stream(), strings.Join(r.told, "\n"))
		}
	}
	if l.ended && l.stream() != (media.Stream{}) {
		t.Fatal("sounds after its end")
	}
}

// FuzzReceive gives a talking leg any message at all.
func FuzzReceive(f *testing.F) {
	r := newRig(f)
	r.calls()
	r.plans(call.Answer{Connection: 1})
	talking, now := r.leg, r.now
	bye := r.far.HangUp(now, "").Out[0].SIP.String()
	hold := r.far.Invite(now, []byte(speak("sendonly"))).Out[0].SIP.String()
	for _, seed := range []string{
		bye, hold, strings.Replace(hold, "AVP 8", "AVP 18", 1), strings.Replace(bye, "BYE", "INFO", 2),
		strings.Replace(bye, "BYE", "OPTIONS", 2), strings.Replace(bye, "BYE", "UPDATE", 2),
		strings.Replace(strings.Replace(bye, "BYE", "REFER", 2), "Content-Length", "Refer-To: <sip:+4930@192.0.2.1>\r\nContent-Length", 1),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		m, err := sipua.Parse([]byte(text))
		if err != nil {
			return
		}
		before := string(talking.Memory())
		in := message{sipua.Received{SIP: m, From: farAddress, Transport: sipua.UDP}, "far"}
		p := talking.Receive(now, in)
		if got := string(talking.Memory()); got != before {
			t.Fatal("receiving has changed the leg, not made another")
		}
		if _, err := readMemory(p.Leg.Memory()); err != nil {
			t.Fatal(err)
		}
		if strings.ContainsAny(in.Trace(), "\r\n") {
			t.Fatalf("%q is more than one line", in.Trace())
		}
		for _, out := range p.Out {
			if o, ok := out.(outgoing); ok && sipua.Kinds[o.Kind] == sipua.Journaled && len(p.Facts) == 0 &&
				string(p.Leg.Memory()) == before {
				t.Fatalf("%s waits for a record of nothing", out.Trace())
			}
		}
	})
}
