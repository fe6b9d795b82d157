package browser

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// doors has what must be refused, while ana and the customer talk. They hear each
// other all the time.
func doors(t *testing.T) {
	s := openStage(t, "")
	s.opens("ana", true)
	s.talk()
	s.refused("a page of another origin embeds the agents' page", func(r *row) {
		stranger := ServeCRM(t)
		tab := s.ana.browser.Open(stranger.Page(s.ana.ccp()))
		defer tab.Close()
		frame := tab.In(s.page)
		frame.Await(`document.body.innerText.includes("This page may not be embedded here")`)
		frame.Await(`document.body.innerText.includes("` + stranger.Origin + `")`)
		tab.Screenshot(r.name())
		r.told = "This page may not be embedded here"
		var heard []string
		for _, l := range tab.Logged() {
			heard = append(heard, l.Event)
		}
		if slices.Contains(heard, "init") || len(heard) > 0 {
			t.Errorf("the stranger has heard %q", heard)
		}
	})
	s.refusedToCRM()
	s.refusedToWindows()
	s.takesOver()
	s.goodbye()
	s.nobodyTwice()
}

// refusedToCRM has what the page refuses to do for the page around it.
func (s *stage) refusedToCRM() {
	s.t.Helper()
	s.refused("another window of the CRM forges a request", func(r *row) {
		s.ana.tab.Do(forge)
		r.told = "ignoring a request"
		s.ana.says(r.told)
	})
	s.refused("the CRM sends nonsense", func(r *row) {
		var refused []string
		s.ana.tab.Read(nonsense, &refused)
		for _, want := range []string{"the method is missing or too long", "Holdfast does not support constructor.", "the parameters must be an object", "unexpected object in the parameter contactId"} {
			if !slices.Contains(refused, want) {
				s.t.Errorf("refused with %q, not with %q", refused, want)
			}
		}
		r.told = refused[1]
	})
	s.refused("the CRM asks for something of 1 MB", func(r *row) {
		var refused string
		s.ana.tab.Read(`new Promise(told => connect.core.getClient().call("sendDigits",
			{ contactId: crm.contact().getContactId(), digits: "1".repeat(1 << 20) },
			{ success: () => told("granted"), failure: error => told(error.message) }))`, &refused)
		if r.told = "the parameters are too long"; refused != r.told {
			s.t.Errorf("got %q, want %q", refused, r.told)
		}
	})
}

// refusedToWindows has what the server refuses to do for windows of the page, and
// what a second one does not get.
func (s *stage) refusedToWindows() {
	s.t.Helper()
	s.refused("a window sends 1 MB to the server", func(r *row) {
		if r.told = s.ana.sends("'x'.repeat(1 << 20)"); !strings.HasPrefix(r.told, "closed 1009") {
			s.t.Errorf("got %s, want closed 1009", r.told)
		}
	})
	s.refused("a window sends nonsense to the server", func(r *row) {
		for _, message := range []string{`'nonsense'`, `'{"type":"nonsense"}'`, `'{"type":"request"}'`, `'{"type":"offer","sdp":"v=1"}'`, `new Uint8Array(9)`} {
			if got := s.ana.sends(message); !strings.HasPrefix(got, "problem ") {
				s.t.Errorf("%s: got %s, want a problem", message, got)
			}
		}
		r.told = s.ana.sends(`'{"type":"nonsense"}'`)
	})
	s.refused("a second window is opened", func(r *row) {
		second := s.ana.browser.Open(s.ana.ccp())
		second.Await(`document.querySelector("[data-ref=elsewhere]").checkVisibility()`)
		second.Screenshot(r.name())
		r.told = "The audio is in another window."
		second.Close()
	})
}

// refused plays something that must harm nobody: ana and the customer hear each
// other all the time.
func (s *stage) refused(what string, play func(*row)) {
	s.t.Helper()
	s.scene(what, func(r *row) {
		began := time.Now()
		play(r)
		s.meet("customer", "ana")
		s.undisturbed(what, "customer", "ana", began)
		s.undisturbed(what, "ana", "customer", began)
		r.ended = "with the agent"
	})
}

