package panel

import (
	"errors"
	"fmt"
	"strings"

	"holdfast/call"
	"holdfast/routing"
	"holdfast/switchboard"
)

// An endpointParam is an endpoint as a page names it: one that getEndpoints has
// given it, or one of its own.
type endpointParam struct {
	ARN         string `json:"endpointARN"`
	ID          string `json:"endpointId"`
	Type        string `json:"type"`
	Name        string `json:"name"`
	PhoneNumber string `json:"phoneNumber"`
	AgentLogin  string `json:"agentLogin"`
	Queue       *queue `json:"queue"`
}

// A stateParam is an agent state as a page names it.
type stateParam struct {
	ARN  string `json:"agentStateARN"`
	Type string `json:"type"`
	Name string `json:"name"`
}

// target resolves an endpoint that a page names.
func (a *ask) target(e *endpointParam) (call.Endpoint, error) {
	if e == nil {
		return call.Endpoint{}, refuse(badEndpoint, "the endpoint is missing")
	}
	for _, known := range a.panel.options.Directory.Endpoints() {
		if id := streamsEndpoint(known).ARN; id == e.ARN || id == e.ID {
			return known, nil
		}
	}
	written := e.PhoneNumber
	switch e.Type {
	case "agent":
		written = e.AgentLogin
	case "queue":
		if written = ""; e.Queue != nil {
			written = e.Queue.Name
		}
	}
	if written == "" {
		written = e.Name
	}
	return a.named(written)
}

// named resolves the text that a person has typed. An address that has a name gets
// it.
func (a *ask) named(written string) (call.Endpoint, error) {
	e, err := a.panel.options.Directory.Endpoint(written)
	if unknown := new(switchboard.DialError); errors.As(err, &unknown) {
		return e, err
	}
	if err != nil {
		return e, refuse(badEndpoint, err.Error())
	}
	for _, known := range a.panel.options.Directory.Endpoints() {
		if known.Kind == e.Kind && known.Address == e.Address && e.Name == "" {
			return known, nil
		}
	}
	return e, nil
}

// add adds a third party, by a warm transfer: the core holds the customer by itself,
// and the page's next steps decide how the transfer ends.
func (a *ask) add() (outcome, error) {
	target, err := a.target(a.Endpoint)
	if err != nil {
		return outcome{}, err
	}
	_, err = a.handOver(call.TransferRequested{Kind: call.Warm, Target: target})
	return done, err
}

// transfer asks for a whole transfer.
func (a *ask) transfer() (outcome, error) {
	var targets []call.Endpoint
	for _, written := range a.Targets {
		if strings.TrimSpace(written) == "" {
			continue
		}
		target, err := a.named(written)
		if err != nil {
			return outcome{}, err
		}
		targets = append(targets, target)
	}
	if len(targets) == 0 {
		return outcome{}, refuse(badEndpoint, "Enter a name, a phone number or a sip: address.")
	}
	_, err := a.handOver(call.TransferRequested{
		Kind: call.Kind(a.Kind), Target: targets[0], Others: targets[1:], Manner: call.Manner{Confirm: a.Confirm},
	})
	return done, err
}

// handOver requests a transfer, and returns the contact in which it has begun.
func (a *ask) handOver(ev call.TransferRequested) (call.Contact, error) {
	s, err := a.segment(a.ContactID)
	if err != nil {
		return call.Contact{}, err
	}
	if err := a.permit(append([]call.Endpoint{ev.Target}, ev.Others...)); err != nil {
		return call.Contact{}, err
	}
	ev.By, ev.Key = s.own.ID, a.key
	c, err := a.request(s, ev)
	if err != nil {
		return call.Contact{}, err
	}
	if f := viewFailure(c); c.Transfer == nil && f != nil { // no target could be rung
		return call.Contact{}, refuse(badEndpoint, f.Text)
	}
	return c, nil
}

// permit refuses targets that may not be dialled, in words for the agent; the log has
// those of the configuration.
func (a *ask) permit(targets []call.Endpoint) error {
	for _, target := range targets {
		err := a.panel.options.Directory.Permit(target)
		if err == nil {
			continue
		}
		why := call.LineError
		if refused := new(switchboard.DialError); errors.As(err, &refused) {
			why = refused.Reason
		}
		if a.panel.odd.AllowN(a.now(), 1) {
			a.panel.log.Info("refusing a transfer", "agent", a.account.Agent, "target", target.Address, "err", err)
		}
		code := call.Code(why) // the HTTP interface has it as the problem's reason
		return refuse(code, failureText(target, why, ""))
	}
	return nil
}

func (a *ask) cancel() (outcome, error) {
	return a.simply(func(s segment) (call.Request, error) { return call.CancelRequested{By: s.own.ID}, nil })
}

// digits presses keys on a party's line. The agent's own connection stands for the
// party that the agent talks to.
func (a *ask) digits() (outcome, error) {
	return a.simply(func(s segment) (call.Request, error) {
		id, err := a.connection(s)
		if err == nil && id == s.own.ID {
			id = s.talksTo()
		}
		return call.DigitsRequested{By: s.own.ID, Connection: id, Digits: a.Digits}, err
	})
}

// talksTo is the party that the agent talks to: the last one that joined, or else the
// customer.
func (s segment) talksTo() call.ConnectionID {
	var id call.ConnectionID
	if x := s.customer(); x != nil {
		id = x.ID
	}
	for _, x := range s.contact.Connections {
		if x.ID != s.own.ID && x.State == call.Connected {
			id = x.ID
		}
	}
	return id
}

func (a *ask) muteParticipant() (outcome, error)   { return a.muteOwn(true) }
func (a *ask) unmuteParticipant() (outcome, error) { return a.muteOwn(false) }

func (a *ask) muteOwn(on bool) (outcome, error) {
	return a.simply(func(s segment) (call.Request, error) {
		id, err := a.connection(s)
		if err == nil && id != s.own.ID {
			err = refuse(notSupported, "Holdfast mutes only the agent's own connection.")
		}
		return call.MuteRequested{By: s.own.ID, Muted: on}, err
	})
}

func (a *ask) setStatus() (outcome, error) {
	if a.State == nil {
		return outcome{}, refuse(noSuchAgentState, "the state is missing")
	}
	status, known := chosen(*a.State, a.panel.options.NotReady)
	if !known {
		return outcome{}, refuse(noSuchAgentState, fmt.Sprintf("no agent can choose to be %.40q", a.State.Name))
	}
	return done, a.panel.options.Routing.SetStatus(a.ctx, a.account.Agent, status)
}

// clear ends the after-call work of a segment. Clearing it again does nothing.
func (a *ask) clear() (outcome, error) {
	id, ok := parseSegment(a.ContactID)
	if !ok {
		return outcome{}, refuse(contactNotFound, "the contact does not exist")
	}
	agent, _ := a.panel.options.Routing.Agent(a.account.Agent)
	if x := agent.Segment(id); x == nil || x.State != routing.AfterCallWork {
		if _, err := a.segment(a.ContactID); err == nil {
			return outcome{}, refuse(invalidState, "the contact has not ended yet")
		}
		return done, nil
	}
	return done, a.panel.options.Routing.Clear(a.ctx, a.account.Agent, id)
}

// endpoints returns all endpoints that the agent can choose from.
func (a *ask) endpoints() (outcome, error) {
	all := []endpoint{}
	for _, e := range a.panel.options.Directory.Endpoints() {
		if e.Kind != call.AgentEndpoint || e.Address != a.account.Agent {
			all = append(all, streamsEndpoint(e))
		}
	}
	return outcome{data: map[string]any{"endpoints": all}}, nil
}
