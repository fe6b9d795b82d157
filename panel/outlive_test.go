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
	want := "failure|RequestTimedOut|The server was started again; see how the call is before you try again.|true|true"
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
