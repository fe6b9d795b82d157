package panel

import (
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast/call"
)

// This file has what calls of a Streams page outlive.

// The frame of the agents' page is loaded anew while the server performs a call of the
// page around it, which gets the response then.
func TestLibraryFrameReload(t *testing.T) {
	d := openDesktop(t, chromium(t, withMicrophone))
	d.accepts()
	d.does(outcomeScript)
	late := make(chan struct{})
	d.world.mu.Lock()
	d.world.late = late
	d.world.mu.Unlock()
	d.does(`outcome((on) => contact().getInitialConnection().hold(on)).then((told) => { window.told = told })`)
	d.has("the customer is on hold", func(c call.Contact) bool { return c.Connections[0].State == call.Held })
	began := time.Now()
	d.does(`const frame = document.querySelector("#ccp iframe"); frame.src = frame.src`)
	d.waits("the frame is connected again", func(s *station) bool {
		return slices.ContainsFunc(s.pages, func(p *page) bool { return p.isThere() && p.since.After(began) })
	})
	close(late)
	d.until(`window.told === "success {}"`)
}

// The same with a command of the SDK.
func TestSDKFrameReload(t *testing.T) {
	d := openSDK(t)
	late := make(chan struct{})
	d.world.mu.Lock()
	d.world.late = late
	d.world.mu.Unlock()
	d.does(`outcome(crm.voice.holdParticipant("c1_1")).then((told) => { window.told = told })`)
	d.has("the customer is on hold", func(c call.Contact) bool { return c.Connections[0].State == call.Held })
	d.does(`window.before = port(); const frame = document.querySelector("iframe"); frame.src = frame.src`)
	d.until(`port() && port() !== window.before`)
	close(late)
	d.until(`window.told === "{}"`)
}

// The server is started again after it has pressed a key and before the page around
// has its response: the key is not pressed again, and the page is told.
func TestLibraryServerRestarts(t *testing.T) {
	d := openDesktop(t, chromium(t, withMicrophone))
	d.accepts()
	d.does(outcomeScript)
	late := make(chan struct{})
	d.world.mu.Lock()
	d.world.late = late
	d.world.mu.Unlock()
	d.does(`outcome((on) => contact().getAgentConnection().sendDigits("7", on)).then((told) => { window.told = told })`)
	d.has("the key is pressed", func(call.Contact) bool { return d.world.noted() == "Digits 7" })
	before := d.world.panel
	again, err := New(before.options)
	if err != nil {
		t.Fatal(err)
	}
	d.world.mu.Lock()
	d.world.panel = again
	d.world.mu.Unlock()
	d.server.Config.Handler = again.Handler()
	closed := make(chan struct{})
	go func() { // ends when the request has returned
		before.Close()
		close(closed)
	}()
	d.until(`window.told`)
	close(late)
	<-closed
	want := "failure|RequestTimedOut|The server was started again; check the call before you try again.|true|true"
	if got := value[string](d.screen, `window.told`); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := d.world.noted(); strings.Count(got, "Digits") != 1 {
		t.Errorf("the key is pressed again: %s", got)
	}
	if got := value[string](d.screen, `outcome((on) => contact().getInitialConnection().hold(on))`); got != "success {}" {
		t.Errorf("hold after the restart: %s", got)
	}
}

// sleeper loads site/socket.js with a clock, a ticker and connections that the test
// moves.
const sleeper = `
	window.clock = 1_000_000; Date.now = () => window.clock;
	window.Worker = class { constructor() { window.ticker = this; } };
	window.sockets = [];
	window.WebSocket = class {
		sent = [];
		constructor() { window.sockets.push(this); }
		send(text) { this.sent.push(JSON.parse(text).method); }
		close() {}
	};
	window.hello = () => window.sockets.at(-1).onmessage({ data: '{"type":"hello","boot":"b"}' });
	window.fetch = async () => ({ status: 200, ok: true, json: async () => ({ agent: "ana" }) });
	const { Socket } = await import("/ccp-v2/socket.js");
	window.tried = new Socket({ message() {}, lost() {}, loggedOut() {}, stray() {} });
	await window.tried.connect();
	hello()`

// A page loses its connection before it has a response, and its computer goes to sleep.
// After an hour the page is connected again before the first tick. The server has
// forgotten the request by then and would press the key again.
func TestRequestAfterSleep(t *testing.T) {
	s := chromium(t)
	s.visit(browse(t, newWorld(t, nil)).server.URL + "/ccp-v2/")
	s.does(sleeper)
	s.does(`tried.request("sendDigits", {}, (_, err) => { window.told = err?.code ?? "done"; });
		tried.request("holdConnection", {}, () => {});
		sockets[0].onclose({ code: 1006 });
		clock += 3_600_000;
		document.dispatchEvent(new Event("resume"));`)
	s.until(`sockets.length === 2`)
	s.does(`hello()`)
	if got := value[string](s, `window.told + " " + sockets[1].sent`); got != "request-timed-out " {
		t.Errorf("the response and what is sent again: %s", got)
	}
}
