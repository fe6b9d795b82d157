package panel

import (
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	cdpbrowser "github.com/chromedp/cdproto/browser"

	"holdfast/call"
	"holdfast/routing"
)

// This file works with the page in a real browser, as an agent would.

// openPage opens the page, in which scripts run before its own.
func openPage(t *testing.T, w *world, s *screen, scripts ...string) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(w.panel.Handler())
	t.Cleanup(server.Close)
	s.everywhere(noMedia + strings.Join(scripts, "\n"))
	s.visit(server.URL + "/ccp-v2/")
	return server
}

func TestPage(t *testing.T) {
	s := chromium(t, withMicrophone)
	w := newWorld(t, nil)
	openPage(t, w, s)
	if err := w.dispatcher.SetStatus(t.Context(), "ben", routing.Status{State: routing.Offline}); err != nil {
		t.Fatal(err)
	}

	s.until(`document.activeElement.name === "name"`)
	s.shoot("01 log in")
	s.logIn("ana", "guess")
	s.shows("The name or the password is wrong.")
	s.shoot("02 wrong password")
	s.logIn("ana", "sesame")
	s.shows("Waiting for calls")
	s.shoot("03 available")
	s.press("Menu")
	s.shoot("03 menu")
	s.press("Menu")
	s.choose("Offline")
	s.shows("You are offline.")
	s.shoot("04 offline")
	s.choose("Lunch")
	s.shows("No calls until you are available again.")
	s.shoot("05 not ready")
	s.choose("Available")
	s.shows("Waiting for calls")

	w.customerCalls("c1", call.Endpoint{Kind: call.QueueEndpoint, Address: "sales"})
	s.shows("Incoming call")
	s.until(`document.activeElement.dataset.verb === "accept"`)
	s.shoot("06 ringing")
	s.press("Accept")
	s.shows("Talking")
	s.shoot("07 talking")
	s.press("Mute")
	s.until(`document.querySelector("[data-verb=mute]").ariaPressed === "true"`)
	s.press("Unmute")
	s.press("Keypad")
	s.shoot("08 keypad")
	s.press("5")
	s.press("#")
	s.until(`document.querySelector(".keypad output").textContent === "5#"`)
	s.shoot("08 keypad pressed")
	s.press("Keypad")
	s.press("Hold")
	s.shows("On hold")
	s.shoot("09 on hold")

	s.transfer(t)
	s.failedTransfer(t, w)
	s.consultation(t, w)
}

// choose chooses a status.
func (s *screen) choose(status string) {
	s.t.Helper()
	s.does(`const select = document.querySelector(".me select");
		select.selectedIndex = [...select.options].findIndex((o) => o.text === "` + status + `");
		select.dispatchEvent(new Event("change"))`)
}

// to fills in whom to transfer to, and how.
func (s *screen) to(target, kind string) {
	s.t.Helper()
	s.until(`document.querySelector("form.transfer").checkVisibility()`)
	s.does(`const form = document.querySelector("form.transfer");
		form.querySelector("input").value = "` + target + `";
		form.querySelector("[value=` + kind + `]").click();
		form.requestSubmit()`)
}

func (s *screen) transfer(t *testing.T) {
	t.Helper()
	s.press("Transfer")
	s.shoot("10 transfer to whom")
	s.to("nobody", "cold")
	s.shows("No agent, queue or endpoint is called")
	s.shoot("11 transfer refused")
	s.to("cardiology", "cold")
	s.shows("cardiology is ringing")
	time.Sleep(1200 * time.Millisecond) //nolint:forbidigo // a picture in which time has passed
	s.shoot("12 transfer ringing")
}

func (s *screen) failedTransfer(t *testing.T, w *world) {
	t.Helper()
	w.post("c1", call.Failed{Connection: 4, Reason: call.Busy, Detail: "486 Busy Here"})
	s.shows("cardiology is busy.")
	s.until(`document.querySelector(".failure").title === "486 Busy Here"`)
	s.shoot("13 transfer failed")
	s.press("Resume")
	s.shows("Talking")
	s.until(`!document.body.innerText.includes("cardiology is busy.")`)

	s.press("Transfer")
	s.to("pharmacy, cardiology, reception", "warm")
	s.shows("then cardiology, reception")
	w.post("c1", call.Failed{Connection: 5, Reason: call.NoAnswer})
	s.shows("pharmacy did not answer")
	s.shoot("14 second target")
}

func (s *screen) consultation(t *testing.T, w *world) {
	t.Helper()
	w.post("c1", call.Answered{Connection: 6})
	s.shows("Customer on hold")
	s.press("Swap")
	s.until(`document.querySelector(".parties .how").innerText === "connected"`)
	s.press("Swap")
	s.until(`document.querySelector(".parties .how").innerText === "on hold"`)
	s.shoot("15 consulting")
	s.press("Join all")
	s.shows("All together")
	s.until(`document.querySelector("[data-verb=swap]").title === "Talk to cardiology; the customer goes on hold"`)
	s.press("Mute")
	s.until(`document.querySelector(".parties .muted")?.innerText === "muted"`)
	s.press("Keypad")
	s.press("1")
	s.press("Keypad")
	s.shoot("16 conference")
	s.press("Hand over")
	s.shows("After-call work")
	s.shoot("17 after-call work")
	s.press("Done")
	s.shows("Waiting for calls")
}

