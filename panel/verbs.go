package panel

import (
	"holdfast/call"
)

// verbs returns the requests an agent can make in a segment, for the buttons of the
// page. The contact decides: any other request is passed to it as well.
func verbs(s segment) []string {
	held := false
	if x := s.customer(); x != nil {
		held = x.State == call.Held
	}
	switch phaseOf(s) {
	case ringingPhase:
		return []string{"accept", "reject"}
	case dialingPhase:
		if s.own.State == call.Connecting { // a desk phone has dialled
			return []string{"end"}
		}
		return []string{"mute", "end"}
	case talkingPhase:
		if s.called() {
			return []string{"mute", "hangUp"}
		}
		if held {
			return []string{"resume", "mute", "transfer", "digits", "end"}
		}
		return []string{"hold", "mute", "transfer", "digits", "end"}
	case reachingPhase:
		return []string{"mute", "cancel", "leave"}
	case consultPhase:
		if held {
			return []string{"mute", "swap", "join", "complete", "cancel", "digits"}
		}
		return append(consulted(s), "mute", "complete", "cancel", "digits")
	case targetPhase:
		return []string{"mute", "hangUp"}
	case finishPhase:
		return []string{"mute", "end"}
	case joiningPhase, awayPhase, endedPhase, missedPhase, rejectedPhase:
	}
	return []string{}
}

// consulted returns the requests possible while the customer is not on hold.
func consulted(s segment) []string {
	for _, o := range s.others() {
		if o.State == call.Held {
			return []string{"swap", "join"}
		}
	}
	return []string{"swap"}
}
