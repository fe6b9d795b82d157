package sipua

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"
)

// fuzzLocal has everything that a peer can make use of.
var fuzzLocal = Local{Address: ours, Transport: UDP, Transports: []Transport{TCP}, Credentials: ourCredentials}

// everyStage is a dialog in each of its stages, with Call-ID "call" and the
// tags "us" and "b".
func everyStage(t testing.TB) []*Dialog {
	local := fuzzLocal
	caller := func() *Dialog {
		return NewCaller(local, Identity{CallID: "call", Tag: "us", Seed: "seed"}, 1, Call{To: uri(t, "sip:bob@192.0.2.2"), From: uri(t, "sip:ana@holdfast.test")})
	}
	offer := []byte("v=0\r\n")
	calling := caller().Invite(noon, offer)
	rang := calling.Dialog.Receive(noon, received(t, ringing(calling.Out[0])))
	invite := received(t, strings.NewReplacer("OPTIONS", "INVITE", "Call-ID: other", "Call-ID: call", "Content-Length", "Contact: <sip:bob@192.0.2.2>\nContent-Length").Replace(goodOptions))
	callee := NewCallee(local, Identity{CallID: "", Tag: "us", Seed: "seed"}, 1, noon, invite).Dialog
	answered := callee.Accept(noon, offer, false).Dialog
	ack := received(t, strings.NewReplacer("OPTIONS", "ACK", "Call-ID: other", "Call-ID: call", "To: <sip:192.0.2.1>", "To: <sip:192.0.2.1>;tag=us").Replace(goodOptions))
	inCall := answered.Receive(noon, ack).Dialog
	if !inCall.Established() || len(rang.Events) != 1 {
		t.Fatal("the dialogs are not in the stages they should be")
	}
	refer := received(t, strings.NewReplacer("OPTIONS", "REFER", "Call-ID: other", "Call-ID: call", "To: <sip:192.0.2.1>", "To: <sip:192.0.2.1>;tag=us",
		"CSeq: 7", "CSeq: 8", "Content-Length", "Refer-To: <sip:c@192.0.2.7>\nContent-Length").Replace(goodOptions))
	referred := inCall.Receive(noon, refer).Dialog
	if referred.step(noon).pendingReferral() < 0 {
		t.Fatal("the REFER does not wait for its answer")
	}
	_, referring := inCall.Refer(noon, uri(t, "sip:c@192.0.2.7"), nil)
	return []*Dialog{
		caller(), calling.Dialog, rang.Dialog, rang.Dialog.HangUp(noon, "").Dialog,
		referred, referred.AcceptReferral(noon).Dialog, referring.Dialog,
		callee, answered, inCall, inCall.Invite(noon, offer).Dialog, inCall.HangUp(noon, "").Dialog,
	}
}

// live does everything to a dialog that can be done.
func live(d *Dialog) []*Dialog {
	var lives []*Dialog
	offer := []byte("v=0\r\n")
	step := d.Resume(noon)
	for _, next := range []func(*Dialog) Step{
		func(d *Dialog) Step { return d.Ring(noon) },
		func(d *Dialog) Step { return d.Accept(noon, offer, false) },
		func(d *Dialog) Step { return d.Ask(noon) },
		func(d *Dialog) Step { return d.Invite(noon, offer) },
		func(d *Dialog) Step { return d.AcceptReferral(noon) },
		func(d *Dialog) Step { return d.Report(noon, 8, 180, "Ringing", false) },
		func(d *Dialog) Step { return d.Tick(noon.Add(5 * time.Second)) },
		func(d *Dialog) Step { return d.Report(noon, 8, 200, "OK", true) },
		func(d *Dialog) Step { return d.HangUp(noon.Add(5*time.Second), "") },
		func(d *Dialog) Step { return d.Tick(noon.Add(50 * time.Second)) },
	} {
		step = next(step.Dialog)
		lives = append(lives, step.Dialog)
	}
	return lives
}

// liveOn does everything to a dialog, and to what is restored of it on the way.
func liveOn(t *testing.T, d *Dialog) {
	for _, d := range live(d) {
		restored, err := Restore(fuzzLocal, 3, d.Memory())
		if err != nil {
			t.Fatalf("a memory that cannot be restored: %v\n%s", err, d.Memory())
		}
		live(restored)
	}
}

