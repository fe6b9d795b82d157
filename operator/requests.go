package operator

import "holdfast/call"

// start asks package call for a transfer of the customer that the desk shows.
func (c *contact) start(r request) (code call.Code, text string) {
	if c.view == nil && c.call.Stage == "" {
		return noSuchContact, "there is no contact " + c.id
	}
	asked := call.TransferRequested{
		By: c.by, Kind: r.kind, Target: r.targets[0], Others: r.targets[1:],
		Manner: call.Manner{Resume: r.resume}, RingFor: r.ringFor, Key: r.key,
	}
	if c.knows(r.key) {
		code, text = c.ask(asked)
		c.repeat(r.key)
		return code, text
	}
	if code, text := c.mayStart(); code != "" {
		return code, text
	}
	before := *c
	c.prepare()
	asked.By = c.by
	if code, text := c.ask(asked); code != "" {
		*c = before // the end of the last transfer may still be under way
		return code, text
	}
	c.assume = r.assume
	return "", ""
}

// knows reports whether there has been a transfer with that key.
func (c *contact) knows(key string) bool {
	for _, t := range c.call.Transfers() {
		if key != "" && t.Key == key {
			return true
		}
	}
	return false
}

// repeat posts once more how the transfer with that key has ended, and how the latest
// one is: a page that was loaded anew knows only the latest.
func (c *contact) repeat(key string) {
	for i := range c.reported {
		if t := &c.call.Past[i]; t.Key == key {
			c.postState(t, true)
		}
	}
	c.state = nil
}

// mayStart refuses a transfer that the desk cannot make.
func (c *contact) mayStart() (call.Code, string) {
	customer, agent := c.first(call.Customer), c.first(call.Agent)
	switch {
	case c.view == nil || c.view.ended:
		return call.NotInContact, "you are not in this contact any more"
	case customer == nil || customer.state == disconnected:
		return call.NoCustomer, "there is no customer to transfer"
	case agent == nil || agent.state == disconnected:
		return call.NoAgent, "you are not in this contact any more"
	case customer.state == connecting:
		return call.NotAnsweredYet, "the customer has not answered yet"
	case agent.state == connecting:
		return call.AnswerFirst, "answer first"
	case c.foreign() != nil:
		return call.TransferUnderWay, "another party is in this call; end their line first"
	}
	return "", ""
}

// prepare gives package call the contact as the desk shows it.
func (c *contact) prepare() {
	customer, agent := c.first(call.Customer), c.first(call.Agent)
	if c.call.Stage == "" || c.call.Stage == call.Parked || c.call.Stage == call.Over {
		caller := customer.target
		if caller.Address == "" {
			caller = call.Endpoint{Kind: call.URI, Address: customer.id}
		}
		c.call, c.events, c.by, c.legs, c.adds, c.added = call.Contact{ID: call.ContactID(c.id)}, nil, 2, nil, nil, 0
		c.customer, c.agent = line{id: customer.id}, line{id: agent.id}
		c.reported, c.lost = 0, false
		c.feed(call.Arrived{Customer: caller, Agent: call.Endpoint{Kind: call.AgentEndpoint, Address: agent.id}, Rules: rules()})
		c.feed(call.Answered{Connection: c.by})
	}
	if c.call.Stage != call.Talking {
		return
	}
	c.tries, c.conferenced, c.together, c.confirmed = nil, false, false, 0
	c.assume, c.unproven, c.released, c.restore = false, false, false, false
	// A refusal means that the agent has left; the transfer is then refused, too.
	if held := customer.state == onHold; held && c.in(1).State != call.Held {
		_ = c.step(call.HoldRequested{By: c.by, Connection: 1})
	} else if !held && c.in(1).State == call.Held {
		_ = c.step(call.ResumeRequested{By: c.by, Connection: 1})
	}
}

// cancel takes the transfer under way back.
func (c *contact) cancel() (call.Code, string) {
	if c.call.Stage == "" {
		return call.NoTransfer, "there is no transfer to cancel"
	}
	return c.ask(call.CancelRequested{By: c.by})
}

// complete gives the customer to the target of a warm transfer. The agent has talked
// to the target by then, so the request confirms that a person has answered.
func (c *contact) complete() (call.Code, string) {
	if c.awaitsConfirm() {
		if code, text := c.confirm(); code != "" {
			return code, text
		}
		for c.fact() {
			if c.call.Stage == call.Consulting {
				break
			}
		}
	}
	if c.call.Stage == "" {
		return call.NotConsulting, "nobody is being consulted"
	}
	return c.ask(call.CompleteRequested{By: c.by})
}

// confirm takes the agent's word that a person has answered where the desk shows
// only that the call was routed.
func (c *contact) confirm() (call.Code, string) {
	if !c.awaitsConfirm() {
		return call.NotAnsweredYet, "no target waits for you to confirm that a person has answered"
	}
	c.confirmed = c.attempt().Connection
	return "", ""
}

// awaitsConfirm reports whether the target is connected and counts as answered only
// when the agent confirms it.
func (c *contact) awaitsConfirm() bool {
	a := c.attempt()
	if a == nil || c.call.Stage != call.Reaching || isLine(a.Target) || c.confirmed == a.Connection {
		return false
	}
	l := c.legOf(a.Connection)
	return l != nil && (c.shown(l.id) == connected || c.shown(l.id) == onHold)
}

// ask gives package call a request, and returns why it is refused.
func (c *contact) ask(r call.Request) (call.Code, string) {
	if refusal := c.step(r); refusal != nil {
		return refusal.Code, refusal.Text
	}
	return "", ""
}

// rules are the limits of a contact. The steps of a page take longer than those of
// a server.
func rules() call.Rules { return call.Rules{JoinWithin: call.Duration(joinWithin)} }
