package panel

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"holdfast/call"
	browsers "holdfast/test/browser"
)

// This file works with the page through the library of Amazon Connect, unmodified,
// in a page of another origin.

func TestMain(m *testing.M) { os.Exit(browsers.Main(m)) }

// A desktop is a page on the library, with the agents' page in it, where ana is
// logged in.
type desktop struct {
	*screen
	world  *world
	server *httptest.Server // of the agents' page
	around *httptest.Server // of the page around it
	crm    *browsers.CRM    // another page around it, for which the library opens no window
}

// openDesktop serves examples/streams-page and opens it.
func openDesktop(t *testing.T, s *screen) *desktop {
	t.Helper()
	d := serveDesktop(t, s)
	s.visit(d.server.URL + "/ccp-v2/")
	s.logIn("ana", "sesame")
	s.shows("Waiting for calls")
	s.visit(d.url())
	s.shows("ana: Available")
	return d
}

func serveDesktop(t *testing.T, s *screen) *desktop {
	t.Helper()
	d := &desktop{screen: s}
	d.serve(t, "127.0.0.1")
	s.everywhere(noMedia)
	return d
}

// serve serves the agents' page at 127.0.0.1, and the page around it at that name of
// this machine. Browsers take localhost for another site.
func (d *desktop) serve(t *testing.T, name string) {
	t.Helper()
	d.crm = browsers.ServeCRM(t) // which has the library as npm has it
	mux := http.NewServeMux()
	mux.Handle("/", http.FileServer(http.Dir("../examples/streams-page")))
	mux.HandleFunc("/node_modules/amazon-connect-streams/release/connect-streams-min.js", func(w http.ResponseWriter, _ *http.Request) {
		library, err := http.Get(d.crm.Origin + "/connect-streams.js")
		if err != nil {
			t.Error(err)
			return
		}
		defer library.Body.Close()
		w.Header().Set("Content-Type", "text/javascript")
		io.Copy(w, library.Body)
	})
	d.around = httptest.NewServer(mux)
	t.Cleanup(d.around.Close)
	d.around.URL = strings.Replace(d.around.URL, "127.0.0.1", name, 1)
	d.world = newWorld(t, func(o *Options) { o.Origins = []string{d.around.URL, d.crm.Origin} })
	d.server = httptest.NewServer(d.world.panel.Handler())
	t.Cleanup(d.server.Close)
}

func (d *desktop) url() string { return d.around.URL + "/?ccp=" + d.server.URL + "/ccp-v2/" }

// has waits for what becomes of the contact.
func (d *desktop) has(what string, so func(call.Contact) bool) {
	d.t.Helper()
	for late := time.Now().Add(patience); time.Now().Before(late); {
		if c, _ := d.world.Contact("c1"); so(c) {
			return
		}
		value[bool](d.screen, `new Promise((done) => setTimeout(done, 30, true))`)
	}
	c, _ := d.world.Contact("c1")
	d.t.Fatalf("waited in vain: %s; the contact is %+v; the page shows\n%s", what, c, value[string](d.screen, "document.body.innerText"))
}

// accepts has ana pick up through the library.
func (d *desktop) accepts() {
	d.t.Helper()
	d.world.customerCalls("c1", agentNamed("ana"))
	d.until(`connect.agent.initialized && new connect.Agent().getContacts().length === 1`)
	d.does(`window.accepted = 0; const contact = new connect.Agent().getContacts()[0];
		contact.onAccepted(() => window.accepted++);
		await new Promise((success, failure) => contact.accept({ success, failure }))`)
	d.until(`new connect.Agent().getContacts()[0].getStatus().type === "connected"`)
	d.until(`window.accepted === 1`)
}

func TestLibraryColdTransfer(t *testing.T) {
	d := openDesktop(t, chromium(t, withMicrophone))
	d.accepts()
	d.shoot("40 desktop")
	d.until(`!document.querySelector("#handover").disabled && document.querySelector("#resume").disabled`)
	d.until(`document.querySelectorAll("#target option").length > 3`)
	d.does(`document.querySelector("#transfer").requestSubmit(document.querySelector("#transfer button"))`)
	d.has("cardiology rings", func(c call.Contact) bool { return c.Stage == call.Reaching })
	d.shows("Waiting until cardiology picks up")
	d.until(`document.querySelector("#handover").disabled && document.querySelector("#resume").disabled`)
	d.shoot("41 desktop ringing")
	d.world.post("c1", call.Answered{Connection: 3})
	d.has("ana has left", func(c call.Contact) bool { return len(c.Connections) == 2 && c.Stage == call.Talking })
	d.until(`document.querySelectorAll("#steps .done").length === 5`)
	d.shows("ana: After-call work")
	d.does(`await new Promise((success, failure) => new connect.Agent().getContacts()[0].clear({ success, failure }))`)
	d.shows("ana: Available")
}

