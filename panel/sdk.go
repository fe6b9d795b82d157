package panel

import "maps"

// This file registers the commands and topics for pages that use the Amazon Connect
// SDK. The page around ours talks to site/port.js, which passes requests on and routes
// publications; docs/STREAMS.md lists all commands and topics.

// Namespaces of the SDK. Its AgentClient uses the one of contacts.
const (
	contactNamespace = "aws.connect.contact"
	voiceNamespace   = "aws.connect.voice"
	agentNamespace   = "aws.connect.agent"
)

// sdk has the commands of each namespace. All others are answered with
// handlerNotFound.
var sdk = map[string]map[string]func(*ask) (outcome, error){
	contactNamespace: merge(contactCommands, agentCommands),
	voiceNamespace:   voiceCommands,
	agentNamespace:   agentCommands,

	transferNamespace: transferCommands,
}

// topics return the changes from one frame to the next, in the order in which they are
// published.
var topics = []func(before, now frame) []publication{agentTopics, lifecycleTopics, participantTopics, holdTopics}

// levels are the topics that have a value at any time. A subscription with a parameter
// is answered with the value, so that a page misses no change between a response and
// its subscription, or while our page is loaded anew. The function returns the value
// for a parameter that the pages no longer show; nil means none.
var levels = map[topic]func(parameter string) any{
	{contactNamespace, stateChanged}: goneParticipant,
}

// A topic is a name to which a page may subscribe.
type topic struct{ namespace, key string }

// A publication is a change of a topic. The page passes it to the handlers with that
// parameter and to those without one.
type publication struct {
	Namespace string `json:"namespace"`
	Key       string `json:"key"`
	Parameter string `json:"parameter,omitempty"`
	Data      any    `json:"data"`
}

// changes returns everything that is published between two frames.
func changes(before, now frame) []publication {
	var all []publication
	for _, topic := range topics {
		all = append(all, topic(before, now)...)
	}
	return all
}

// current returns the value that a topic has in a frame, or nothing if the topic is
// not one of the levels.
func current(now frame, m subscribe) []publication {
	gone, known := levels[topic{m.Namespace, m.Key}]
	if !known || m.Parameter == "" {
		return nil
	}
	var last []publication
	for _, p := range changes(frame{}, now) {
		if p.Namespace == m.Namespace && p.Key == m.Key && p.Parameter == m.Parameter {
			last = []publication{p} // the agent's earlier contact with the same customer comes first
		}
	}
	if data := gone(m.Parameter); last == nil && data != nil {
		last = []publication{{m.Namespace, m.Key, m.Parameter, data}}
	}
	return last
}

// frame is the content of the agent's pages.
func (a *ask) frame() frame {
	shown := make(chan frame, 1)
	if !a.do(func() { shown <- a.shown }) {
		return frame{} // the panel is closed
	}
	return <-shown
}

// shownContact is the contact of that contactId as the pages show it.
func (a *ask) shownContact() (contact, error) {
	id, ok := parseSegment(a.ContactID)
	if ok {
		if c := find(a.frame().cards, id); c != nil {
			return c.streams, nil
		}
	}
	return contact{}, refuse(contactNotFound, "the contact does not exist")
}

// participant is the participant of that participantId as the pages show them. If the
// agent has the same customer for the second time, it is the one in the later contact.
func (a *ask) participant() (participant, error) {
	var last *participant
	for _, x := range participants(a.frame()) {
		if x.ID == a.ParticipantID {
			last = &x
		}
	}
	if last == nil {
		return participant{}, refuse(noSuchConnection, "they are not in this contact any more")
	}
	return *last, nil
}

// onParticipant returns a command that performs a method for a connection on a
// participant.
func onParticipant(method func(*ask) (outcome, error)) func(*ask) (outcome, error) {
	return func(a *ask) (outcome, error) {
		x, err := a.participant()
		if err != nil {
			return outcome{}, err
		}
		a.ContactID, a.ConnectionID = x.contact.ID, x.ID
		return method(a)
	}
}

// onSelf returns a command that performs a method for a connection on the agent's own.
func onSelf(method func(*ask) (outcome, error)) func(*ask) (outcome, error) {
	return func(a *ask) (outcome, error) {
		s, err := a.segment(a.ContactID)
		if err != nil {
			return outcome{}, err
		}
		a.ConnectionID = connectionName(s.contact.ID, s.own.ID)
		return method(a)
	}
}

// ofContact returns a command whose result is a function of a contact.
func ofContact(get func(contact) any) func(*ask) (outcome, error) {
	return func(a *ask) (outcome, error) {
		c, err := a.shownContact()
		if err != nil {
			return outcome{}, err
		}
		return outcome{data: get(c)}, nil
	}
}

// ofParticipant returns a command whose result is a function of a participant.
func ofParticipant(get func(participant) any) func(*ask) (outcome, error) {
	return func(a *ask) (outcome, error) {
		x, err := a.participant()
		if err != nil {
			return outcome{}, err
		}
		return outcome{data: get(x)}, nil
	}
}

// ofAgent returns a command whose result is a function of the agent.
func ofAgent(get func(snapshot, configuration) any) func(*ask) (outcome, error) {
	return func(a *ask) (outcome, error) {
		u := a.update(a.frame())
		return outcome{data: get(u.Snapshot, u.Configuration)}, nil
	}
}

// merge returns the commands of several lists together.
func merge(all ...map[string]func(*ask) (outcome, error)) map[string]func(*ask) (outcome, error) {
	sum := map[string]func(*ask) (outcome, error){}
	for _, commands := range all {
		maps.Copy(sum, commands)
	}
	return sum
}
