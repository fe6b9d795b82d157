package panel

import (
	"cmp"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"

	"holdfast/call"
)

// Ana calls a customer and hands them over to ben. Streams pages see who the third
// party is, and that the customer was called, unless they want it as Amazon has it.
func TestNamesOfThirdParties(t *testing.T) {
	const customer = "outbound phone_number +4930555 ()"
	for _, test := range []struct {
		mask                      bool
		queued, consulted, target []string // the legs that ana sees, with the queue and with ben, and that ben sees
	}{
		{false, []string{customer, "outbound queue sales (sales)"}, []string{customer, "outbound agent ben (ben)"}, []string{customer, "outbound agent ana (ana)"}},
		{true, []string{customer, "outbound phone_number INTERNAL-TRANSFER (sales)"}, []string{customer, "outbound phone_number INTERNAL-TRANSFER (ben)"}, []string{"inbound phone_number +4930555 ()", "outbound phone_number INTERNAL-TRANSFER ()"}},
	} {
		t.Run(fmt.Sprintf("mask_internal = %v", test.mask), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, func(o *Options) { o.MaskInternal = test.mask })
				w.instant, w.people["+4930555"] = true, behaviour{}
				ana, ben := w.open(t, "ana", "window-1"), w.open(t, "ben", "window-2")
				w.begin("c1", call.Originated{Customer: call.Endpoint{Kind: call.PhoneNumber, Address: "+4930555"}, Agent: agentNamed("ana"), Rules: call.DefaultRules()})
				ana.accepts(t)
				ana.transfers(t, "sales")
				wantLegs(t, "ana, with the queue", ana, "outbound", test.queued)
				ana.asks("holdfast.cancel", map[string]any{"contactId": contactOf(ana).ID})
				ana.transfers(t, "ben")
				ben.accepts(t)
				wantLegs(t, "ana, with ben", ana, "outbound", test.consulted)
				wantLegs(t, "ben", ben, "transfer", test.target)
				ana.asks("holdfast.complete", map[string]any{"contactId": contactOf(ana).ID})
				wantLegs(t, "ben alone", ben, "transfer", test.target[:1])
			})
		})
	}
}

func (win *window) accepts(t *testing.T) {
	t.Helper()
	synctest.Wait()
	win.asks("acceptContact", map[string]any{"contactId": contactOf(win).ID})
	if c := contactOf(win); c.Connections[0].State.Type != connected {
		t.Fatalf("%s has not picked up: %+v", win.s.account.Agent, c)
	}
}

func (win *window) transfers(t *testing.T, target string) {
	t.Helper()
	win.asks("holdfast.transfer", map[string]any{"contactId": contactOf(win).ID, "kind": "warm", "targets": []string{target}})
	synctest.Wait()
}

// contactOf is the only contact that a window shows to its Streams page.
func contactOf(win *window) (c contact) {
	win.s.do(func() {
		if len(win.s.shown.cards) > 0 {
			c = win.s.shown.cards[0].streams
		}
	})
	synctest.Wait()
	return c
}

func wantLegs(t *testing.T, who string, win *window, initiation string, want []string) {
	t.Helper()
	synctest.Wait()
	c := contactOf(win)
	var got []string
	for _, x := range c.Connections[1:] {
		e := x.Endpoint
		name := cmp.Or(e.PhoneNumber, e.AgentLogin)
		if e.Queue != nil {
			name = e.Queue.Name
		}
		got = append(got, fmt.Sprintf("%s %s %s (%s)", x.Type, e.Type, name, x.QuickConnect))
	}
	if !slices.Equal(got, want) || c.InitiationMethod != initiation {
		t.Errorf("%s sees %q by %s, want %q by %s", who, got, c.InitiationMethod, want, initiation)
	}
}
