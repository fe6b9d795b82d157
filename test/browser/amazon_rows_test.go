package browser

import (
	"time"

	"holdfast/test/amazon"
)

// A failure is something that can go wrong with a transfer on Amazon Connect.
type failure struct {
	// name is that of the design documents, or empty.
	name, what string
	hostile    []amazon.Hostility
	outbound   bool // the agent has called the customer
	to         string
	patient    bool // the target may ring for 20 s, and not for two
	// people has what others do after the page has begun to transfer.
	people func(*attempt)
	// incurable is why no page can keep the customer from being stranded; empty if one
	// can. onlyEngine is why only the engine does.
	incurable, onlyEngine string
	// ours is why this cannot happen with our server; empty if it can.
	ours string
	// often is set if make test plays it, too.
	often bool
	// pages is set if only a page of our own can be that hostile.
	pages bool
}

const (
	stateFirst  = "each update precedes its response, and another follows it"
	oneTarget   = "a second target is refused while one is active"
	deadLegsGo  = "a disconnected target is gone before the next is added"
	neverRefuse = "the server owns the transfer, and does each step itself"
)

var failures = []failure{
	{name: "normal", often: true, what: "the target answers", people: targetAnswers},
	{
		name: "i-a", often: true, what: "the added connection appears only after another update", people: targetAnswers,
		hostile: []amazon.Hostility{amazon.LateLeg}, ours: stateFirst,
	},
	{
		name: "i-b", what: "the target answers before the response to the addition, and no update follows", people: targetAnswers,
		hostile: []amazon.Hostility{amazon.LateAnswer}, ours: stateFirst,
	},
	{name: "ii", often: true, what: "the target never answers", people: func(*attempt) {}},
	{
		name: "ii'", what: "Amazon Connect ends the attempt", people: attemptEnds,
		hostile: []amazon.Hostility{amazon.RingLimit}, ours: "it is (ii), since the server has a ring time",
	},
	{name: "iii", often: true, what: "the target declines", people: targetDeclines},
	{
		name: "iii'", often: true, what: "the addition is refused", people: func(*attempt) {},
		hostile: []amazon.Hostility{amazon.AddRefused},
	},
	{
		name: "iv", what: "the conference is refused", people: targetAnswers,
		hostile: []amazon.Hostility{amazon.ConferenceRefused}, ours: neverRefuse,
	},
	{
		name: "iv'", what: "the same, and the customer would stay on hold when the agent leaves", people: targetAnswers,
		hostile: []amazon.Hostility{amazon.ConferenceRefused, amazon.LeftOnHold}, ours: neverRefuse,
	},
	{
		name: "iv''", what: "the agent cannot leave", people: targetAnswers,
		hostile: []amazon.Hostility{amazon.LeaveRefused}, ours: neverRefuse,
		incurable: "the agent stays in the call until they end it by hand",
	},
	{name: "v-a", what: "the customer hangs up while the target rings", people: customerHangsUp},
	{
		name: "v-b", often: true, what: "the same, and the contact stays; the target answers", people: customerHangsUp,
		hostile: []amazon.Hostility{amazon.ContactStays}, ours: "the contact ends with the customer",
	},
	{
		name: "v-c", what: "the same, and a conference without a customer is granted", people: customerHangsUp,
		hostile: []amazon.Hostility{amazon.ContactStays, amazon.Permissive}, ours: "the contact ends with the customer",
	},
	{
		name: "v-d", what: "the customer hangs up, and the contact is removed without being shown as ended", people: customerHangsUp,
		hostile: []amazon.Hostility{amazon.RemovedOutright}, ours: "a contact is shown as ended first",
	},
	{
		name: "vi", often: true, patient: true, what: "the page is reloaded while the target rings, and the target answers", people: reloadedWhileItRings,
		onlyEngine: "the page forgets what it was doing",
	},
	{
		name: "vi'", often: true, patient: true, what: "the page is reloaded after the target has answered", people: reloadedAfterAnswer,
		hostile: []amazon.Hostility{amazon.ConferenceUnheardOnce}, onlyEngine: "the page forgets what it was doing", ours: neverRefuse,
	},
	{
		name: "vii", often: true, what: "a second attempt while the first, declined, is still shown", people: secondAttempt,
		hostile: []amazon.Hostility{amazon.DeadLegs}, ours: deadLegsGo,
	},
	{
		name: "viii", often: true, what: "the agent clicks again while the target rings", people: clicksAgain,
		hostile: []amazon.Hostility{amazon.SeveralTargets}, ours: oneTarget,
	},
	{name: "ix", what: "the agent has called the customer", outbound: true, people: targetAnswers, ours: "agents call no customers"},
	{
		name: "agent", often: true, what: "the target is an agent, shown as connected when the call is routed, who never answers", to: "ben",
		people: refreshed, hostile: []amazon.Hostility{amazon.RoutedConnected}, ours: "connected means that a person has answered",
	},
	{
		name: "agent'", what: "the same, and they answer; with the engine, the agent confirms it", to: "ben",
		people: confirmed, hostile: []amazon.Hostility{amazon.RoutedConnected}, ours: "connected means that a person has answered",
	},
	{
		often: true, what: "the hold is refused, and done", people: targetAnswers,
		hostile: []amazon.Hostility{amazon.HoldRefusedYetDone}, ours: neverRefuse,
	},
	{
		what: "the addition is refused, and the target dialled 0.3 s later", people: targetAnswers,
		hostile: []amazon.Hostility{amazon.AddRefusedYetDialled}, ours: neverRefuse,
	},
	{
		what: "the first conference is refused", people: targetAnswers,
		hostile: []amazon.Hostility{amazon.ConferenceRefusedOnce}, ours: neverRefuse,
	},
	{
		often: true, what: "the target declines, and the first resume is granted but not done", people: targetDeclines,
		hostile: []amazon.Hostility{amazon.ResumeGrantedNotDone}, ours: neverRefuse,
	},
	{
		what: "the target declines, and the first resume is refused", people: targetDeclines,
		hostile: []amazon.Hostility{amazon.ResumeRefusedOnce}, ours: neverRefuse,
	},
	{
		what: "the conference is refused, and done", people: targetAnswers,
		hostile: []amazon.Hostility{amazon.ConferenceRefusedYetDone}, ours: neverRefuse,
	},
	{
		what: "the agent's leaving is refused, and done", people: targetAnswers,
		hostile: []amazon.Hostility{amazon.LeaveRefusedYetDone}, ours: neverRefuse,
	},
	{
		what: "the addition is refused with an error that is an object", people: func(*attempt) {}, pages: true,
		hostile: []amazon.Hostility{amazon.AddRefused, amazon.ErrorObjects}, ours: neverRefuse,
	},
	{
		what: "requests are done and never answered", people: targetAnswers,
		hostile: []amazon.Hostility{amazon.Unanswered}, ours: "each request is answered",
	},
	{
		what: "requests are neither done nor answered", people: func(*attempt) {},
		hostile: []amazon.Hostility{amazon.Unheard}, ours: "each request is answered",
	},
	{often: true, what: "updates come 400 ms after the responses", people: targetAnswers, pages: true, hostile: []amazon.Hostility{amazon.Delayed}, ours: stateFirst},
	{what: "every other update is lost", people: targetAnswers, pages: true, hostile: []amazon.Hostility{amazon.Dropped}, ours: stateFirst},
	{what: "every update comes twice", people: targetAnswers, pages: true, hostile: []amazon.Hostility{amazon.Repeated}, ours: stateFirst},
	{often: true, what: "of two updates the older comes last", people: targetAnswers, pages: true, hostile: []amazon.Hostility{amazon.Reordered}, ours: stateFirst},
	{
		often: true, what: "the contact is removed while the target rings, though the customer is there", people: contactRemoved,
		incurable: "the page can no longer do anything with the contact", ours: "a contact stays while its customer does",
	},
}

