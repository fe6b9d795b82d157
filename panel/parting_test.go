package panel

import (
	"testing"
	"testing/synctest"
	"time"

	"holdfast/call"
)

// The page shows how the call ended, and what has become of the customer.
func TestParting(t *testing.T) {
	const cardiology = "sip:cardiology@127.0.0.1:5073"
	transfer := func(kind string) func(*world, *window) {
		return func(_ *world, ana *window) {
			ana.asks("holdfast.transfer", map[string]any{"contactId": "c1_2", "kind": kind, "targets": []string{"cardiology"}})
		}
	}
	request := func(method string) func(*world, *window) {
		return func(_ *world, ana *window) { ana.asks(method, map[string]any{"contactId": "c1_2"}) }
	}
	customerLeaves := func(w *world, _ *window) { w.post("c1", call.HungUp{Connection: 1}) }
	answers := func(w *world, _ *window) { w.post("c1", call.Answered{Connection: 3}) }
	for _, test := range []struct {
		name, want string
		steps      []func(*world, *window)
	}{
		{"the customer leaves", "The customer has left.", []func(*world, *window){customerLeaves}},
		{"the customer leaves while it rings", "The customer has left.", []func(*world, *window){transfer("cold"), customerLeaves}},
		{"the agent leaves while it rings", "You left while cardiology was being called.", []func(*world, *window){transfer("warm"), request("holdfast.leave")}},
		{"blind", "You left while cardiology was being called.", []func(*world, *window){transfer("blind")}},
		{"cold", "Handed over to cardiology.", []func(*world, *window){transfer("cold"), answers}},
		{"warm", "Handed over to cardiology.", []func(*world, *window){transfer("warm"), answers, request("holdfast.complete")}},
		{"the agent ends it", "You hung up.", []func(*world, *window){request("holdfast.end")}},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, nil)
				ana := talking(t, w)
				w.people[cardiology] = behaviour{after: time.Hour}
				for _, step := range test.steps {
					step(w, ana)
					synctest.Wait()
				}
				ana.s.do(func() {
					if cards := ana.s.shown.cards; len(cards) != 1 || cards[0].view.Phase != endedPhase || cards[0].view.Ended != test.want {
						t.Errorf("ana reads %+v, want %q", cards, test.want)
					}
				})
			})
		})
	}
}
