package panel

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"holdfast/call"
	"holdfast/routing"
)

// This file has the methods that a page may call.

// params are the parameters of all methods together.
type params struct {
	ContactID    string         `json:"contactId"`
	ConnectionID string         `json:"connectionId"`
	Endpoint     *endpointParam `json:"endpoint"`
	Digits       string         `json:"digits"`
	State        *stateParam    `json:"state"`
	Kind         string         `json:"kind"`
	Targets      []string       `json:"targets"`
	Confirm      bool           `json:"confirm"` // a target who answers must press 1

	// Of the SDK's commands.
	ParticipantID string          `json:"participantId"`
	QuickConnect  *endpointParam  `json:"quickConnect"`
	Attributes    json.RawMessage `json:"attributes"` // a list of names, or "*"
	StateARN      string          `json:"agentStateARN"`
	StateName     string          `json:"agentStateName"`

	// Of the commands of holdfast.transfer.
	TransferID string        `json:"transferId"`
	To         targetsParam  `json:"to"`
	Key        string        `json:"key"`
	Whisper    bool          `json:"whisper"`
	Resume     bool          `json:"resume"`
	Parallel   bool          `json:"parallel"`
	Supersede  bool          `json:"supersede"`
	RingFor    call.Duration `json:"ringFor"`
}

// An ask is a request that is being performed.
type ask struct {
	params
	*station
	ctx context.Context //nolint:containedctx // an ask lives for one call of a method
	key string          // the same key is the same request
}

// An outcome is the result of a request. If shown is set, the effect appears later,
// and the response waits until shown reports it in the agent's segment.
type outcome struct {
	data    any
	segment routing.SegmentID
	shown   func(*segment) (bool, error) // gets nil when the segment has ended
}

// shows reports whether the effect appears in these segments. After an error it
// never will.
func (o *outcome) shows(segments []segment) (bool, error) {
	if o.shown == nil {
		return true, nil
	}
	i := slices.IndexFunc(segments, func(s segment) bool { return s.SegmentID == o.segment })
	if i < 0 {
		return o.shown(nil)
	}
	return o.shown(&segments[i])
}

// done is the outcome of a request whose effect appears at once.
var done = outcome{data: struct{}{}}

// methods are those that are supported. All others are refused.
var methods = map[string]func(*ask) (outcome, error){
	"acceptContact":              (*ask).accept,
	"rejectContact":              (*ask).reject,
	"clearContact":               (*ask).clear,
	"completeContact":            (*ask).clear,
	"holdConnection":             (*ask).hold,
	"resumeConnection":           (*ask).resume,
	"destroyConnection":          (*ask).destroy,
	"createAdditionalConnection": (*ask).add,
	"addNewConnection":           (*ask).add,
	"conferenceConnections":      (*ask).conference,
	"toggleActiveConnections":    (*ask).swap,
	"sendDigits":                 (*ask).digits,
	"muteParticipant":            (*ask).muteParticipant,
	"unmuteParticipant":          (*ask).unmuteParticipant,
	"putAgentState":              (*ask).setStatus,
	"getEndpoints":               (*ask).endpoints,

	"holdfast.transfer": (*ask).transfer,
	"holdfast.pickUp":   (*ask).pickUp,
	"holdfast.cancel":   (*ask).cancel,
	"holdfast.complete": (*ask).complete,
	"holdfast.leave":    (*ask).leave,
	"holdfast.end":      (*ask).end,
}

// perform performs a request of a page.
func (s *station) perform(ctx context.Context, m request) (outcome, error) {
	method, known := methods[m.Method]
	switch {
	case m.Namespace != "":
		if method, known = sdk[m.Namespace][m.Method]; !known {
			return outcome{}, refuse(handlerNotFound, "No handler for command")
		}
	case !known:
		return outcome{}, refuse(notSupported, fmt.Sprintf("Holdfast does not support %s.", m.Method))
	}
	a := &ask{station: s, ctx: ctx, key: m.RequestID}
	if len(m.Params) > 0 {
		if err := json.Unmarshal(m.Params, &a.params); err != nil {
			return outcome{}, badParams(err)
		}
	}
	return method(a)
}

// badParams refuses parameters that are not as they must be.
func badParams(err error) error {
	wrong := new(json.UnmarshalTypeError)
	switch {
	case !errors.As(err, &wrong):
		return refuse(invalidParameter, err.Error())
	case wrong.Field != "":
		return refuse(invalidParameter, fmt.Sprintf("unexpected %s in the parameter %s", wrong.Value, wrong.Field))
	}
	return refuse(invalidParameter, "the parameters must be an object")
}

// request puts a request to the contact of a segment.
func (a *ask) request(s segment, ev call.Request) (call.Contact, error) {
	return a.panel.options.Board.Request(a.ctx, s.contact.ID, ev)
}

