package browser

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
)

// strictPolicy is a policy under which a page may run scripts of its own origin only,
// and no style that is written in a document.
const strictPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; require-trusted-types-for 'script'"

// shownElement is what <holdfast-transfer> shows.
type shownElement struct {
	Status, Alert string
	Buttons       string // those that can be pressed
	Focus         string // the part that has it
	Display       string
}

// TestElement: <holdfast-transfer> shows who has the customer in each state, under a
// strict policy, and keeps the focus inside when the button that had it goes away.
func TestElement(t *testing.T) {
	Need(t)
	site := http.NewServeMux()
	site.Handle("GET /connect/", http.StripPrefix("/connect/", http.FileServer(http.Dir(connectDir))))
	site.Handle("GET /", http.FileServer(http.Dir("testdata")))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", strictPolicy)
		site.ServeHTTP(w, r)
	}))
	defer server.Close()
	tab := Start(t, 620).Open(server.URL + "/element.html")
	tab.Await("window.page !== undefined")
	shows := func(want shownElement) {
		t.Helper()
		want.Display = "inline-flex"
		var got shownElement
		if tab.Read("page.shown()", &got); got != want {
			t.Errorf("it shows %+v, want %+v", got, want)
		}
	}

	shows(shownElement{Status: "Transfers are not ready yet. The customer is talking with you."})
	tab.Do(`page.set({ status: "ready", text: "" })`)
	shows(shownElement{Status: "The customer is talking with you.", Buttons: "start"})
	tab.Do(`page.set({ refuse: "You have no quick connect named cardiology." }), page.press("start")`)
	shows(shownElement{
		Status: "The customer is talking with you.", Alert: "You have no quick connect named cardiology.", Buttons: "start", Focus: "start",
	})
	tab.Do(`page.set({ refuse: "" }), page.press("start")`)
	tab.Do(`page.set({ customer: "held" })`)
	shows(shownElement{Status: "Calling Cardiology. The customer is on hold with you.", Buttons: "cancel", Focus: "cancel"})
	tab.Do(`page.set({ canConfirm: true })`)
	shows(shownElement{
		Status:  `Amazon Connect has routed the call to Cardiology. Press "They answered" when a person speaks. The customer is on hold with you.`,
		Buttons: "confirm cancel", Focus: "cancel",
	})
	tab.Do(`page.press("confirm")`)
	tab.Do(`page.set({ canConfirm: false, customer: "joined" }), page.under({ stage: "joining" })`)
	shows(shownElement{Status: "Cardiology has answered. The customer hears you and Cardiology.", Focus: "status"})
	tab.Do(`page.set({ stuck: "You are still in the call: leave it." })`)
	shows(shownElement{
		Status: "Cardiology has answered. The customer hears you and Cardiology.", Alert: "You are still in the call: leave it.", Focus: "status",
	})
	tab.Do(`page.set({ stuck: "", customer: "with-target" }), page.under({ stage: "ended", outcome: "completed" }), page.end({ outcome: "completed" })`)
	shows(shownElement{Status: "The transfer is complete. The customer is with Cardiology.", Focus: "status"})

	var got, asked []string
	tab.Read("[...outcomes, ...violations]", &got)
	if want := []string{"completed"}; !slices.Equal(got, want) {
		t.Errorf("outcomes and violations are %q, want %q", got, want)
	}
	const start = `[["cardiology","+493012345"],{"ringFor":"20s","onFailure":"resume"}]`
	if tab.Read("page.asked", &asked); !slices.Equal(asked, []string{start, start, "confirm"}) {
		t.Errorf("it asked for %q", asked)
	}
}