// undisturbed checks that somebody has heard somebody else all the time.
func (s *stage) undisturbed(what, who, whom string, since time.Time) {
	s.t.Helper()
	r, stood := s.Heard(who), machine.Stood(since)
	for _, span := range r.Heard(s.Tone(whom)) {
		if without := span.To - max(span.From, r.At(since)); len(span.Tones) == 0 && without > listen+stood {
			s.t.Errorf("%s: %s did not hear %s for %v: %s", what, who, whom, without, r.Summary(s.voices()))
		}
	}
}

// takesOver: the agent goes on in the second window.
func (s *stage) takesOver() {
	s.t.Helper()
	s.scene("the second window takes over", func(r *row) {
		first := s.ana.tab
		s.ana.embedded = false
		s.ana.open(false)
		s.ana.tab.Click("[data-ref=takeover]")
		s.meet("customer", "ana")
		first.In(s.page).Await(`document.querySelector("[data-ref=elsewhere]").checkVisibility()`)
		first.Screenshot(r.name())
		r.ended, r.told = "with the agent", "The audio is in another window."
	})
}

// forge has a frame that is not the page around ask for the end of the call.
const forge = `{
	const ccp = document.querySelector("#ccp iframe").contentWindow
	const frame = document.body.appendChild(document.createElement("iframe"))
	frame.contentWindow.eval("window.say = (to, what) => to.postMessage(what, '*')")
	const contactId = crm.contact().getContactId()
	for (const type of ["agent", "inbound"]) {
		const params = { contactId, connectionId: crm.leg(type).getConnectionId() }
		frame.contentWindow.say(ccp, { event: "api_request", data: { event: "api_request", requestId: type, method: "destroyConnection", params } })
	}
}`

// nonsense is what nobody can make sense of, and much of it. It results in the errors of
// the four requests that can be told apart.
const nonsense = `new Promise(refused => {
	const ccp = document.querySelector("#ccp iframe").contentWindow
	const errors = {}
	addEventListener("message", ({ data }) => {
		if (data?.event !== "api_response" || !"abcd".includes(data.data.requestId)) return
		errors[data.data.requestId] = data.data.err.message
		if (Object.keys(errors).length === 4) refused([..."abcd"].map(id => errors[id]))
	})
	const ask = data => ({ event: "api_request", data })
	for (const message of [null, 7, "text", {}, [], { event: 1 }, { event: "x".repeat(1 << 20) }, ask(), ask(7), ask({ requestId: 1 }),
		ask({ requestId: "r".repeat(1 << 20), method: "holdConnection" }), ask({ requestId: "a", method: "" }), ask({ requestId: "b", method: "constructor" }),
		ask({ requestId: "c", method: "holdConnection", params: 7 }), ask({ requestId: "d", method: "holdConnection", params: { contactId: {} } }),
		{ event: "broadcast" }, { event: "broadcast", data: { event: "contact::accepted" } }, { event: "master_request" }, { event: "configure" },
		{ event: "cross-domain-adapter-init" }, { type: "cross-domain-site-ready" }]) ccp.postMessage(message, "*")
})`

// sends has a window of the page's origin connect to the server and send a message,
// and returns what comes of it.
func (a *agent) sends(message string) (got string) {
	a.s.t.Helper()
	a.desk().Read(fmt.Sprintf(`new Promise(got => {
		const socket = new WebSocket("ws://" + location.host + "/ccp-v2/socket?page=" + crypto.randomUUID())
		socket.onopen = () => socket.send(%s)
		socket.onclose = event => got("closed " + event.code + ": " + event.reason)
		socket.onmessage = ({ data }) => {
			const message = JSON.parse(data)
			if (message.type !== "problem") return
			got("problem " + message.text)
			socket.close(4000)
		}
	})`, message), &got)
	return got
}

// says waits until the console shows a text.
func (a *agent) says(text string) {
	a.s.t.Helper()
	a.s.Eventually(func(context.Context) error {
		for _, line := range a.tab.Console() {
			if strings.Contains(line, text) {
				return nil
			}
		}
		return fmt.Errorf("the console does not say %q", text)
	})
}
