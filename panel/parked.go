package panel

import (
	"cmp"
	"maps"
	"slices"
	"sync"
	"time"

	"holdfast/call"
	"holdfast/routing"
)

// mostParked is how many parked customers a page shows. An agent could not read a
// long list.
const mostParked = 20

// A parkedView is a customer waiting for any agent to pick them up.
type parkedView struct {
	ID      string `json:"id"` // of the contact
	Name    string `json:"name"`
	Address string `json:"address,omitempty"` // if it is not the name
	Since   stamp  `json:"since"`             // on hold since
}

// A parking knows the parked customers.
type parking struct {
	mu        sync.Mutex
	customers map[call.ContactID]parkedView
}

// changed takes a contact that has changed, and reports whether that changes the
// list of parked customers.
func (p *parking) changed(c call.Contact) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, was := p.customers[c.ID]
	if c.Stage != call.Parked {
		delete(p.customers, c.ID)
		return was
	}
	x := (segment{contact: c}).customer()
	if was || x == nil {
		return false
	}
	if p.customers == nil {
		p.customers = map[call.ContactID]parkedView{}
	}
	v := viewParty(*x, "")
	p.customers[c.ID] = parkedView{ID: string(c.ID), Name: v.Name, Address: v.Address, Since: v.Since}
	return true
}

// list returns the message for pages.
func (p *parking) list() parked {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := slices.SortedFunc(maps.Values(p.customers), func(a, b parkedView) int {
		return cmp.Or(time.Time(a.Since).Compare(time.Time(b.Since)), cmp.Compare(a.ID, b.ID))
	})
	shown := min(len(all), mostParked)
	return parked{Customers: append([]parkedView{}, all[:shown]...), More: len(all) - shown}
}

// pickUp puts a parked customer through to the agent, whose phone then rings. The
// contactId is that of the contact, because the agent has no segment in it; the
// response has the segment's. Asking again while it rings changes nothing.
func (a *ask) pickUp() (outcome, error) {
	id := call.ContactID(a.ContactID)
	c, live := a.panel.options.Board.Contact(id)
	if !live {
		return outcome{}, refuse(contactNotFound, "The customer has left.")
	}
	rung := func() []segment { return segmentsOf(routing.Agent{Name: a.account.Agent}, []call.Contact{c}) }
	if known, _ := a.panel.options.Routing.Agent(a.account.Agent); known.State == routing.Offline {
		return outcome{}, refuse(invalidState, a.cannotTakeCalls())
	}
	if len(rung()) == 0 {
		agent := call.Endpoint{Kind: call.AgentEndpoint, Address: a.account.Agent}
		var err error
		if c, err = a.panel.options.Board.Request(a.ctx, id, call.PickUpRequested{Agent: agent}); err != nil {
			return outcome{}, err
		}
	}
	if s := rung(); len(s) > 0 {
		return outcome{data: map[string]string{"contactId": s[0].ID()}}, nil
	}
	return outcome{}, refuse(invalidState, a.cannotTakeCalls())
}

// cannotTakeCalls is the reason, for the agent, why they were not rung.
func (a *ask) cannotTakeCalls() string {
	agent, _ := a.panel.options.Routing.Agent(a.account.Agent)
	switch agent.State {
	case routing.Offline:
		return "You are offline. Choose Available first."
	case routing.Busy, routing.Talking, routing.Holding:
		return "You are on a call. Finish it first."
	case routing.AfterCallWork:
		return "Finish your after-call work first."
	case routing.Available, routing.NotReady, routing.Reserved, routing.Away:
	}
	return "You cannot be rung at the moment. The customer is still parked."
}
