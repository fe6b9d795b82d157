package panel

import (
	"testing"
	"testing/synctest"
	"time"

	"holdfast/call"
)

// An agent who has not answered a call reads who called, until the next call.
func TestMissed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		ana := w.open(t, "ana", "window-1")
		missed := func() (name string) {
			synctest.Wait()
			ana.s.do(func() {
				if ana.s.shown.missed != nil {
					name = ana.s.shown.missed.Name
				}
			})
			synctest.Wait()
			return name
		}
		w.customerCalls("c1", agentNamed("ana"))
		pass(time.Duration(call.DefaultRules().OfferFor))
		if got := missed(); got != "+4930123456" {
			t.Errorf("ana has missed %q", got)
		}
		w.customerCalls("c2", agentNamed("ana"))
		if got := missed(); got != "" {
			t.Errorf("at the next call, ana has missed %q", got)
		}
		ana.asks("rejectContact", map[string]any{"contactId": "c2_2"})
		if got := missed(); got != "" {
			t.Errorf("after rejecting it, ana has missed %q", got)
		}
	})
}
