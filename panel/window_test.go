package panel

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"holdfast/call"
)

// The same requestId again is the same request, also from a window that was
// loaded anew: it gets its responses then.
func TestReload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		ana := talking(t, w)
		w.late = make(chan struct{})
		add := map[string]any{"contactId": "c1_2", "endpoint": map[string]any{"type": "phone_number", "phoneNumber": "sip:cardiology@127.0.0.1:5073"}}
		ana.asksAs("request-7", "createAdditionalConnection", add)
		ana.s.do(func() { ana.s.left(ana.socket, true) })
		close(w.late)
		synctest.Wait()
		if !w.panel.Present("ana") {
			t.Error("ana has gone while her page is being loaded anew")
		}
		again := w.open(t, "ana", "window-1")
		heard := again.hears()
		if !slices.Contains(heard, "done request-7") {
			t.Errorf("the window that is back heard %q, and not the response", heard)
		}
		again.asksAs("request-7", "createAdditionalConnection", add)
		hear(t, again.hears(), "done request-7")
		if c, _ := w.Contact("c1"); len(c.Past) != 0 || c.Transfer == nil {
			t.Errorf("the transfer was begun twice: %+v", c)
		}
	})
}

// All windows show the same, and one has the audio.
func TestTwoWindows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		one := talking(t, w)
		two := w.open(t, "ana", "window-2")
		hear(t, two.hears(), "hello", withCustomer, "parked", "muted false", "audio false")
		two.says(offer{ContactID: "c1_2", Number: 1, SDP: "v=0"})
		hear(t, two.hears(), "answer false")
		two.says(takeOver{})
		hear(t, one.hears(), "audio false")
		hear(t, two.hears(), "audio true")
		id := one.asks("holdConnection", map[string]any{"contactId": "c1_2", "connectionId": "c1_1"})
		held := "update: Busy, connected [agent:connected inbound:hold]"
		hear(t, one.hears(), held, "done "+id, held)
		hear(t, two.hears(), held)
		two.says(echo{Event: "contact::accepted", Data: json.RawMessage(`{"contactId":"c1_2"}`)})
		hear(t, one.hears(), "echoed contact::accepted")
		hear(t, two.hears(), "echoed contact::accepted")

		two.s.do(func() { two.s.left(two.socket, false) })
		pass(audioAfter)
		hear(t, one.hears(), "audio true")
		if got := w.noted(); got != "Doubt c1_2" {
			t.Errorf("with a window left: %s", got)
		}
	})
}

// The last window has gone: the browser has said so, or the connection is lost.
func TestGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		ana := talking(t, w)
		ana.s.do(func() { ana.s.left(ana.socket, false) })
		pass(goneAfter)
		if got := w.noted(); got != "Doubt c1_2, Lost ana" || w.panel.Present("ana") {
			t.Errorf("a lost connection: %s, present %v", got, w.panel.Present("ana"))
		}
		ana = w.open(t, "ana", "window-1")
		ana.hears()
		ana.s.do(func() { ana.s.left(ana.socket, true) })
		synctest.Wait()
		if got := w.noted(); got != "Doubt c1_2, Lost ana, Back ana, Disconnect c1_2" {
			t.Errorf("a window that was closed: %s", got)
		}
		if c, _ := w.Contact("c1"); c.Connections[1].State != call.Away {
			t.Errorf("ana is %s, want away", c.Connections[1].State)
		}
		ana = w.open(t, "ana", "window-1")
		ana.says(offer{ContactID: "c1_2", Number: 1, SDP: "v=0"})
		if c, _ := w.Contact("c1"); c.Connections[1].State != call.Connected {
			t.Errorf("ana is %s after coming back, want connected", c.Connections[1].State)
		}
	})
}

