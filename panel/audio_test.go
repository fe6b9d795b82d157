package panel

import (
	"slices"
	"testing"
	"testing/synctest"
)

// The window that had the audio logs out. The next one gets it, and so does one
// that is logged in elsewhere.
func TestAudioAfterLogOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		one := w.open(t, "ana", "window-1")
		one.s.do(func() { one.s.logOut(w.sessions["ana"]) })
		one.s.do(func() { one.s.left(one.socket, false) })
		two := w.open(t, "ana", "window-2")
		if heard := two.hears(); !slices.Contains(heard, "audio true") {
			t.Errorf("the window that is opened next hears %q", heard)
		}
		w.sessions["ana"] = "" // another browser
		three := w.open(t, "ana", "window-3")
		pass(2 * audioAfter)
		three.hears()
		two.s.do(func() { two.s.logOut(two.socket.session) })
		hear(t, three.hears(), "audio true")
	})
}

// While no window has the audio, because its window has been closed and may be
// loading anew, it is not in another window.
func TestAudioNowhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		one := talking(t, w)
		two := w.open(t, "ana", "window-2")
		pass(2 * audioAfter)
		two.hears()
		one.s.do(func() { one.s.left(one.socket, true) })
		hear(t, two.hears(), "audio nowhere", withCustomer)
		pass(audioAfter)
		hear(t, two.hears(), "audio true")
	})
}