// The target does not pick up: the page is told, the customer is on hold, and the
// next attempt is not confused by the last.
func TestLibraryTargetFails(t *testing.T) {
	d := openDesktop(t, chromium(t, withMicrophone))
	d.accepts()
	d.until(`document.querySelectorAll("#target option").length > 3`)
	submit := `document.querySelector("#transfer").requestSubmit(document.querySelector("#transfer button"))`
	d.does(submit)
	d.has("cardiology rings", func(c call.Contact) bool { return c.Stage == call.Reaching })
	d.shows("Waiting until cardiology picks up")
	d.world.post("c1", call.Failed{Connection: 3, Reason: call.Busy})
	d.shows("cardiology is busy. The customer is on hold.")
	d.shoot("42 desktop failed")
	d.until(`!document.querySelector("#resume").disabled`)
	d.does(submit)
	d.has("cardiology rings again", func(c call.Contact) bool { return c.Stage == call.Reaching })
	d.shows("Waiting until cardiology picks up")
	d.world.post("c1", call.Answered{Connection: 4})
	d.has("ana has left", func(c call.Contact) bool { return len(c.Connections) == 2 && c.Stage == call.Talking })
}

// outcome carries a method of the library out and says how it ended.
const outcomeScript = `window.outcome = (method) => new Promise((done) => method({
	success: (data) => done("success " + JSON.stringify(data ?? null)),
	failure: (err, data) => {
		let parsed = null;
		try { parsed = JSON.parse(err).message; } catch {}
		done(["failure", err.type, err.message, parsed === err.message, data && data.message === err.message].join("|"));
	},
}));
window.contact = () => new connect.Agent().getContacts()[0];
window.third = () => window.contact().getConnections().find((c) => c.getType() === "outbound");
window.endpoint = (n) => connect.Endpoint.byPhoneNumber(n, null);`

// What pages do with the library beyond the transfer, and what they may not.
func TestLibraryMethods(t *testing.T) {
	d := openDesktop(t, chromium(t, withMicrophone))
	d.accepts()
	d.does(outcomeScript)
	tests := []struct{ what, method, want string }{
		{"hold", `(on) => contact().getInitialConnection().hold(on)`, "success {}"},
		{"resume", `(on) => contact().getInitialConnection().resume(on)`, "success {}"},
		{"conference without a third party", `(on) => contact().conferenceConnections(on)`, "failure|InvalidStateException|nobody is being consulted|true|true"},
		{"a number that may not be dialled", `(on) => contact().addConnection(endpoint("+4416321"), on)`, "failure|BadEndpointException|You may not transfer to +4416321.|true|true"},
		{"no number at all", `(on) => contact().addConnection(endpoint("cardiologie"), on)`, `failure|BadEndpointException|no agent, queue or endpoint is called "cardiologie"; did you mean "cardiology"?|true|true`},
		{"add", `(on) => contact().addConnection(endpoint("sip:cardiology@127.0.0.1:5073"), on)`, "success {}"},
		{"add another", `(on) => contact().addConnection(endpoint("+4930555"), on)`, "failure|InvalidStateException|a transfer to cardiology is under way|true|true"},
		{"let go of the third party", `(on) => third().destroy(on)`, "success {}"},
		{"mute", `(on) => { connect.agent((a) => { a.onMuteToggle((m) => m.muted && on.success("muted")); a.mute(); }); }`, `success "muted"`},
		{"send digits", `(on) => contact().getAgentConnection().sendDigits("12#", on)`, "success {}"},
		{"send nonsense", `(on) => contact().getAgentConnection().sendDigits("x", on)`, `failure|InvalidStateException|"x" are not keys of a telephone|true|true`},
		{"lunch, afterwards", `(on) => new connect.Agent().setState(new connect.Agent().getAgentStates().find((s) => s.name === "Lunch"), on)`, "success {}"},
		{"call a customer", `(on) => new connect.Agent().connect(endpoint("+4930555"), on)`, "failure|NotSupported|Holdfast does not support createOutboundContact.|true|true"},
		{"no such method", `(on) => connect.core.getClient().call("qrIntegrationExists", {}, on)`, "failure|NotSupported|Holdfast does not support qrIntegrationExists.|true|true"},
		{"a megabyte", `(on) => connect.core.getClient().call("holdConnection", { contactId: "x".repeat(1 << 20) }, on)`, "failure|InvalidParameterException|the parameters are too long|true|true"},
		{"a whole transfer", `(on) => connect.core.getClient().call("holdfast.transfer", { contactId: contact().getContactId(), kind: "cold", targets: ["cardiology", "reception"] }, on)`, "success {}"},
		{"softphone", `(on) => connect.core.getMasterClient().call(connect.MasterMethods.BECOME_MASTER, { topic: connect.MasterTopics.SOFTPHONE }, { success: (r) => on.success(r.takeOver) })`, "success false"},
		{"softphone, asked", `(on) => connect.core.getMasterClient().call(connect.MasterMethods.CHECK_MASTER, { topic: connect.MasterTopics.RINGTONE }, { success: (r) => on.success(r.isMaster) })`, "success false"},
		{"a question to its SDK", `(on) => third().canResumeParticipant().then(on.success, on.failure)`, "success false"},
		{"another", `(on) => new connect.Agent().getNetworkConnectionStatus().then((n) => on.success(n.status))`, `success "connected"`},
		{"what its SDK is not answered", `(on) => contact().getInstanceDetails().catch((e) => on.success(e.errorKey))`, `success "handlerNotFound"`},
		{"leave", `(on) => contact().getAgentConnection().destroy(on)`, "success {}"},
	}
	for _, test := range tests {
		if got := value[string](d.screen, fmt.Sprintf("outcome(%s)", test.method)); got != test.want {
			t.Errorf("%s: got %s, want %s", test.what, got, test.want)
		}
	}
	d.until(`contact().getStatus().type === "ended"`)
	d.until(`new connect.Agent().getNextState()?.name === "Lunch"`)
}