// A window whose connection breaks while its audio goes on keeps the audio, also if
// another window is opened before it is connected again.
func TestConnectionBreaks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		one := talking(t, w)
		one.s.do(func() { one.s.left(one.socket, false) })
		two := w.open(t, "ana", "window-2")
		hear(t, two.hears(), "hello", withCustomer, "parked", "muted false", "audio false")
		pass(audioAfter - time.Second)
		one = w.open(t, "ana", "window-1")
		if heard := one.hears(); !slices.Contains(heard, "audio true") {
			t.Errorf("the window that is back heard %q", heard)
		}
		hear(t, two.hears(), "audio false")
		if got := w.noted(); got != "Doubt c1_2" {
			t.Errorf("noted %s", got)
		}
	})
}

// An agent who takes the audio over from a window that is not connected is not heard
// through the microphone of that window any more.
func TestTakeOverFromLostWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		one := talking(t, w)
		two := w.open(t, "ana", "window-2")
		two.hears()
		one.s.do(func() { one.s.left(one.socket, false) })
		two.says(takeOver{})
		if got := w.noted(); got != "Doubt c1_2, Disconnect c1_2" {
			t.Errorf("noted %s", got)
		}
		if heard := two.hears(); !slices.Contains(heard, "audio true") {
			t.Errorf("the window that takes over heard %q", heard)
		}
		one = w.open(t, "ana", "window-1")
		if heard := one.hears(); !slices.Contains(heard, "audio false") {
			t.Errorf("the window that is back heard %q", heard)
		}
	})
}

// The audio of a browser that is killed goes to the window that is opened instead,
// before or after the line is found dead.
func TestBrowserIsKilled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		one := talking(t, w)
		one.s.do(func() { one.s.left(one.socket, false) })
		w.post("c1", call.Lost{Connection: 2, MayReturn: true})
		two := w.open(t, "ana", "window-2")
		if heard := two.hears(); !slices.Contains(heard, "audio true") {
			t.Errorf("the window that was opened after that heard %q", heard)
		}
		two.says(offer{ContactID: "c1_2", Number: 1, SDP: "v=0"})
		two.hears()
		two.s.do(func() { two.s.left(two.socket, false) })
		three := w.open(t, "ana", "window-3")
		three.hears()
		w.post("c1", call.Lost{Connection: 2, MayReturn: true})
		if heard := three.hears(); !slices.Contains(heard, "audio true") {
			t.Errorf("the window that was opened before that heard %q", heard)
		}
	})
}

// After a start, pages have a while to come back.
func TestStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		w.open(t, "ana", "window-1")
		pass(startWithin)
		if got := w.noted(); got != "Lost ben" {
			t.Errorf("after a start: %s, want only ben lost: carl has a phone", got)
		}
	})
}

// A page that does not read is let go of; the others are not kept waiting.
func TestSlowPage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		slow, quick := w.open(t, "ana", "window-1"), w.open(t, "ana", "window-2")
		var heard atomic.Int64
		for range mostUnsent {
			quick.says(echo{Event: "contact::view", Data: json.RawMessage(`{}`)})
			heard.Add(int64(len(quick.hears())))
		}
		select {
		case <-slow.socket.end:
		default:
			t.Error("the slow page is still connected")
		}
		if heard.Load() < mostUnsent {
			t.Errorf("the quick one heard %d messages", heard.Load())
		}
	})
}

// What is said again for good measure every so often.
func TestRepeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		ana := talking(t, w)
		pass(repeatEvery)
		hear(t, ana.hears(), withCustomer)
	})
}

// A window that has reconnected gets the response to a command of the SDK again only if
// it may have missed it.
func TestRepeatForSDK(t *testing.T) {
	for after, want := range map[time.Duration]bool{lostWithin: true, lostWithin + time.Second: false} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, nil)
			ana := w.open(t, "ana", "window-1")
			ana.says(request{RequestID: "r", Namespace: contactNamespace, Method: "contact/listContacts"})
			hear(t, ana.hears()[5:], "done r")
			pass(after)
			ana.s.do(func() { ana.s.left(ana.socket, false) })
			ana = w.open(t, "ana", "window-1")
			if got := slices.Contains(ana.hears(), "done r"); got != want {
				t.Errorf("left %v after the response: repeated %v, want %v", after, got, want)
			}
		})
	}
}