// An agent who is handed a customer.
func TestPageOfTheOther(t *testing.T) {
	s := chromium(t, withMicrophone)
	w := newWorld(t, nil)
	openPage(t, w, s)
	s.logIn("ben", "sesame")
	s.shows("Waiting for calls")
	w.instant = true
	ana := &asker{w, "ana"}
	w.customerCalls("c1", agentNamed("ana"))
	ana.asks(call.AcceptRequested{By: 2})
	ana.asks(call.TransferRequested{By: 2, Kind: call.Warm, Target: agentNamed("ben")})
	s.shows("ana hands a customer over")
	s.shoot("20 handed over to")
	w.instant = false
	s.press("Accept")
	s.shows("With ana")
	s.shoot("21 as the target")
	ana.asks(call.CompleteRequested{By: 2})
	s.shows("Talking")
	w.post("c1", call.HungUp{Connection: 1})
	s.shows("Waiting for calls")

	w.customerCalls("c2", agentNamed("ben"))
	s.shows("Incoming call")
	w.post("c2", call.Failed{Connection: 2, Reason: call.NoAnswer})
	s.shows("You missed a call from +4930123456.")
	s.shoot("22 missed")
	w.customerCalls("c3", agentNamed("ben"))
	s.shows("Incoming call")
	s.press("Reject")
	s.shows("Waiting for calls")
	s.until(`!document.body.innerText.includes("You missed a call")`)
}

// An asker asks for things elsewhere than in the browser.
type asker struct {
	*world
	name string
}

func (a *asker) asks(ev call.Request) {
	if _, err := a.Request(nil, "c1", ev); err != nil { //nolint:staticcheck // the world needs no context
		panic(err)
	}
}

func TestPageInTwoWindows(t *testing.T) {
	s := chromium(t, withMicrophone)
	w := newWorld(t, nil)
	server := openPage(t, w, s)
	s.logIn("ana", "sesame")
	s.shows("Waiting for calls")
	two := s.tab()
	two.everywhere(noMedia)
	two.visit(server.URL + "/ccp-v2/")
	two.shows("The audio is in another window.")
	two.shoot("30 audio elsewhere")
	w.customerCalls("c1", agentNamed("ana"))
	s.shows("Incoming call")
	two.shows("Incoming call")
	two.press("Accept")
	two.shows("Talking")
	s.shows("The audio is in another window.")
	s.press("Take over here")
	two.shows("The audio is in another window.")
	s.press("Hold")
	two.shows("On hold")
}

// The server is gone for a while; the page comes back by itself, with its call.
func TestPageLosesTheServer(t *testing.T) {
	s := chromium(t, withMicrophone)
	w := newWorld(t, nil)
	var down atomic.Bool
	handler := w.panel.Handler()
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if down.Load() {
			rw.WriteHeader(http.StatusBadGateway)
			return
		}
		handler.ServeHTTP(rw, r)
	}))
	t.Cleanup(server.Close)
	s.everywhere(noMedia)
	s.visit(server.URL + "/ccp-v2/")
	s.logIn("ana", "sesame")
	s.shows("Waiting for calls")
	w.customerCalls("c1", agentNamed("ana"))
	s.press("Accept")
	s.shows("Talking")
	down.Store(true)
	w.panel.stations["ana"].do(func() { w.panel.stations["ana"].pages[0].detach(goingAway, "for the test") })
	s.shows("The connection to the server is lost.")
	s.shoot("31 connection lost")
	down.Store(false)
	s.until(`!document.body.innerText.includes("The connection to the server is lost.")`)
	s.press("Hold")
	s.shows("On hold")
	// Loaded anew, it takes its call up again.
	s.reload()
	s.shows("On hold")
	s.press("Resume")
	s.shows("Talking")
	if n := w.connections("c1", 2); n < 2 {
		t.Errorf("after loading anew the browser has connected %d times, want twice", n)
	}
	// Left for another page, from which the browser may come back.
	before := strings.Count(w.noted(), "Disconnect")
	s.visit(server.URL + "/ccp-v2/icon.svg")
	for late := time.Now().Add(patience); strings.Count(w.noted(), "Disconnect") == before; {
		if time.Now().After(late) {
			t.Fatalf("the page was left, and the server knows only of %q", w.noted())
		}
		value[bool](s, `new Promise((done) => setTimeout(done, 30, true))`)
	}
}

func TestPageWithoutMicrophone(t *testing.T) {
	s := chromium(t)
	w := newWorld(t, nil)
	server := openPage(t, w, s)
	s.logIn("ana", "sesame")
	s.shows("Calls need your microphone.")
	s.shoot("32 microphone wanted")
	command(s, cdpbrowser.SetPermission, cdpbrowser.SetPermissionParams{
		Permission: &cdpbrowser.PermissionDescriptor{Name: "microphone"}, Setting: cdpbrowser.PermissionSettingDenied, Origin: server.URL,
	})
	w.customerCalls("c1", agentNamed("ana"))
	s.press("Accept")
	s.shows("The browser does not let this page use the microphone.")
	s.shows("Incoming call")
	s.shoot("33 microphone denied")
}

func TestPageOfAStranger(t *testing.T) {
	s := chromium(t)
	w := newWorld(t, nil)
	server := httptest.NewServer(w.panel.Handler())
	t.Cleanup(server.Close)
	around := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "text/html")
		rw.Write([]byte(`<body style="margin:0"><iframe src="` + server.URL + `/ccp-v2/" style="width:320px;height:465px;border:0"></iframe>`))
	}))
	t.Cleanup(around.Close)
	s.visit(around.URL)
	s.until(`frames.length === 1`)
	if os.Getenv("HOLDFAST_SCREENSHOTS") != "" {
		time.Sleep(time.Second) //nolint:forbidigo // the frame is another site's: nothing of it can be asked for
		s.shoot("34 not approved")
	}
}