// FuzzReceive gives anything that parses to a dialog in each of its stages.
func FuzzReceive(f *testing.F) {
	for _, text := range []string{goodOptions, good200, strings.ReplaceAll(goodOptions, "OPTIONS", "INVITE")} {
		text = strings.NewReplacer("other", "call", "stray", "call", "\n", "\r\n").Replace(text)
		f.Add([]byte(text))
		for _, method := range []string{"INVITE", "ACK", "BYE", "CANCEL", "UPDATE", "INFO"} {
			f.Add([]byte(strings.NewReplacer("OPTIONS", method, "192.0.2.1>", "192.0.2.1>;tag=us").Replace(text)))
		}
	}
	for method, headers := range map[string]string{
		"UPDATE":    "Supported: timer\r\nSession-Expires: 4294967295;refresher=uac\r\nMin-SE: 100\r\nContent-Length: 0",
		"INVITE":    "k: timer\r\nx: 90 ; refresher = uas\r\nContent-Length: 0",
		"REFER":     "Refer-To: <sip:c@192.0.2.7?Replaces=c%3Bto-tag%3Dx%3Bfrom-tag%3Dy>\r\nRefer-Sub: false",
		"SUBSCRIBE": "Event: refer;id=8\r\nExpires: 0",
		"NOTIFY":    "Event: refer\r\nSubscription-State: terminated\r\nContent-Type: message/sipfrag\r\nContent-Length: 15\r\n\r\nSIP/2.0 200 OK",
	} {
		text := strings.NewReplacer("OPTIONS", method, "192.0.2.1>", "192.0.2.1>;tag=us", "CSeq: 7", "CSeq: 9", "Call-ID: other", "Call-ID: call").Replace(goodOptions)
		f.Add([]byte(strings.ReplaceAll(strings.ReplaceAll(text, "\n", "\r\n"), "Content-Length: 0", headers)))
	}
	stages := everyStage(f)
	for _, d := range stages[1:3] {
		ask := sip.NewHeader("WWW-Authenticate", `Digest realm="r", nonce="n", algorithm=SHA-256-sess, qop="auth"`)
		res := respond(d.invites[0].request, "b", 401, "Who are you", ask)
		res.SetBody(nil)
		f.Add([]byte(res.String()))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		msg, err := Parse(data)
		if err != nil {
			return
		}
		m := Received{SIP: msg, From: peers, Transport: UDP}
		for _, d := range stages {
			liveOn(t, d.Receive(noon, m).Dialog)
		}
		liveOn(t, NewCallee(fuzzLocal, RandomIdentity(), 1, noon, m).Dialog)
		Refuse(m, 481, "no")
		OptionsOK(m)
		Release(fuzzLocal, m)
	})
}

// FuzzReferTo reads anything. What it takes names a party in a plain way.
func FuzzReferTo(f *testing.F) {
	for _, text := range []string{
		`"B" <sip:b@192.0.2.7:5070;transport=tcp?Replaces=c%40h%3Bto-tag%3Dx%3Bfrom-tag%3Dy&Require=replaces>;p=1`,
		"sip:b@192.0.2.7;method=INVITE", "<tel:+49-30-12345;ext=1>", "<sip:a@[2001:db8::1]:5061;maddr=x>", "<sip:a?b@h>, <sip:c@h>",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, problem := readReferTo(text)
		if problem != nil {
			return
		}
		if r.to.Scheme != "sip" && r.to.Scheme != "tel" || len(r.to.Headers) > 0 || r.to.Password != "" {
			t.Errorf("%q is taken for %s", text, r.to.String())
		}
		for _, p := range r.to.UriParams {
			if p != (sip.HeaderKV{K: "transport", V: "tcp"}) {
				t.Errorf("%q is taken for %s", text, r.to.String())
			}
		}
	})
}

// FuzzRestore gives anything to Restore; what it takes must live.
func FuzzRestore(f *testing.F) {
	for _, d := range everyStage(f) {
		f.Add(d.Memory())
	}
	f.Fuzz(func(t *testing.T, memory []byte) {
		d, err := Restore(fuzzLocal, 2, memory)
		if err != nil {
			return
		}
		for _, d := range live(d) {
			d.Memory()
		}
	})
}

// TestAFloodIsBounded: a peer cannot make a dialog remember without end.
func TestAFloodIsBounded(t *testing.T) {
	stages := everyStage(t)
	inCall := stages[len(stages)-2] // our re-INVITE is out, so theirs get 491
	for n := range 1000 {
		text := strings.NewReplacer("OPTIONS", "INVITE", "Call-ID: other", "Call-ID: call", "z9hG4bK1", fmt.Sprintf("z9hG4bK%d", n),
			"CSeq: 7", fmt.Sprintf("CSeq: %d", 100+n), "To: <sip:192.0.2.1>", "To: <sip:192.0.2.1>;tag=us").Replace(goodOptions)
		s := inCall.Receive(noon, received(t, text))
		if len(s.Out) != 1 || s.Out[0].Kind != ErrorResponse {
			t.Fatalf("re-INVITE %d: sent %v", n, s.Out)
		}
		inCall = s.Dialog
	}
	if n := len(inCall.servers); n > maxServers {
		t.Errorf("%d transactions are kept", n)
	}
}