// A window that is closed leaves its audio to the one that is opened instead, also
// if that has been opened already.
func TestWindowIsReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		one := talking(t, w)
		two := w.open(t, "ana", "window-2")
		two.hears()
		one.s.do(func() { one.s.left(one.socket, true) })
		hear(t, two.hears(), "audio true", "update: Busy, connected [agent:connected inbound:connected]")

		pass(audioAfter)
		two.s.do(func() { two.s.left(two.socket, true) })
		synctest.Wait()
		three := w.open(t, "ana", "window-3")
		if heard := three.hears(); !slices.Contains(heard, "audio true") {
			t.Errorf("the window that was opened next heard %q", heard)
		}
		three.says(offer{ContactID: "c1_2", Number: 1, SDP: "v=0"})
		if c, _ := w.Contact("c1"); c.Connections[1].State != call.Connected {
			t.Errorf("ana is %s, want connected", c.Connections[1].State)
		}
	})
}

// However often a page is loaded anew, it gets the audio of the call back. Only
// windows that are open at the same time are too many.
func TestManyReloads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		ana := talking(t, w)
		for i := range 3 * mostPages {
			ana.s.do(func() { ana.s.left(ana.socket, true) })
			pass(time.Second)
			ana = w.open(t, "ana", fmt.Sprintf("window-r%d", i))
			if heard := ana.hears(); !slices.Contains(heard, "audio true") {
				t.Fatalf("after %d reloads the window hears %q", i+1, heard)
			}
		}
		for i := range mostPages - 1 {
			w.open(t, "ana", fmt.Sprintf("window-%d", i))
		}
		many := w.open(t, "ana", "window-one-more")
		if heard := many.hears(); len(heard) != 0 || many.socket.code != tryAgainLater {
			t.Errorf("one window too many hears %q and is closed with %d", heard, many.socket.code)
		}
		if n := len(ana.s.pages); n != mostPages {
			t.Errorf("%d pages are remembered, want %d", n, mostPages)
		}
	})
}

// A window stays connected only as long as its session: it ends with the day, though
// not in the middle of a call, and when it is revoked, also while the window connects.
func TestSessionOfWindowEnds(t *testing.T) {
	ended := func(win *window) bool {
		synctest.Wait()
		select {
		case <-win.socket.end:
			return win.socket.code == sessionOver
		default:
			return false
		}
	}
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		idle := w.open(t, "ben", "window-1")
		talks := talking(t, w)
		for range workingDay / repeatEvery {
			pass(repeatEvery)
			idle.hears()
			talks.hears()
		}
		if !ended(idle) {
			t.Error("the session does not end with the day")
		}
		if ended(talks) {
			t.Error("the session ends in the middle of a call")
		}
		again := w.open(t, "ana", "window-1")
		if heard := again.hears(); !slices.Contains(heard, "audio true") {
			t.Errorf("a window that reconnects in the call hears %q", heard)
		}
		w.post("c1", call.HungUp{Connection: 1})
		pass(2 * repeatEvery)
		if !ended(again) {
			t.Error("the session does not end after the call")
		}
	})
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		ben := w.open(t, "ben", "window-1")
		if err := w.panel.sessions.revoke(t.Context(), "ben", w.sessions["ben"]); err != nil {
			t.Fatal(err)
		}
		late := w.open(t, "ben", "window-2")
		if heard := late.hears(); len(heard) != 0 || !ended(late) {
			t.Errorf("a window that connects too late hears %q", heard)
		}
		pass(repeatEvery)
		if !ended(ben) {
			t.Error("a window outlives its session")
		}
	})
}
