package sipleg

import (
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"

	"holdfast/call"
	"holdfast/sipua"
	"holdfast/switchboard"
)

// This file has INVITE with Replaces (RFC 3891): an agent goes on with a call on their
// other phone.

// replace deals with an INVITE that names a call to be replaced. The agent of the phone has
// been found out; "" means that a trunk calls.
func (l *Legs) replace(m sipua.Received, r *sip.Request, agent string, named sipua.Replaces) {
	at, status, reason := l.replaceable(agent, named)
	if status != 0 {
		l.denied(m, agent, r, errors.New("it replaces a call: "+reason))
		l.send(sipua.Refuse(m, status, reason))
		return
	}
	identity := sipua.RandomIdentity()
	step := sipua.NewCallee(l.local, identity, 1, l.now(), m)
	offered, ok := firstOffer(step)
	if !ok {
		l.send(step.Out...)
		return
	}
	if _, err := newSession().answer(l.local.Address, withAddress(offered.SDP, l.local.HostOf(m))); offered.SDP != nil && err != nil {
		l.send(sipua.Refuse(m, 488, "Not Acceptable Here"))
		return
	}
	key := joiningKey(r)
	if !l.joining.begin(l.now(), key) {
		return // a repetition, by another connection, and the first is being dealt with
	}
	by := invitedBy(r)
	by.Agent = agent
	n := newcomer{message{m, agent}, l, key, identity, by}
	err := l.board.Replace(at.Contact, switchboard.Replacement{
		Connection: at.Connection, Agent: call.Endpoint{Kind: call.AgentEndpoint, Address: agent},
		First: n.message, Open: n.open, Refuse: n.refuse,
	})
	if err != nil {
		n.refuse(err)
	}
}

// replaceable returns the place of the line that is named, or the status with which the
// call is refused. Only a line of the same agent is replaced; one that rings is answered.
func (l *Legs) replaceable(agent string, named sipua.Replaces) (at call.Place, status int, reason string) {
	if agent == "" {
		return at, 403, "Forbidden"
	}
	a := l.named(named)
	if a == nil {
		return at, 481, "Call/Transaction Does Not Exist"
	}
	at = call.Place{Contact: a.contact, Connection: a.connection}
	c, _ := l.board.Contact(a.contact) // one that is not there has no connections
	i := slices.IndexFunc(c.Connections, func(x call.Connection) bool { return x.ID == a.connection })
	switch {
	case i < 0:
		return at, 603, "Decline"
	case c.Connections[i].Endpoint != call.Endpoint{Kind: call.AgentEndpoint, Address: agent}:
		return at, 403, "Forbidden"
	case named.EarlyOnly && c.Connections[i].State != call.Connecting:
		return at, 486, "Busy Here"
	}
	return at, 0, ""
}

// A newcomer is a line on which an agent's phone calls, to take the place of another line
// of that agent.
type newcomer struct {
	message
	lines    *Legs
	key      string // of joining
	identity sipua.Identity
	by       invited
}

// open makes the line's leg as a connection of the contact.
func (n newcomer) open(id call.ContactID, connection call.ConnectionID, epoch uint16) (switchboard.Leg, switchboard.Incoming, error) {
	l := n.lines
	if l.joining.isCancelled(n.key) {
		return nil, nil, errors.New("the phone has cancelled its call")
	}
	step := sipua.NewCallee(l.local, n.identity, epoch, l.now(), n.Received)
	opened, err := l.called(n.Received, step, call.Place{Contact: id, Connection: connection}, n.name, n.by)
	if err != nil {
		return nil, nil, err
	}
	return opened, arrival{message: n.message, lines: l, step: step}, nil
}

// refuse answers the call of a line that takes no other's place.
func (n newcomer) refuse(err error) {
	n.lines.joining.end(n.key)
	refused, isRefusal := errors.AsType[*call.Refusal](err)
	switch {
	case isRefusal && refused.Code == call.NotYourCall:
		n.lines.send(sipua.Refuse(n.Received, 403, "Forbidden"))
	case isRefusal, errors.Is(err, switchboard.ErrNoContact):
		n.lines.send(sipua.Refuse(n.Received, 603, "Decline"))
	default:
		n.lines.refuse(n.Received, retrySoon)
	}
}

// joining are the INVITEs with Replaces that are being dealt with. While the leg of one is
// not there, a repetition must not be taken for another call, and a CANCEL must not be lost.
type joining struct {
	mu        sync.Mutex
	since     map[string]time.Time
	cancelled map[string]bool
}

// joiningFor is longer than an INVITE is repeated (timer B), or waits for the journal.
const joiningFor = 40 * time.Second

// joiningKey names the INVITE that a request is, or cancels.
func joiningKey(r *sip.Request) string { return sipua.BranchOf(r) + " " + r.CallID().Value() }

// begin takes note of an INVITE, and reports false if it is there already.
func (j *joining) begin(now time.Time, key string) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	for k, at := range j.since {
		if now.Sub(at) >= joiningFor {
			delete(j.since, k)
			delete(j.cancelled, k)
		}
	}
	if _, is := j.since[key]; is {
		return false
	}
	if j.since == nil {
		j.since, j.cancelled = map[string]time.Time{}, map[string]bool{}
	}
	j.since[key] = now
	return true
}

// end forgets an INVITE that is refused: a repetition gets an answer again.
func (j *joining) end(key string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	delete(j.since, key)
	delete(j.cancelled, key)
}

// cancel takes note of a CANCEL, if its INVITE is there.
func (j *joining) cancel(key string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if _, is := j.since[key]; is {
		j.cancelled[key] = true
	}
}

func (j *joining) isCancelled(key string) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.cancelled[key]
}

// has reports whether an INVITE is there already. It costs next to nothing.
func (j *joining) has(now time.Time, key string) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	at, is := j.since[key]
	return is && now.Sub(at) < joiningFor
}
