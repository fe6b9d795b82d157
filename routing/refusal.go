package routing

import (
	"fmt"

	"holdfast/call"
)

// The codes of agents and queues. Each comment is a row of docs/REFUSALS.md.
const (
	UnknownAgent     call.Code = "unknown-agent"      // no agent has that name
	UnknownQueue     call.Code = "unknown-queue"      // no queue has that name
	UnknownState     call.Code = "unknown-state"      // the agent asks to be something else than available, not-ready or offline
	ReasonMissing    call.Code = "reason-missing"     // the agent asks to be not-ready without a reason
	WaitsAlready     call.Code = "waits-already"      // the customer waits in a queue already
	WithAgentAlready call.Code = "with-agent-already" // the customer is with an agent already, or being offered to one
	AgentUnavailable call.Code = "agent-unavailable"  // the agent is away, offline, not ready, busy or being offered another customer
	BeingOffered     call.Code = "being-offered"      // another customer is being offered to the agent
	TalksToAnother   call.Code = "talks-to-another"   // the agent talks to another customer, who must be put on hold first
	NotEndedYet      call.Code = "not-ended-yet"      // the contact has not ended, so there is no after-call work to clear
)

func refuse(code call.Code, format string, args ...any) error {
	return &call.Refusal{Code: code, Text: fmt.Sprintf(format, args...)}
}