// Facts that pages read.
func TestLibraryReads(t *testing.T) {
	d := openDesktop(t, chromium(t, withMicrophone))
	d.accepts()
	d.does(outcomeScript)
	tests := []struct{ expression, want string }{
		{`new connect.Agent().getName()`, "ana"},
		{`new connect.Agent().isSoftphoneEnabled()`, "true"},
		{`new connect.Agent().getAgentStates().map((s) => s.name).join()`, "Available,Break,Lunch,Offline"},
		{`new connect.Agent().getRoutingProfile().name`, "Voice"},
		{`connect.core.getClient && new connect.Agent().getChannelConcurrency("VOICE")`, "1"},
		{`new connect.Agent().getStateDuration() < 60000`, "true"},
		{`contact().getContactId()`, "c1_2"},
		{`contact().getOriginalContactId()`, "c1"},
		{`contact().isInbound()`, "true"},
		{`contact().isSoftphoneCall()`, "true"},
		{`contact().getType()`, "voice"},
		{`contact().getStatusDuration() < 60000`, "true"},
		{`contact().getAttributes().called.value`, "+49800100"},
		{`contact().getAgentConnection().getType()`, "agent"},
		{`contact().getInitialConnection().getEndpoint().phoneNumber`, "+4930123456"},
		{`contact().getInitialConnection().getStatusDuration() < 60000`, "true"},
		{`contact().getThirdPartyConnections().length`, "0"},
		{`contact().getQueue() ?? "none"`, "none"},
		{`new connect.Agent()._getData().snapshot.snapshotTimestamp instanceof Date`, "true"},
		{`typeof new connect.Agent()._getData().snapshot.skew`, "number"},
	}
	for _, test := range tests {
		if got := value[string](d.screen, "String("+test.expression+")"); got != test.want {
			t.Errorf("%s: got %s, want %s", test.expression, got, test.want)
		}
	}
}

// A page around that is loaded anew in the middle of it all finds things as they
// are; so does one in a second window.
func TestLibraryReload(t *testing.T) {
	d := openDesktop(t, chromium(t, withMicrophone))
	d.accepts()
	d.reload()
	d.shows("ana: On a call")
	d.has("ana has audio again", func(c call.Contact) bool { return c.Connections[1].State == call.Connected })
	d.until(`new connect.Agent().getContacts()[0].getStatus().type === "connected"`)
	two := &desktop{screen: d.tab(), world: d.world, server: d.server, around: d.around}
	two.everywhere(noMedia)
	two.visit(d.url())
	two.shows("ana: On a call")
	two.does(outcomeScript)
	if got := value[string](two.screen, `outcome((on) => contact().getInitialConnection().hold(on))`); got != "success {}" {
		t.Errorf("hold in the second window: %s", got)
	}
	d.until(`new connect.Agent().getContacts()[0].getInitialConnection().isOnHold()`)
}

