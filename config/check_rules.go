package config

import (
	"strconv"

	"holdfast/call"
	"holdfast/sipua"
)

func (c *checker) rules(d *document) call.Rules {
	r := call.DefaultRules()
	r.OfferFor = c.duration("rules.offer_for", d.Rules.OfferFor)
	r.RingFor = c.duration("rules.ring_for", d.Rules.RingFor)
	r.AcceptWithin = c.duration("rules.accept_within", d.Rules.AcceptWithin)
	r.ConsultFor = c.duration("rules.consult_for", d.Rules.ConsultFor)
	r.JoinWithin = c.duration("rules.join_within", d.Rules.JoinWithin)
	r.RecallFor = c.duration("rules.recall_for", d.Rules.RecallFor)
	r.TakenAfter = c.duration("rules.taken_after", d.Rules.TakenAfter)
	r.Grace = c.duration("rules.grace", d.Rules.Grace)
	r.HandOvers = c.handOvers(d.Rules.HandOvers)
	r.CallerID = c.callerID(d.Rules.CallerID)
	return r
}

// mostHandOvers is more than any customer would stand.
const mostHandOvers = 1000

func (c *checker) handOvers(t text) int {
	n, err := strconv.Atoi(string(t))
	if err != nil || n < 1 || n > mostHandOvers {
		c.wrong("rules.hand_overs", "%q is not a number of hand-overs; give 1 to %d", t, mostHandOvers)
	}
	return n
}

// callerID is the number that targets see, or the zero value.
func (c *checker) callerID(t text) call.Endpoint {
	if t == "" {
		return call.Endpoint{}
	}
	n, ok := sipua.ParseNumber(string(t))
	if !ok {
		c.wrong("rules.caller_id", `%q is not a phone number; write it with its country, like "+493012345"`, t)
	}
	return call.Endpoint{Kind: call.PhoneNumber, Address: n}
}
