package browser

import (
	"fmt"
	"strconv"

	"holdfast/softphone"
)

// An agent works at a browser, on the agents' page alone or inside the CRM.
type agent struct {
	s        *stage
	name     string
	embedded bool
	page     func(ccp string) string // the address of the CRM's page
	browser  *Browser
	tab      *Tab
	heard    []*softphone.Recording // one for each tab
}

// toneOf has the tones of the agents' microphones.
var toneOf = map[string]float64{"ana": 620, "ben": 1240}

// opens starts a browser for an agent, who logs in and opens the page.
func (s *stage) opens(name string, embedded bool) *agent {
	s.t.Helper()
	if embedded {
		return s.opensIn(name, s.crm.Page)
	}
	return s.opensIn(name, nil)
}

// opensIn is opens with a page of the CRM, or with the agents' page alone.
func (s *stage) opensIn(name string, page func(ccp string) string) *agent {
	s.t.Helper()
	a := &agent{s: s, name: name, embedded: page != nil, page: page, browser: StartKind(s.t, s.kind, toneOf[name])}
	s.agents[name] = a
	if name == "ana" {
		s.ana = a
	}
	a.open(false)
	a.logIn()
	if a.embedded {
		a.tab.Load(a.page(a.ccp()))
		a.isThere()
	}
	return a
}

// saves has the browser write down that the agent is logged in, which a crash within
// half a minute would forget.
func (a *agent) saves() {
	a.s.t.Helper()
	a.browser.Quit()
	a.reopen()
}

// ccp is the address of the agents' page.
func (a *agent) ccp() string { return a.s.page + "/ccp-v2/" }

// open opens a tab on the page.
func (a *agent) open(embedded bool) {
	a.s.t.Helper()
	url := a.ccp()
	if embedded {
		url = a.page(url)
	}
	a.tab = a.browser.Open(url)
	a.heard = append(a.heard, a.tab.Heard())
	a.s.Listen(a.name, toneOf[a.name], a.tab.Heard())
}

// reopen starts a browser again that was killed, and opens the page in it.
func (a *agent) reopen() {
	a.s.t.Helper()
	a.browser.Restart()
	a.open(a.embedded)
	a.isThere()
}

// logIn fills in the form, and is available from then on.
func (a *agent) logIn() {
	a.s.t.Helper()
	a.tab.Type("#login [name=name]", a.name)
	a.tab.Type("#login [name=password]", word)
	a.tab.Click("#login button")
	a.tab.Await(`document.querySelector("#desk").checkVisibility()`)
	a.tab.Do(`{
		const status = document.querySelector("[data-ref=status]")
		status.value = "Available"
		status.dispatchEvent(new Event("change"))
	}`)
	a.reads("Waiting for calls")
}

// desk is the agents' page, wherever it is.
func (a *agent) desk() Frame {
	if a.embedded {
		return a.tab.In(a.s.page)
	}
	return a.tab.Frame
}

// isThere waits until the page shows how the agent is.
func (a *agent) isThere() {
	a.s.t.Helper()
	a.desk().Await(`document.querySelector("#desk").checkVisibility()`)
	if a.embedded {
		a.tab.Await("crm.isThere()")
	}
}

// accept picks up the call that rings: through the page of the CRM, if there is one.
func (a *agent) accept() {
	a.s.t.Helper()
	if !a.embedded {
		a.press("ringing", "accept")
		return
	}
	a.tab.Await("crm.isRinging()")
	a.tab.Do("crm.accept()")
}

// resume takes the customer off hold.
func (a *agent) resume() {
	a.s.t.Helper()
	if a.embedded {
		a.tab.Do("crm.resume()")
	} else {
		a.press("talking", "resume")
	}
}

// press presses a button of the call in that phase.
func (a *agent) press(phase, verb string) {
	a.s.t.Helper()
	a.desk().Click(fmt.Sprintf("article[data-phase=%s] [data-verb=%s]", phase, verb))
}

// shows waits until the page shows a call in that phase.
func (a *agent) shows(phase string) {
	a.s.t.Helper()
	a.desk().Await(fmt.Sprintf("document.querySelector('article[data-phase=%s]')", phase))
}

// transfer fills in the form for a transfer.
func (a *agent) transfer(target, kind string) {
	a.s.t.Helper()
	a.press("talking", "transfer")
	a.desk().Type("form.transfer input[list]", target)
	a.desk().Click("form.transfer label:has([value=" + kind + "])")
	a.desk().Click("form.transfer .primary")
}

// reads waits until the page shows a text.
func (a *agent) reads(text string) {
	a.s.t.Helper()
	a.desk().Await("document.body.innerText.includes(" + strconv.Quote(text) + ")")
}

// told waits until the page says why a transfer has failed, and returns that.
func (a *agent) told() string {
	a.s.t.Helper()
	const failure = `[...document.querySelectorAll("[data-ref=failure]")].find(e => e.checkVisibility())`
	a.desk().Await(failure)
	var why string
	a.desk().Read(failure+`.querySelector("p").innerText.split("\n")[0].trim()`, &why)
	return why
}

// clear ends all after-call work, and waits until the agent is available.
func (a *agent) clear() {
	a.s.t.Helper()
	const cards, done = `document.querySelectorAll("article").length`, `document.querySelector("article [data-verb=clear]")`
	for {
		var left int
		a.desk().Await(cards + " === 0 || " + done)
		if a.desk().Read(cards, &left); left == 0 {
			break
		}
		a.press("ended", "clear")
		a.desk().Await(fmt.Sprintf("%s < %d", cards, left))
	}
	a.reads("Waiting for calls")
}

// shot takes a picture of the page for the scene that is being played.
func (a *agent) shot(what string) {
	a.s.t.Helper()
	if a.s.row != nil {
		a.tab.Screenshot(a.s.row.name() + "-" + what)
	}
}
