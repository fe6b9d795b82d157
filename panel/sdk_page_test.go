package panel

import (
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"holdfast/call"
	browsers "holdfast/test/browser"
)

// openSDK opens a page that embeds the agents' page by the Amazon Connect SDK alone,
// as npm has its packages, and has ana talk to a customer.
func openSDK(t *testing.T) *desktop {
	t.Helper()
	crm := browsers.ServeCRM(t)
	d := &desktop{screen: chromium(t, withMicrophone)}
	d.world = newWorld(t, func(o *Options) { o.Origins = []string{crm.Origin} })
	d.server = httptest.NewServer(d.world.panel.Handler())
	t.Cleanup(d.server.Close)
	ccp := strings.Replace(d.server.URL, "127.0.0.1", "localhost", 1) + "/ccp-v2/" // the site of the page around
	d.everywhere(noMedia)
	d.visit(ccp)
	d.logIn("ana", "sesame")
	d.shows("Waiting for calls")
	d.visit(crm.SDKPage(ccp))
	d.until(`window.crm?.isThere()`)
	d.does(sdkOutcome)
	d.world.customerCalls("c1", agentNamed("ana"))
	d.until(`crm.isRinging()`)
	d.wants("accept", `crm.accept()`, "{}")
	d.until(`!crm.isRinging()`)
	return d
}

// wants compares what becomes of a call of the SDK.
func (d *desktop) wants(what, call, want string) {
	d.t.Helper()
	if got := value[string](d.screen, fmt.Sprintf("outcome(%s)", call)); got != want {
		d.t.Errorf("%s: got %s, want %s", what, got, want)
	}
}

const sdkOutcome = `
	window.outcome = (call) => call.then((data) => JSON.stringify(data ?? null), (e) => e.errorKey + ": " + e.reason);
	window.port = () => crm.provider.getProxy().messagePort;
	// answers posts messages on the port, and waits for the errors that they are answered with.
	window.answers = (messages, many) => new Promise((done) => {
		const all = [];
		port().addEventListener("message", ({ data }) => {
			if (data.type === "response" || data.type === "error") all.push(data.reason ?? data.message);
			if (all.length === many) done(all);
		});
		for (const message of messages) port().postMessage(message);
	});`

// What pages do with the packages, besides a transfer, and what comes of nonsense.
func TestSDKPackages(t *testing.T) {
	d := openSDK(t)
	for _, test := range []struct{ what, call, want string }{
		{"contacts", `crm.contact.listContacts()`, `[{"contactId":"c1_2","initialContactId":"c1","type":"voice","subtype":"connect:Telephony"}]`},
		{"an attribute", `crm.contact.getAttribute("c1_2", "called")`, `"+49800100"`},
		{"no queue", `crm.contact.getQueue("c1_2")`, `noResult: No Result Found`},
		{"a time", `crm.agent.getState().then((s) => s.startTimestamp instanceof Date)`, `true`},
		{"the network", `crm.agent.getNetworkConnectionStatus().then((s) => s.status)`, `"connected"`},
		{"hold", `crm.voice.holdParticipant("c1_1")`, `{}`},
		{"held", `crm.voice.isParticipantOnHold("c1_1")`, `true`},
		{"hold themselves", `crm.voice.holdSelf("c1_2").catch((e) => e.errorKey)`, `"InvalidStateException"`},
		{"resume", `crm.voice.resumeParticipant("c1_1")`, `{}`},
		{"a call", `crm.voice.createOutboundCall("+4930555")`, `handlerNotFound: No handler for command`},
		{"an instance", `crm.contact.getInstanceDetails("c1_2")`, `handlerNotFound: No handler for command`},
		{"a megabyte", `crm.contact.getContact("x".repeat(1 << 20))`, `InvalidParameterException: the data is too long`},
	} {
		d.wants(test.what, test.call, test.want)
	}
	d.until(`crm.provider.getProxy().healthCheck.status === "healthy"`)

	const request = `{ type: "request", namespace: "aws.connect.voice", command: "voice/holdParticipant", requestId: "r", data: {} }`
	got := value[[]string](d.screen, `(() => {
		const ask = `+request+`, loop = {};
		loop.loop = loop;
		const topics = Array.from({ length: 260 }, (_, i) => ({ type: "subscribe", topic: { namespace: "n", key: "k" + i }, handlerId: "h" }));
		return answers([null, 7, "text", [], {}, { type: 7 }, { type: {} }, { type: "x".repeat(1 << 20) }, { type: "request" }, { type: "acknowledge" },
			{ ...ask, requestId: "" }, { ...ask, requestId: {} }, { type: "subscribe" }, { type: "subscribe", topic: 7 }, { type: "unsubscribe" },
			{ type: "subscribe", topic: { namespace: "n", key: "k", parameter: 7 } }, { type: "log", data: loop }, { type: "metric" },
			{ ...ask, requestId: "x".repeat(1 << 20) }, { ...ask, namespace: 7 }, { ...ask, namespace: "x".repeat(65) }, { ...ask, command: null },
			{ ...ask, data: loop }, { ...ask, data: 10n }, { ...ask, requestId: "a", data: 7 }, { ...ask, requestId: 7, data: [] }, ...topics], 22);
	})()`)
	slices.Sort(got)
	want := slices.Concat(slices.Repeat([]string{"no more than 256 topics can be followed"}, 14), []string{
		"the command is missing or too long", "the data cannot be read", "the data cannot be read",
		"the namespace is missing or too long", "the namespace is missing or too long", "the parameters must be an object",
		"the parameters must be an object", "the requestId is too long",
	})
	if !slices.Equal(got, want) {
		t.Errorf("nonsense is answered with\n%q, want\n%q", got, want)
	}
	d.wants("hold after nonsense", `crm.voice.holdParticipant("c1_1")`, `{}`)
}

// The agents' page is loaded anew, and later loses its connection: the SDK's
// subscriptions go on, and its requests are answered.
func TestSDKReset(t *testing.T) {
	d := openSDK(t)
	d.does(`window.held = 0; crm.voice.onParticipantHold(() => window.held++);
		window.states = []; crm.contact.onParticipantStateChanged(({ state }) => window.states.push(state.value), "c1_1");
		window.network = []; crm.agent.onNetworkConnectionStatusChanged(({ status }) => window.network.push(status))`)
	d.until(`window.states.join() === "connected"`)
	d.does(`window.before = port(); const frame = document.querySelector("iframe"); frame.src = frame.src`)
	d.until(`port() && port() !== window.before`)
	d.has("ana has audio again", func(c call.Contact) bool { return c.Connections[1].State == call.Connected })
	d.wants("hold", `crm.voice.holdParticipant("c1_1")`, `{}`)
	d.until(`window.held === 1 && window.states.join() === "connected,connected,hold"`)

	station := d.world.panel.stations["ana"]
	station.do(func() {
		for _, p := range station.pages {
			p.detach(goingAway, "a test")
		}
	})
	d.until(`window.network.join() === "disconnected,connected"`)
	d.wants("resume", `crm.voice.resumeParticipant("c1_1")`, `{}`)
	d.until(`window.states.join() === "connected,connected,hold,hold,connected"`)
}