// Windows that are not the page around, and origins that are not approved, are not
// listened to.
func TestLibraryForged(t *testing.T) {
	d := openDesktop(t, chromium(t, withMicrophone))
	d.accepts()
	forge := `const frame = document.querySelector("#ccp iframe").contentWindow;
		const ask = { event: "api_request", data: { event: "api_request", requestId: "forged", method: "destroyConnection", params: { contactId: "c1_2", connectionId: "c1_2" } } };
		const other = document.body.appendChild(document.createElement("iframe"));
		other.contentWindow.eval("window.say = (to, what) => to.postMessage(what, '*')");
		other.contentWindow.say(frame, ask);
		for (const nonsense of [null, 7, "text", {}, { event: 1 }, { event: "api_request" }, { event: "api_request", data: 7 },
			{ event: "api_request", data: { requestId: 1 } }, { event: "broadcast", data: null }, { event: "master_request", data: null },
			{ event: "configure", data: null }, { event: "x".repeat(1 << 20) }]) frame.postMessage(nonsense, "*")`
	d.does(forge)
	d.does(outcomeScript)
	if got := value[string](d.screen, `outcome((on) => contact().getInitialConnection().hold(on))`); got != "success {}" {
		t.Errorf("after nonsense: %s", got)
	}
	if c, _ := d.world.Contact("c1"); len(c.Connections) != 2 {
		t.Errorf("a forged request was carried out: %+v", c)
	}
}

// Amazon's library opens a window to log in, while it loads the frame again and
// again, and closes it when an agent is there, wherever they have logged in.
func TestLibraryLogIn(t *testing.T) {
	s := chromium(t, withMicrophone, chromedp.Flag("disable-popup-blocking", true))
	d := serveDesktop(t, s)
	s.visit(d.url())
	s.until(`connect.core.loginWindow?.closed === false`)
	s.shows("does not answer yet. Log in in the window that opens")
	s.shoot("43 desktop waits")
	other := s.tab()
	other.visit(d.server.URL + "/ccp-v2/")
	other.logIn("ana", "sesame")
	other.shows("Waiting for calls")
	d.shows("ana: Available")
	d.until(`connect.core.loginWindow === null`)
}

// The agent logs in in the window that the library opens, and the frame has the
// audio: the first time, and each time after logging out.
func TestLibraryLogInWindow(t *testing.T) {
	s := chromium(t, withMicrophone, chromedp.Flag("disable-popup-blocking", true))
	d := serveDesktop(t, s)
	d.server.Config.Handler = typing(d.server.Config.Handler)
	for range 2 {
		s.visit("about:blank")
		s.visit(d.url())
		d.until(`document.querySelector("#agent").textContent.startsWith("ana: ")`)
		d.until(`connect.core.loginWindow === null`)
		d.frameHasAudio()
		d.does(`connect.core.getUpstream().sendUpstream(connect.EventType.TERMINATE)`)
		d.hasLoggedOut()
	}
}

// typing has a page that another has opened log ana in by itself.
func typing(next http.Handler) http.Handler {
	return adding(next, `
if (window.opener) setInterval(() => {
  if (!form.checkVisibility() || form.querySelector("button").disabled) return;
  [form.elements.name.value, form.elements.password.value] = ["ana", "sesame"];
  form.requestSubmit();
}, 100);`)
}

// adding adds a script to the one with which agents log in.
func adding(next http.Handler, script string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/ccp-v2/login.js" {
			next.ServeHTTP(w, r)
			return
		}
		without := httptest.NewRecorder()
		next.ServeHTTP(without, r)
		w.Header().Set("Content-Type", "text/javascript")
		w.Header().Set("Cache-Control", "no-store")
		io.WriteString(w, without.Body.String()+script)
	})
}

// frameHasAudio waits until the only window of ana's that is connected has her audio.
func (d *desktop) frameHasAudio() {
	d.t.Helper()
	d.waits("the frame has the audio", func(s *station) bool {
		there := 0
		for _, p := range s.pages {
			if p.isThere() {
				there++
			}
		}
		i := slices.IndexFunc(s.pages, func(p *page) bool { return p.isThere() && p.id == s.audio })
		return there == 1 && i >= 0
	})
}

func (d *desktop) hasLoggedOut() {
	d.t.Helper()
	d.waits("ana has logged out", func(s *station) bool { return !slices.ContainsFunc(s.pages, (*page).isThere) })
}

// waits waits for what becomes of ana's windows.
func (d *desktop) waits(what string, so func(*station) bool) {
	d.t.Helper()
	s := d.world.panel.stations["ana"]
	for late := time.Now().Add(patience); time.Now().Before(late); {
		is := make(chan bool, 1)
		if s.do(func() { is <- so(s) }) && <-is {
			return
		}
		value[bool](d.screen, `new Promise((done) => setTimeout(done, 30, true))`)
	}
	d.t.Fatalf("waited in vain: %s", what)
}
