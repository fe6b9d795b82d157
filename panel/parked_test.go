package panel

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"holdfast/call"
	"holdfast/routing"
)

// parks has ana lose the customer of contact c1, whom nobody takes after that.
func parks(t *testing.T, w *world) {
	t.Helper()
	w.people["ana"] = behaviour{fails: call.Unreachable}
	w.post("c1", call.Lost{Connection: 2})
	if c, _ := w.Contact("c1"); c.Stage != call.Parked {
		t.Fatalf("the customer is %s, not parked", c.Stage)
	}
}

// The pages of all agents show a parked customer, and any of them may pick the
// customer up. Streams pages get no update for it.
func TestParked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		ana := talking(t, w)
		ben := w.open(t, "ben", "window-1")
		hear(t, ben.hears(), "hello", "update: Available", "parked", "muted false", "audio true")
		parks(t, w)
		hear(t, ben.hears(), "parked +4930123456")
		ana.hears()
		late := w.open(t, "ana", "window-2")
		hear(t, late.hears(), "hello", "update: AfterCallWork, ended [agent:disconnected inbound:disconnected]",
			"parked +4930123456", "muted false", "audio false")

		id := ben.asks("holdfast.pickUp", map[string]any{"contactId": "c1"})
		rings := "update: PendingBusy, connecting [agent:connecting inbound:hold]"
		hear(t, ben.hears(), rings, "parked", "done "+id, rings)
		hear(t, ana.hears(), "parked")
		id = ben.asks("holdfast.pickUp", map[string]any{"contactId": "c1"})
		hear(t, ben.hears(), "done "+id, rings)
		id = ana.asks("holdfast.pickUp", map[string]any{"contactId": "c1"})
		if got := ana.hears(); got[0] != "refused "+id+": InvalidStateException: the customer is not parked" {
			t.Errorf("picked up twice: %q", got)
		}
		ben.asks("acceptContact", map[string]any{"contactId": "c1_4"})
		if c, _ := w.Contact("c1"); c.Stage != call.Talking || c.Agent.Address != "ben" {
			t.Errorf("after accepting, the contact is %s with %s", c.Stage, c.Agent)
		}
	})
}

// An agent who cannot take calls is told why, and the customer stays parked.
func TestParkedForAnotherAgent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		talking(t, w)
		parks(t, w)
		ben := w.open(t, "ben", "window-1")
		w.customerCalls("c2", agentNamed("ben"))
		ben.asks("acceptContact", map[string]any{"contactId": "c2_2"})
		ben.hears()
		id := ben.asks("holdfast.pickUp", map[string]any{"contactId": "c1"})
		if got := ben.hears(); got[0] != "refused "+id+": InvalidStateException: You are on a call. Finish it first." {
			t.Errorf("on a call: %q", got)
		}
		w.post("c2", call.HungUp{Connection: 1})
		if err := w.dispatcher.SetStatus(t.Context(), "ben", routing.Status{State: routing.Offline}); err != nil {
			t.Fatal(err)
		}
		ben.hears()
		id = ben.asks("holdfast.pickUp", map[string]any{"contactId": "c1"})
		if got := ben.hears(); got[0] != "refused "+id+": InvalidStateException: You are offline. Choose Available first." {
			t.Errorf("offline: %q", got)
		}
		if c, _ := w.Contact("c1"); c.Stage != call.Parked {
			t.Errorf("the customer is %s, not parked", c.Stage)
		}
		w.post("c1", call.HungUp{Connection: 1})
		hear(t, ben.hears(), "parked")
	})
}

// However many are parked, a page shows only some.
func TestManyParked(t *testing.T) {
	var p parking
	start := time.Date(2026, 11, 28, 9, 0, 0, 0, time.UTC)
	for i := range 3 * mostParked {
		p.changed(call.Contact{ID: call.ContactID(fmt.Sprint("c", i)), Stage: call.Parked, Connections: []call.Connection{
			{ID: 1, Party: call.Customer, State: call.Held, Since: start.Add(-time.Duration(i) * time.Second)},
		}})
	}
	got := p.list()
	if len(got.Customers) != mostParked || got.More != 2*mostParked || got.Customers[0].ID != fmt.Sprint("c", 3*mostParked-1) {
		t.Errorf("%d shown, %d more, first %s", len(got.Customers), got.More, got.Customers[0].ID)
	}
}

// In a browser: ben picks up the customer whom ana has lost, and talks to them.
func TestPageParked(t *testing.T) {
	s := chromium(t, withMicrophone)
	w := newWorld(t, nil)
	openPage(t, w, s)
	s.logIn("ben", "sesame")
	s.shows("Waiting for calls")
	ana := &asker{w, "ana"}
	w.instant = true
	w.customerCalls("c1", agentNamed("ana"))
	ana.asks(call.AcceptRequested{By: 2})
	w.instant = false
	parks(t, w)
	s.shows("A customer is parked: +4930123456, for 0:0")
	s.shoot("50 parked")
	s.press("Pick up +4930123456")
	s.shows("Talking")
	s.until(`!document.body.innerText.includes("A customer is parked")`)
	if _, err := w.Request(context.Background(), "c1", call.EndRequested{By: 4}); err != nil {
		t.Error(err)
	}
}
