package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/emiago/sipgo/sip"

	"holdfast/call"
	"holdfast/sipua"
)

// A thiefsCall is a thief's end of a call that was answered.
type thiefsCall struct {
	*thief
	id          string // Call-ID
	own, theirs string // From and To of what the thief sends, with tags
	cseq        int
}

// asks sends a request in the call, and returns the final response. It answers what comes
// besides.
func (c *thiefsCall) asks(method string, headers ...string) *sip.Response {
	c.t.Helper()
	c.cseq++
	c.write(fmt.Sprintf("%[1]s sip:%[2]s SIP/2.0\r\nVia: SIP/2.0/UDP %[3]s;branch=z9hG4bK%[4]s-%[5]d\r\nMax-Forwards: 70\r\n"+
		"From: %[6]s\r\nTo: %[7]s\r\nCall-ID: %[4]s\r\nCSeq: %[5]d %[1]s\r\nContact: <sip:thief@%[3]s>\r\n%[8]sContent-Length: 0\r\n\r\n",
		method, c.server, c.at(), c.id, c.cseq, c.own, c.theirs, strings.Join(append(headers, ""), "\r\n")))
	if method == "ACK" {
		return nil
	}
	for {
		switch m := c.read().(type) {
		case *sip.Response:
			if m.CallID().Value() == c.id && int(m.CSeq().SeqNo) == c.cseq && m.StatusCode >= 200 {
				return m
			}
		case *sip.Request:
			c.confirms(m)
		}
	}
}

// confirms answers a request of the server's with 200.
func (f *thief) confirms(r *sip.Request) {
	f.t.Helper()
	if r.Method != sip.ACK {
		f.write(sip.NewResponseFromRequest(r, 200, "OK", nil).String())
	}
}

// answers picks up the call that comes next.
func (f *thief) answers() *thiefsCall {
	f.t.Helper()
	for {
		r, is := f.read().(*sip.Request)
		if !is || r.Method != sip.INVITE {
			continue
		}
		sdp := []byte(strings.ReplaceAll(offer("m=audio 9 RTP/AVP 8\na=sendrecv\n"), "\n", "\r\n"))
		res := sip.NewResponseFromRequest(r, 200, "OK", sdp)
		res.AppendHeader(sip.NewHeader("Contact", "<sip:thief@"+f.at().String()+">"))
		res.AppendHeader(sip.NewHeader("Content-Type", "application/sdp"))
		f.write(res.String())
		return &thiefsCall{f, r.CallID().Value(), res.To().Value(), res.From().Value(), 100}
	}
}

// talks has mallory call an allowed number, whose gateway answers, and returns both ends.
func talks(h *house, mallory, gateway *thief) (agent, customer *thiefsCall) {
	h.t.Helper()
	id := mallory.send("sip:+4930123@"+h.SIP.String(), "sip:mallory@127.0.0.1")
	customer = gateway.answers()
	ok := mallory.final(id)
	if ok.StatusCode != 200 {
		h.t.Fatalf("mallory's call gets %d", ok.StatusCode)
	}
	agent = &thiefsCall{mallory, id, ok.From().Value(), ok.To().Value(), 0}
	agent.asks("ACK")
	agent.cseq = 1
	h.Find()
	h.Await(func(c call.Contact) bool { return c.Stage == call.Talking })
	return agent, customer
}

// quoted is a Replaces as a header of an address.
func quoted(r sipua.Replaces) string {
	return "?Replaces=" + strings.NewReplacer(";", "%3B", "=", "%3D", "@", "%40").Replace(r.String())
}

