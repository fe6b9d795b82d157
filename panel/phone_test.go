package panel

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
)

// TestPhoneIsLost: the page of an agent shows that their phone is not registered, until it
// is again.
func TestPhoneIsLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var lost atomic.Bool
		w := newWorld(t, func(o *Options) {
			o.PhoneLost = func(agent string) bool { return agent == "ana" && lost.Load() }
		})
		ana, ben := w.open(t, "ana", "window-1"), w.open(t, "ben", "window-2")
		for _, is := range []bool{false, true, false} {
			lost.Store(is)
			w.panel.PhoneChanged("ana")
			synctest.Wait()
			ana.s.do(func() {
				if got := ana.s.update(ana.s.shown).View.NoPhone; got != is {
					t.Errorf("ana's page shows a lost phone: %t, want %t", got, is)
				}
			})
			ben.s.do(func() {
				if ben.s.update(ben.s.shown).View.NoPhone {
					t.Error("ben's page shows a lost phone")
				}
			})
			synctest.Wait()
		}
	})
}
