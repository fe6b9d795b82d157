package switchboard

import (
	"errors"
	"fmt"

	"holdfast/call"
)

// This file carries the commands of package call into a transition.

func (t *transition) command(c call.Command) {
	switch c := c.(type) {
	case call.Dial:
		t.dial(c)
	case call.Ring:
		t.planCommand(c.Connection, c)
	case call.Answer:
		t.planCommand(c.Connection, c)
	case call.Refuse:
		t.planCommand(c.Connection, c)
	case call.Drop:
		t.planCommand(c.Connection, c)
	case call.Digits:
		t.planCommand(c.Connection, c)
	case call.Join:
		t.planCommand(c.Connection, c)
	case call.Take:
		t.takes = append(t.takes, c)
	case call.Report:
		t.planCommand(c.Connection, c)
	case call.Introduce:
		t.planCommand(c.Connection, c)
	case call.Notify:
		t.notified = append(t.notified, c)
	default:
		t.desk.log.Error("a command is not supported", "command", fmt.Sprintf("%T", c))
	}
}

// planCommand makes a leg plan a command. The messages for a command wait for the
// record, whatever their class: the command itself was decided just now.
func (t *transition) planCommand(id call.ConnectionID, c call.Command) {
	leg := t.legs[id]
	if leg == nil {
		t.desk.log.Debug("a command for a line that has gone", "command", fmt.Sprintf("%T", c), "connection", id)
		return
	}
	t.follow(id, nil, leg.Plan(t.now, c))
}

// follow takes over a plan of which everything waits for the record.
func (t *transition) follow(id call.ConnectionID, in *input, p Plan) {
	t.legs[id] = p.Leg
	t.emit(in, p.Facts...)
	for _, o := range p.Out {
		t.out = append(t.out, message{id, o})
	}
}

// dial opens a leg for a party. If they cannot be dialled that is a fact like
// any other failure. Targets were permitted with the request that names them.
func (t *transition) dial(c call.Dial) {
	var err error
	if c.Party != call.Target {
		err = t.desk.board.options.Directory.Permit(c.To)
	}
	if err == nil {
		err = t.desk.board.options.Router.Reserve(t.contact, c.Connection)
		t.reserves = t.reserves || c.To.Kind == call.AgentEndpoint
	}
	if err == nil && c.To.Kind == call.QueueEndpoint {
		return // routing will post the agent it has found
	}
	var leg Leg
	if err == nil {
		leg, err = t.desk.board.Legs.Dial(t.contact.ID, t.desk.epoch, c)
	}
	if err != nil {
		t.emit(nil, failure(c.Connection, err))
		return
	}
	t.legs[c.Connection] = leg
	t.opened = append(t.opened, c.Connection)
	t.planCommand(c.Connection, c)
}

func failure(id call.ConnectionID, err error) call.Failed {
	var d *DialError
	if errors.As(err, &d) {
		return call.Failed{Connection: id, Reason: d.Reason, Detail: d.Detail}
	}
	return call.Failed{Connection: id, Reason: call.LineError, Detail: err.Error()}
}