// TestTollFraudByREFER: a phone in a call asks for a transfer to what the policy denies, in
// every spelling, and for calls of others. The refusal is all that is sent.
func TestTollFraudByREFER(t *testing.T) {
	h, mallory, gateway, wire := den(t)
	h.registers("ben", "200")
	agent, customer := talks(h, mallory, gateway)
	contact := h.Contact
	h.Dial("ben", "ana") // in another, younger contact
	h.Rung("ana")
	anas, bens := h.Call("ana").Named(), h.Call("ben").Named()
	own := sipua.Replaces{CallID: agent.id, ToTag: tagOf(agent.theirs), FromTag: tagOf(agent.own)}
	theirs := sipua.Replaces{CallID: customer.id, ToTag: tagOf(customer.theirs), FromTag: tagOf(customer.own)}
	us, out := h.SIP.String(), gateway.at().String()
	wire.taken()
	for _, to := range []string{
		"<sip:+1900555@" + us + ">", "sip:+1900555@" + us, "<tel:+1900555>", "<sip:%2B1900555@" + us + ";user=phone>",
		"<sip:+1900555;phone-context=+4930@" + us + ">", "<sip:+4930123;phone-context=+1900@" + us + ">", "<tel:+4930123;phone-context=+1900>",
		"<sip:+1900555@" + out + ">", "<sip:anything@" + out + ">", "<sip:001900555@" + us + ">", "<sip:112@" + us + ">",
		"<sip:x@203.0.113.9>", "<sip:x@evil.example.com>", "<sip:x@127.0.0.2>", "<sip:" + us + ">", "<sip:nobody@" + us + ">",
		"<sips:+4930123@" + us + ">", "<http://203.0.113.9/>", "<>", "*",
		"<sip:+4930999@" + us + ";maddr=127.0.0.2>", "<sip:+4930999@" + us + ";m%61ddr=127.0.0.2>", "<sip:+4930999@" + us + ";method=REGISTER>",
		"<sip:+4930999@" + us + "?Route=%3Csip:127.0.0.2;lr%3E>", "<sip:+4930999@" + us + "?From=sip:ana@x>",
		"<sip:sip%3Ax%40127.0.0.2@" + us + ">", "<sip:+4930999%40127.0.0.2@" + us + ">",
		"<sip:mallory@" + us + ">", "<sip:+4930123@" + us + ">", // themselves, and the customer
		"<sip:+1900555@" + us + quoted(sipua.Replaces{CallID: "none", ToTag: "a", FromTag: "b"}) + ">",
		"<sip:+1900555@" + us + quoted(own) + ">",
		"<sip:ana@" + us + quoted(sipua.Replaces{CallID: anas.CallID, ToTag: anas.FromTag, FromTag: anas.ToTag}) + ">",
	} {
		if res := agent.asks("REFER", "Refer-To: "+to); res.StatusCode < 400 || res.StatusCode == 491 {
			t.Errorf("REFER to %s gets %d", to, res.StatusCode)
		}
		if calls := wire.taken(); len(calls) > 0 {
			t.Errorf("REFER to %s has us send %q", to, calls)
		}
	}
	if res := agent.asks("REFER", "Refer-To: <sip:ana@"+us+">", "Refer-To: <sip:+1900555@"+us+">"); res.StatusCode != 400 {
		t.Errorf("REFER to two gets %d", res.StatusCode)
	}
	if res := customer.asks("REFER", "Refer-To: <sip:+4930999@"+us+">"); res.StatusCode != 403 {
		t.Errorf("a REFER of the trunk gets %d", res.StatusCode)
	}
	// A call of others, and the trunk's line: refused, or granted in vain.
	for _, named := range []sipua.Replaces{anas, bens, theirs} {
		agent.asks("REFER", "Refer-To: <sip:+1900555@"+us+quoted(named)+">")
		if calls := wire.taken(); len(calls) > 0 {
			t.Errorf("REFER with Replaces: %s has us send %q", named, calls)
		}
		h.Contact = contact
		c := h.Await(func(c call.Contact) bool { return c.Stage == call.Talking && c.Transfer == nil })
		for _, past := range c.Past {
			if past.Outcome == call.Completed {
				t.Errorf("REFER with Replaces: %s is %s", named, past.Outcome)
			}
		}
	}
	h.HearEachOther("ben", "ana")

	t.Run("a target that may be called", func(t *testing.T) {
		if res := agent.asks("REFER", "Refer-To: <sip:+4930999@"+us+">"); res.StatusCode != 202 {
			t.Fatalf("it gets %d", res.StatusCode)
		}
		gateway.redirects()
		h.Await(func(c call.Contact) bool { return c.Stage == call.Talking && len(c.Past) > 0 && c.Transfer == nil })
		want := []string{"INVITE sip:+4930999@" + out + " to " + out}
		if calls := wire.taken(); !slices.Equal(calls, want) {
			t.Errorf("it has us send %q, want %q", calls, want)
		}
	})
}

// tagOf is the tag in a From or To header.
func tagOf(value string) string {
	_, tag, _ := strings.Cut(value, ";tag=")
	return tag
}