// targetAnswers has the target answer if it rings.
func targetAnswers(a *attempt) {
	if a.rings() {
		a.service.Answer()
	}
}

func attemptEnds(a *attempt) {
	ctx, cancel := a.soon()
	defer cancel()
	if a.rings() && a.service.AwaitNoTarget(ctx) != nil {
		a.t.Errorf("%s: the attempt does not end", a)
	}
}

// refreshed: the snapshot comes again, with nothing new.
func refreshed(a *attempt) {
	if a.rings() {
		a.service.Refresh()
	}
}

func confirmed(a *attempt) {
	if !a.rings() {
		return
	}
	a.service.Answer()
	a.quiet(moment)
	if a.adopts {
		a.tab.Do("crm.confirm()")
	}
}

func targetDeclines(a *attempt) {
	if a.rings() {
		a.service.Decline()
	}
}

// customerHangsUp: the target would answer a moment later.
func customerHangsUp(a *attempt) {
	if a.rings() {
		a.service.HangUp()
		a.quiet(moment)
		a.service.Answer()
	}
}

func reloadedWhileItRings(a *attempt) {
	if a.rings() {
		a.reload()
		a.service.Answer()
	}
}

func reloadedAfterAnswer(a *attempt) {
	if !a.rings() {
		return
	}
	a.service.Answer()
	ctx, cancel := a.soon()
	defer cancel()
	if err := a.service.AwaitAsked(ctx, "conferenceConnections", 1); err != nil {
		a.t.Errorf("%s: a conference is never asked for: %v", a, err)
	}
	a.reload()
}

// secondAttempt: the page tries again two seconds after the first attempt has ended.
func secondAttempt(a *attempt) {
	if !a.rings() {
		return
	}
	a.service.Decline()
	a.over()
	a.quiet(10 * moment)
	a.begin()
	if a.rings() {
		a.service.Answer()
	}
}

func clicksAgain(a *attempt) {
	if a.rings() {
		a.begin()
		a.quiet(2 * moment)
		a.service.Answer()
	}
}

func contactRemoved(a *attempt) {
	if a.rings() {
		a.service.Remove()
	}
}

// moment is how long nothing must happen until something is taken to be over.
const moment = 200 * time.Millisecond
