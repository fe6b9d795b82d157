package operator

import (
	"time"

	"holdfast/call"
)

// How long the operator waits. An absence is believed only if it lasts, because a
// page may be shown an older snapshot once more.
const (
	commandWithin = 4 * time.Second  // for the effect of a command
	addWithin     = 8 * time.Second  // for the line of a target to appear
	settleWithin  = time.Second      // for the effect of a command that was refused
	absentFor     = 2 * time.Second  // until a line that is not shown has ended
	lateWithin    = 30 * time.Second // after which a new line is not one of our targets
	joinWithin    = 20 * time.Second // for conference, with all its tries
)

// A contact is a contact of package call with the desk it is carried out on.
//
//	see, answer, wake ─▶ settle ─▶ fact ─▶ call.Step ─▶ next ─▶ a command
type contact struct {
	id     string
	now    time.Time
	call   call.Contact
	events []call.Timed // all that call was given, to be saved

	view *snapshot // nil: the contact is not there
	gone time.Time // since when it is not

	customer, agent line
	by              call.ConnectionID // the agent's, in call
	legs            []leg             // of targets that we dialled
	adds            []add             // dialled, and no line has appeared
	added           call.ConnectionID // the last connection that was dialled

	command  *command // the one that is outstanding
	commands int      // how many there have been
	tries    []try

	conferenced bool              // a conference was asked for since the target answered
	together    bool              // after which customer and target were connected
	assume      bool              // see request.assume
	confirmed   call.ConnectionID // the agent has confirmed that a person answered there
	unproven    bool              // the transfer counts as completed without proof
	released    bool              // the agent's connection was dropped by us
	restore     bool              // the customer must be brought where call has them
	lost        bool              // the contact vanished while a transfer was under way
	reported    int               // transfers whose end was reported to the page

	out    []map[string]any
	state  map[string]any // as it was last posted
	saved  map[string]any
	wakeAt time.Time
	where  string // where the customer was when a snapshot last showed them
}

// A line is a connection of the desk that the operator follows.
type line struct {
	id     string
	absent time.Time // since when snapshots do not show it
}

// A leg is the line of a target.
type leg struct {
	line
	connection call.ConnectionID
}

// An add is a target that was dialled and has no line yet.
type add struct {
	connection call.ConnectionID
	target     call.Endpoint
	until      time.Time
}

// begin takes the time of a message. It never goes back.
func (c *contact) begin(at time.Time) {
	if at.After(c.now) {
		c.now = at
	}
	c.out = nil
}

// see takes a snapshot.
func (c *contact) see(view *snapshot) {
	c.view = view
	if view != nil {
		c.gone = time.Time{}
	} else if c.gone.IsZero() {
		c.gone = c.now
	}
	if c.command != nil {
		c.command.seen = true
	}
	c.rebind(&c.customer, call.Customer)
	c.rebind(&c.agent, call.Agent)
	c.follow(&c.customer)
	c.follow(&c.agent)
	for i := range c.legs {
		c.follow(&c.legs[i].line)
	}
	if view != nil && !view.ended {
		c.together = c.conferenced && c.bothConnected()
		c.adopted()
	}
}

// rebind follows the customer and the agent to another id.
func (c *contact) rebind(l *line, party call.Party) {
	if c.call.Stage == "" || c.shown(l.id) != "" {
		return
	}
	if other := c.first(party); other != nil && other.state != disconnected {
		*l = line{id: other.id}
	}
}

func (c *contact) follow(l *line) {
	switch {
	case c.shown(l.id) != "":
		l.absent = time.Time{}
	case l.absent.IsZero():
		l.absent = c.now
	}
}

// adopted gives lines that have appeared to the attempts that dialled them. A line
// that names another target than the latest attempt's is an earlier attempt's.
// A line that this operator has not dialled is left alone.
func (c *contact) adopted() {
	for _, shown := range c.view.connections {
		if shown.party != call.Target || shown.state == disconnected || c.isOurs(shown.id) {
			continue
		}
		if i := c.addOf(shown.target); i >= 0 {
			c.legs = append(c.legs, leg{line{id: shown.id}, c.adds[i].connection})
			c.adds = append(c.adds[:i:i], c.adds[i+1:]...)
		}
	}
}

