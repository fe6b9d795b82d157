package panel

import (
	"strings"
	"time"

	"holdfast/call"
	"holdfast/routing"
)

// This file makes Streams' agent.

// Types that Streams has for the states of agents.
const (
	routable    = "routable"
	notRoutable = "not_routable"
	offline     = "offline"
	system      = "system"
	failing     = "error"
)

// choices are the states that an agent can choose: available, one for each reason
// for not-ready, and offline.
func choices(notReady []string) []routing.Status {
	all := []routing.Status{{State: routing.Available}}
	for _, name := range notReady {
		all = append(all, routing.Status{State: routing.NotReady, Reason: name})
	}
	return append(all, routing.Status{State: routing.Offline})
}

func streamsStatus(s routing.Status) agentState {
	switch {
	case s.State == routing.Available:
		return agentState{arn(stateARN, "available"), routable, "Available", nil}
	case s == routing.MissedOffer:
		return agentState{"", failing, "MissedCallAgent", nil}
	case s.State == routing.NotReady:
		return agentState{arn(stateARN, "not-ready:"+s.Reason), notRoutable, s.Reason, nil}
	}
	return agentState{arn(stateARN, "offline"), offline, "Offline", nil}
}

// chosen returns the status that a page names: by its ARN, or else by its name and
// type.
func chosen(ask stateParam, notReady []string) (routing.Status, bool) {
	for _, s := range choices(notReady) {
		if state := streamsStatus(s); ask.ARN == state.ARN {
			return s, true
		}
	}
	for _, s := range choices(notReady) {
		state := streamsStatus(s)
		named := ask.Name == "" || strings.EqualFold(ask.Name, state.Name)
		typed := ask.Type == "" || ask.Type == state.Type
		if ask.ARN == "" && named && typed && ask.Name+ask.Type != "" {
			return s, true
		}
	}
	return routing.Status{}, false
}

// streamsState returns the agent's state. Streams distinguishes an agent calling a
// customer from a busy one.
func streamsState(a routing.Agent, segments []segment) agentState {
	since := stamp(a.Since)
	state := streamsStatus(a.Status)
	switch a.State {
	case routing.Reserved:
		state = agentState{"", system, "PendingBusy", nil}
	case routing.Busy:
		state = agentState{"", system, "Busy", nil}
	case routing.AfterCallWork:
		state = agentState{"", system, "AfterCallWork", nil}
	case routing.Away:
		state = agentState{"", system, "Init", nil}
	case routing.Available, routing.NotReady, routing.Offline, routing.Talking, routing.Holding:
	}
	for _, s := range segments {
		if s.contact.Stage == call.Dialling && !s.called() {
			state = agentState{"", system, "CallingCustomer", nil}
		}
	}
	state.Since = &since
	return state
}

func streamsSnapshot(a routing.Agent, segments []segment, contacts []contact, now time.Time) snapshot {
	s := snapshot{State: streamsState(a, segments), Contacts: contacts, Timestamp: stamp(now)}
	if s.Contacts == nil {
		s.Contacts = []contact{}
	}
	s.Availability = agentAvailability{s.State.Name, stamp(a.Since)}
	if a.Next != (routing.Status{}) {
		next := streamsStatus(a.Next)
		s.NextState = &next
	}
	return s
}

// streamsConfiguration returns an agent's configuration.
func streamsConfiguration(agent string, page bool, notReady []string) configuration {
	none := arn(queueARN, "")
	own := arn(queueARN+"/agent", agent) // which the library looks for
	profile := arn(profileARN, "voice")
	c := configuration{
		Name: agent, Username: agent, ARN: arn(agentARN, agent), Softphone: page,
		Preferences: map[string]string{"LANGUAGE": "en_US"}, Permissions: []string{}, DialableCountries: []string{},
		RoutingProfile: routingProfile{
			Name: "Voice", ARN: profile, ID: profile,
			Concurrency: map[string]int{"VOICE": 1, "CHAT": 0, "TASK": 0},
			Outbound:    queue{none, none, "None"}, Queues: []queue{{own, own, ""}},
		},
	}
	for _, s := range choices(notReady) {
		c.States = append(c.States, streamsStatus(s))
	}
	return c
}