// simply puts a request whose effect appears at once to the contact that the page
// names.
func (a *ask) simply(event func(s segment) (call.Request, error)) (outcome, error) {
	s, err := a.segment(a.ContactID)
	if err != nil {
		return outcome{}, err
	}
	ev, err := event(s)
	if err != nil {
		return outcome{}, err
	}
	_, err = a.request(s, ev)
	return done, err
}

// connection resolves the connectionId.
func (a *ask) connection(s segment) (call.ConnectionID, error) {
	if a.ConnectionID == connectionName(s.contact.ID, s.own.ID) {
		return s.own.ID, nil
	}
	if x := s.customer(); x != nil && a.ConnectionID == connectionName(s.contact.ID, x.ID) {
		return x.ID, nil
	}
	for _, o := range s.others() {
		if a.ConnectionID == o.name {
			return o.ID, nil
		}
	}
	return 0, refuse(noSuchConnection, "they are not in this contact any more")
}

func (a *ask) accept() (outcome, error) {
	s, err := a.segment(a.ContactID)
	switch {
	case err != nil:
		return outcome{}, err
	case a.account.Desk:
		return outcome{}, refuse(invalidState, "Your phone is not this page: pick up there.")
	}
	if _, err := a.request(s, call.AcceptRequested{By: s.own.ID}); err != nil {
		return outcome{}, err
	}
	return outcome{data: struct{}{}, segment: s.SegmentID, shown: func(now *segment) (bool, error) {
		if now == nil {
			return false, refuse(invalidState, "the call has ended")
		}
		return now.own.State != call.Connecting, nil
	}}, nil
}

func (a *ask) reject() (outcome, error) {
	return a.simply(func(s segment) (call.Request, error) {
		a.turnDown(s)
		return call.RejectRequested{By: s.own.ID}, nil
	})
}

// turnDown notes that the agent rejects a call, so that it is not shown as missed.
func (s *station) turnDown(x segment) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rejected[connectionName(x.contact.ID, x.own.ID)] = true
}

func (a *ask) hold() (outcome, error) {
	return a.simply(func(s segment) (call.Request, error) {
		id, err := a.connection(s)
		return call.HoldRequested{By: s.own.ID, Connection: id}, err
	})
}

func (a *ask) resume() (outcome, error) {
	return a.simply(func(s segment) (call.Request, error) {
		id, err := a.connection(s)
		return call.ResumeRequested{By: s.own.ID, Connection: id}, err
	})
}

func (a *ask) conference() (outcome, error) {
	return a.simply(func(s segment) (call.Request, error) { return call.ConferenceRequested{By: s.own.ID}, nil })
}

func (a *ask) swap() (outcome, error) {
	return a.simply(func(s segment) (call.Request, error) { return call.SwapRequested{By: s.own.ID}, nil })
}

func (a *ask) end() (outcome, error) {
	return a.simply(func(s segment) (call.Request, error) { return call.EndRequested{By: s.own.ID}, nil })
}

func (a *ask) leave() (outcome, error) {
	return a.going(func(s segment) (call.Request, error) { return call.LeaveRequested{By: s.own.ID}, nil })
}

func (a *ask) complete() (outcome, error) {
	return a.going(func(s segment) (call.Request, error) { return call.CompleteRequested{By: s.own.ID}, nil })
}

// destroy ends a connection. For a third party it cancels the transfer, which may
// be ringing several targets.
func (a *ask) destroy() (outcome, error) {
	return a.going(func(s segment) (call.Request, error) {
		id, err := a.connection(s)
		if err != nil {
			return nil, err
		}
		if id == s.own.ID {
			a.turnDown(s)
		}
		t := s.contact.Transfer
		if t != nil && t.By == s.own.ID && transferWith(s.contact, id) == t {
			return call.CancelRequested{By: s.own.ID, Transfer: t.ID}, nil
		}
		return call.DestroyRequested{By: s.own.ID, Connection: id}, nil
	})
}

// going puts a request after which the agent may leave once customer and target have
// two-way audio. The response waits until the agent has left.
func (a *ask) going(event func(s segment) (call.Request, error)) (outcome, error) {
	s, err := a.segment(a.ContactID)
	if err != nil {
		return outcome{}, err
	}
	ev, err := event(s)
	if err != nil {
		return outcome{}, err
	}
	c, err := a.request(s, ev)
	if err != nil || c.Stage != call.Joining {
		return done, err
	}
	return outcome{data: struct{}{}, segment: s.SegmentID, shown: func(now *segment) (bool, error) {
		switch {
		case now == nil:
			return true, nil
		case now.contact.Stage == call.Joining:
			return false, nil
		}
		if f := viewFailure(now.contact); f != nil {
			return false, refuse(invalidState, f.Text)
		}
		return false, refuse(invalidState, "The customer was not handed over.")
	}}, nil
}
