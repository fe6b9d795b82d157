package panel

import (
	"fmt"

	"holdfast/call"
	"holdfast/routing"
)

// This file has the SDK's commands about the agent.

var agentCommands = map[string]func(*ask) (outcome, error){
	"agent/getARN":                         ofAgent(func(_ snapshot, c configuration) any { return map[string]any{"ARN": c.ARN} }),
	"agent/getName":                        ofAgent(func(_ snapshot, c configuration) any { return map[string]any{"name": c.Name} }),
	"agent/getExtension":                   ofAgent(func(_ snapshot, c configuration) any { return map[string]any{"extension": c.Extension} }),
	"agent/getState":                       ofAgent(func(s snapshot, _ configuration) any { return s.State }),
	"agent/getAvailabilityState":           ofAgent(func(s snapshot, _ configuration) any { return availability{s.State, s.NextState} }),
	"agent/getRoutingProfile":              ofAgent(func(_ snapshot, c configuration) any { return c.RoutingProfile }),
	"agent/getChannelConcurrency":          ofAgent(func(_ snapshot, c configuration) any { return c.RoutingProfile.Concurrency }),
	"agent/getDefaultOutboundQueue":        ofAgent(func(_ snapshot, c configuration) any { return c.RoutingProfile.Outbound }),
	"agent/getRoutingProfileQueues":        ofAgent(func(_ snapshot, c configuration) any { return c.RoutingProfile.Queues }),
	"agent/getDialableCountries":           ofAgent(func(_ snapshot, c configuration) any { return map[string]any{"dialableCountries": c.DialableCountries} }),
	"agent/listSecurityProfilePermissions": ofAgent(func(_ snapshot, c configuration) any { return map[string]any{"permissions": c.Permissions} }),
	"agent/listAvailabilityStates":         ofAgent(func(_ snapshot, c configuration) any { return c.States }),
	"agent/listQuickConnects":              (*ask).quickConnects,
	"agent/setAvailabilityState":           (*ask).setAvailability,
	"agent/setAvailabilityStateByName":     (*ask).setAvailability,
	"agent/setOffline":                     (*ask).setOffline,
}

type availability struct {
	agentState
	Next *agentState `json:"nextState,omitempty"`
}

// A changedAvailability reports whether a state has been set (updated), or will be set
// after the agent's contacts have ended (queued).
type changedAvailability struct {
	Status  string      `json:"status"`
	Current agentState  `json:"current"`
	Next    *agentState `json:"next,omitempty"`
}

// setAvailability sets the state that the ARN or the name stands for.
func (a *ask) setAvailability() (outcome, error) {
	status, known := chosen(stateParam{ARN: a.StateARN, Name: a.StateName}, a.panel.options.NotReady)
	if !known {
		return outcome{}, refuse(noSuchAgentState, fmt.Sprintf("no agent can choose to be %.40q", a.StateName+a.StateARN))
	}
	return a.setTo(status)
}

func (a *ask) setOffline() (outcome, error) { return a.setTo(routing.Status{State: routing.Offline}) }

func (a *ask) setTo(status routing.Status) (outcome, error) {
	if err := a.panel.options.Routing.SetStatus(a.ctx, a.account.Agent, status); err != nil {
		return outcome{}, err
	}
	agent, _ := a.panel.options.Routing.Agent(a.account.Agent)
	now := streamsSnapshot(agent, a.segments(), nil, a.now())
	if now.NextState != nil {
		return outcome{data: changedAvailability{"queued", now.State, now.NextState}}, nil
	}
	return outcome{data: changedAvailability{Status: "updated", Current: now.State}}, nil
}

// A quickConnect is the SDK's shape of an endpoint.
type quickConnect struct {
	Type        string `json:"type"` // agent, queue or phone_number
	ARN         string `json:"endpointARN"`
	Name        string `json:"name"`
	PhoneNumber string `json:"phoneNumber,omitempty"`
}

// quickConnects returns all endpoints at once, whatever queues the page names.
func (a *ask) quickConnects() (outcome, error) {
	all := []quickConnect{}
	for _, e := range a.panel.options.Directory.Endpoints() {
		if e.Kind != call.AgentEndpoint || e.Address != a.account.Agent {
			x := streamsEndpoint(e)
			all = append(all, quickConnect{x.Type, x.ARN, x.Name, x.PhoneNumber})
		}
	}
	return outcome{data: map[string]any{"quickConnects": all, "nextToken": nil}}, nil
}