// addOf returns which target a new line is of: the one with that address, or else
// the one dialled last; -1: none.
func (c *contact) addOf(target call.Endpoint) int {
	found := -1
	for i := range c.adds {
		if a := &c.adds[i]; !c.now.After(a.until) {
			if a.target.Kind == target.Kind && a.target.Address == target.Address {
				return i
			}
			found = i
		}
	}
	return found
}

// shown is how the latest snapshot shows a line, empty if it does not.
func (c *contact) shown(id string) lineState {
	if s := c.find(id); s != nil {
		return s.state
	}
	return ""
}

func (c *contact) find(id string) *connection {
	if c.view == nil {
		return nil
	}
	for i := range c.view.connections {
		if c.view.connections[i].id == id {
			return &c.view.connections[i]
		}
	}
	return nil
}

// first returns the first line of a party, rather one that has not ended.
func (c *contact) first(party call.Party) *connection {
	var found *connection
	for i := range c.view.list() {
		if x := &c.view.connections[i]; x.party == party && (found == nil || found.state == disconnected) {
			found = x
		}
	}
	return found
}

func (s *snapshot) list() []connection {
	if s == nil {
		return nil
	}
	return s.connections
}

// live reports whether a line is shown and has not ended.
func (c *contact) live(id string) bool {
	state := c.shown(id)
	return state != "" && state != disconnected
}

// hasEnded reports whether a line has ended, or has been absent for long enough.
func (c *contact) hasEnded(l line) bool {
	state := c.shown(l.id)
	return state == disconnected || state == "" && !c.now.Before(l.absent.Add(absentFor))
}

// vanished reports whether the agent has no part in the contact any more.
func (c *contact) vanished() bool {
	if c.view == nil {
		return !c.now.Before(c.gone.Add(absentFor))
	}
	return c.view.ended
}

func (c *contact) isOurs(id string) bool {
	for i := range c.legs {
		if c.legs[i].id == id {
			return true
		}
	}
	return false
}

// foreign returns a line of a target that we have not dialled, or nil.
func (c *contact) foreign() *connection {
	for i := range c.view.list() {
		x := &c.view.connections[i]
		if x.party == call.Target && x.state != disconnected && !c.isOurs(x.id) {
			return x
		}
	}
	return nil
}

// legOf returns the latest leg of a connection, or nil.
func (c *contact) legOf(id call.ConnectionID) *leg {
	for i := len(c.legs) - 1; i >= 0; i-- {
		if c.legs[i].connection == id {
			return &c.legs[i]
		}
	}
	return nil
}

// in returns a connection of package call, or nil.
func (c *contact) in(id call.ConnectionID) *call.Connection {
	for i := range c.call.Connections {
		if c.call.Connections[i].ID == id {
			return &c.call.Connections[i]
		}
	}
	return nil
}

// attempt returns the attempt under way, or nil.
func (c *contact) attempt() *call.Attempt {
	if c.call.Transfer == nil {
		return nil
	}
	for i := range c.call.Transfer.Attempts {
		if a := &c.call.Transfer.Attempts[i]; a.Ended.IsZero() {
			return a
		}
	}
	return nil
}

// bothConnected reports whether customer and target are shown connected.
func (c *contact) bothConnected() bool {
	return c.last() != nil && c.shown(c.customer.id) == connected && c.shown(c.targetLine()) == connected
}

// over reports whether there is nothing left to remember.
func (c *contact) over() bool {
	return c.view == nil && (c.call.Stage == "" || c.vanished() && c.command == nil)
}

// last returns the latest transfer, or nil.
func (c *contact) last() *call.Transfer {
	if c.call.Transfer != nil {
		return c.call.Transfer
	}
	if n := len(c.call.Past); n > 0 {
		return &c.call.Past[n-1]
	}
	return nil
}

func (c *contact) post(messages ...map[string]any) { c.out = append(c.out, messages...) }
