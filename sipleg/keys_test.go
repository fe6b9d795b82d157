package sipleg

import (
	"strings"
	"testing"

	"holdfast/call"
	"holdfast/sipua"
)

// keysOf are the keys that a leg has told of.
func keysOf(r *rig) string {
	var keys strings.Builder
	for _, f := range r.facts {
		if p, ok := f.(call.Pressed); ok {
			keys.WriteString(p.Key)
		}
	}
	return keys.String()
}

// A phone that says each key in its audio and by INFO has pressed it once.
func TestAKeySaidTwiceIsPressedOnce(t *testing.T) {
	for _, first := range []string{"in-audio", "in-info"} {
		r := newRig(t)
		r.dials()
		second := map[string]string{"in-audio": "in-info", "in-info": "in-audio"}[first]
		for _, what := range []string{
			"answers", "presses 5 " + first, "presses 5 " + second, "presses 5 " + first, "presses 5 " + second,
			"moves", "presses 5 " + second,
		} {
			if err := r.farMakes(what); err != nil {
				t.Fatal(err)
			}
		}
		if got := keysOf(r); got != "555" {
			t.Errorf("first %s: the keys %s were pressed, want 555", first, got)
		}
	}
}

// Whoever is called over a trunk that may know is told who really calls.
func TestIdentityIsAsserted(t *testing.T) {
	customer := call.Endpoint{Kind: call.PhoneNumber, Address: "+493012345"}
	for name, c := range map[string]struct {
		dial call.Dial
		want string
	}{
		"a target":                        {call.Dial{Party: call.Target, To: number("+15550199"), Customer: customer}, "<sip:+493012345@192.0.2.1:5060>"},
		"a target who is not told":        {call.Dial{Party: call.Target, To: call.Endpoint{Kind: call.URI, Address: "sip:bob@198.51.100.7"}, Customer: customer}, ""},
		"a customer":                      {call.Dial{Party: call.Customer, To: customer, Customer: customer}, ""},
		"a target for nobody with a name": {call.Dial{Party: call.Target, To: number("+15550199"), Customer: call.Endpoint{Kind: call.URI, Address: "sip:x@y"}}, ""},
	} {
		var got []string
		for _, h := range newRig(t).lines.asserted(c.dial) {
			if h.Name() == "P-Asserted-Identity" {
				got = append(got, h.Value())
			}
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s is told %q, want %q", name, got, c.want)
		}
	}
}

func number(n string) call.Endpoint { return call.Endpoint{Kind: call.PhoneNumber, Address: n} }

// The header is in the INVITE, beside a From that shows somebody else.
func TestIdentityGoesWithTheInvite(t *testing.T) {
	r := newRig(t)
	d := call.Dial{Connection: 2, Party: call.Target, To: number("sip:+15550199@198.51.100.7"), From: number("+4930"), Customer: number("+493012345")}
	leg, err := r.lines.Dial("contact", 1, d)
	if err != nil {
		t.Fatal(err)
	}
	for _, out := range leg.Plan(r.now, d).Out {
		if o, ok := out.(outgoing); ok && o.Kind == sipua.FirstINVITE {
			text := o.SIP.String()
			if !strings.Contains(text, "P-Asserted-Identity: <sip:+493012345@") || !strings.Contains(text, "From: <sip:+4930@") {
				t.Errorf("the INVITE says\n%s", text)
			}
			return
		}
	}
	t.Error("no INVITE")
}
