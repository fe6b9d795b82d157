package panel

// This file has the topics of the SDK: pure functions of the agent's pages before and
// now.

// stateChanged is the topic of participants' states.
const stateChanged = "contact/participantStateChanged"

// lifecycle has the topics by the state that a contact gets to. A call that the agent
// has rejected counts as missed, as Streams has it.
var lifecycle = map[string]string{
	connecting: "contact/connecting",
	connected:  "contact/connected",
	missed:     "contact/missed",
	rejected:   "contact/missed",
	ended:      "contact/acw",
}

func lifecycleTopics(before, now frame) []publication {
	var all []publication
	for _, c := range now.cards {
		was := find(before.cards, c.SegmentID)
		if key := lifecycle[c.streams.State.Type]; key != "" && (was == nil || was.streams.State.Type != c.streams.State.Type) {
			all = append(all, publication{contactNamespace, key, c.streams.ID, identify(c.streams)})
		}
	}
	for _, c := range before.cards {
		if find(now.cards, c.SegmentID) == nil {
			for _, key := range []string{"contact/cleared", "contact/destroy"} {
				all = append(all, publication{contactNamespace, key, c.streams.ID, identify(c.streams)})
			}
		}
	}
	return all
}

type participantState struct {
	ID      string  `json:"participantId"`
	Contact string  `json:"contactId"`
	State   sdkEnum `json:"state"`
}

// goneParticipant is the state of a participant that is not shown.
func goneParticipant(id string) any { return participantState{ID: id, State: sdkEnum{disconnected}} }

// A step is a participant before and now. A new participant has no before; a
// participant that is no longer shown is disconnected now.
type step struct {
	before *participant
	now    participant
}

// steps are the participants whose state has changed.
func steps(before, now frame) []step {
	was := map[[2]string]participant{}
	for _, x := range participants(before) {
		was[[2]string{x.contact.ID, x.ID}] = x
	}
	var all []step
	for _, x := range participants(now) {
		name := [2]string{x.contact.ID, x.ID}
		y, known := was[name]
		delete(was, name)
		switch {
		case !known:
			all = append(all, step{nil, x})
		case y.State.Type != x.State.Type:
			all = append(all, step{&y, x})
		}
	}
	for _, x := range participants(before) {
		if _, gone := was[[2]string{x.contact.ID, x.ID}]; gone && x.State.Type != disconnected {
			y := x
			y.State.Type = disconnected
			all = append(all, step{&x, y})
		}
	}
	return all
}

func participantTopics(before, now frame) []publication {
	var all []publication
	for _, s := range steps(before, now) {
		x := s.now
		someone := map[string]any{"participant": x.data()}
		if s.before == nil {
			all = append(all, publication{contactNamespace, "contact/participantAdded", x.contact.ID, someone})
		}
		all = append(all, publication{contactNamespace, stateChanged, x.ID, participantState{x.ID, x.contact.ID, x.state()}})
		if s.before != nil && x.State.Type == disconnected {
			all = append(all, publication{contactNamespace, "contact/participantDisconnected", x.contact.ID, someone})
		}
	}
	return all
}

type holdState struct {
	ID      string `json:"participantId"`
	Contact string `json:"contactId"`
	Held    bool   `json:"isOnHold"`
}

type resumeState struct {
	ID        string `json:"participantId"`
	Contact   string `json:"contactId"`
	CanResume bool   `json:"canResumeConnection"`
}

// holdTopics reports the participants put on hold and taken off it. An agent is on
// hold while another agent who consults them talks to the customer, and cannot resume
// themselves.
func holdTopics(before, now frame) []publication {
	var all []publication
	for _, s := range steps(before, now) {
		x, held := s.now, s.before != nil && s.before.held()
		if held == x.held() {
			continue
		}
		change := "Hold"
		if held {
			change = "Resume"
		}
		data := holdState{x.ID, x.contact.ID, x.held()}
		if x.State.Type != disconnected {
			all = append(all, publication{voiceNamespace, "voice/participant" + change, x.ID, data})
		}
		switch {
		case !x.self():
			can := resumeState{x.ID, x.contact.ID, x.held()}
			all = append(all, publication{voiceNamespace, "voice/onCanResumeParticipantChanged", x.ID, can})
		case x.State.Type != disconnected:
			all = append(all, publication{voiceNamespace, "voice/self" + change, x.contact.ID, data})
		}
	}
	return all
}

// A changedState is a change of the agent's state: a name, or all of it.
type changedState[S any] struct {
	State    S              `json:"state"`
	Previous map[string]any `json:"previous"`
}

// agentTopics are published in the namespace of contacts, which the SDK's AgentClient
// uses, and in that of agents.
func agentTopics(before, now frame) []publication {
	if before.agent.Name == "" {
		return nil // nothing has been shown yet
	}
	was, is := streamsState(before.agent, before.segments), streamsState(now.agent, now.segments)
	next, nextBefore := nextState(now), nextState(before)
	var all []publication
	for _, namespace := range []string{contactNamespace, agentNamespace} {
		if was.Name != is.Name || was.Type != is.Type {
			all = append(all,
				publication{namespace, "agent/stateChange", "", changedState[string]{is.Name, map[string]any{"state": was.Name}}},
				publication{namespace, "agent/availabilityStateChanged", "", changedState[agentState]{is, map[string]any{"state": was}}})
		}
		if (next == nil) != (nextBefore == nil) || next != nil && next.Name != nextBefore.Name {
			data := map[string]any{"nextState": next}
			if nextBefore != nil {
				data["previous"] = map[string]any{"nextState": nextBefore}
			}
			all = append(all, publication{namespace, "agent/nextAvailabilityStateChanged", "", data})
		}
	}
	return all
}

func nextState(f frame) *agentState {
	return streamsSnapshot(f.agent, nil, nil, f.agent.Since).NextState
}
