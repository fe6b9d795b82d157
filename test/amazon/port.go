package amazon

import (
	"context"
	"errors"
)

// This file is our own page's part for the Amazon Connect SDK. It answers from its
// last update, so it is as late as its updates.

const (
	contactNamespace = "aws.connect.contact"
	voiceNamespace   = "aws.connect.voice"
)

// A topic is the object of a subscription by a page. A parameter is the id of a
// contact or of a participant.
type topic struct {
	Namespace string `json:"namespace"`
	Key       string `json:"key"`
	Parameter string `json:"parameter,omitempty"`
}

// A portMessage is a message of the SDK.
type portMessage struct {
	Type      string
	Namespace string
	Command   string
	RequestID any
	Topic     topic
	Data      struct {
		ContactID     string
		ParticipantID string
		QuickConnect  Endpoint
	}
}

// A shown is the snapshot that the page around has got, in the words of the SDK.
type shown struct {
	contact      string // empty: none
	ended        bool
	participants []participant
}

type participant struct {
	id, kind, state string
	initial         bool
}

// show returns the current snapshot. The lock must be held.
func (s *Service) show() shown {
	c := s.contact
	if c == nil || c.removed {
		return shown{}
	}
	now := shown{contact: c.id, ended: c.ended}
	for _, x := range c.connections {
		now.participants = append(now.participants, participant{x.id, x.kind(), x.shows(c.ended), x.party == customer})
	}
	return now
}

func (s shown) find(id string) (participant, bool) {
	for _, x := range s.participants {
		if x.id == id {
			return x, true
		}
	}
	return participant{}, false
}

func (x participant) object(contact string) object {
	return object{
		"participantId": x.id, "contactId": contact, "type": object{"value": x.kind}, "isInitial": x.initial, "isSelf": x.kind == "agent",
	}
}

func (s shown) list() []object {
	all := []object{}
	for _, x := range s.participants {
		all = append(all, x.object(s.contact))
	}
	return all
}

func (s shown) object() object {
	return object{"contactId": s.contact, "initialContactId": s.contact, "type": "voice", "subtype": "connect:Telephony", "queue": basicQueue}
}

// port takes a message of the SDK.
func (p *page) port(ctx context.Context, m portMessage) {
	p.service.mu.Lock()
	now := p.shown
	switch m.Type {
	case "subscribe":
		p.sdk[m.Topic] = true
	case "unsubscribe":
		delete(p.sdk, m.Topic)
	}
	p.service.mu.Unlock()
	if m.Type != "request" {
		return
	}
	finish := p.command(m, now)
	go func() { // ends with ctx
		answer := object{"type": "response", "namespace": m.Namespace, "requestId": m.RequestID, "isError": false}
		data, err := finish(ctx)
		refused := new(refusal)
		switch {
		case errors.Is(err, errSwallowed):
			return
		case errors.As(err, &refused):
			answer["isError"], answer["errorKey"], answer["reason"] = true, refused.kind, refused.text
			answer["details"] = object{"command": m.Command}
		default:
			answer["data"] = data
		}
		p.send(toPage{Port: answer})
	}()
}

// An answering returns the result of a request.
type answering func(context.Context) (any, error)

func value(x any) answering       { return func(context.Context) (any, error) { return x, nil } }
func failure(err error) answering { return func(context.Context) (any, error) { return nil, err } }

// ask passes a page's request to the service.
func (p *page) ask(r request) answering {
	finish := p.service.begin(r)
	return func(ctx context.Context) (any, error) {
		added, err := finish(ctx)
		return object{"participantId": added}, err
	}
}

// command carries out a page's request by the SDK.
func (p *page) command(m portMessage, now shown) answering {
	switch m.Command {
	case "agent/getName":
		return value(object{"name": "ana"})
	case "agent/getARN":
		return value(object{"ARN": configuration["agentARN"]})
	case "agent/listQuickConnects":
		return value(object{"quickConnects": []Endpoint{Cardiology, Ben}, "nextToken": nil})
	case "contact/listContacts":
		if now.contact == "" {
			return value([]object{})
		}
		return value([]object{now.object()})
	case "voice/holdParticipant":
		return p.ask(request{"holdConnection", now.contact, m.Data.ParticipantID, Endpoint{}})
	case "voice/resumeParticipant":
		return p.ask(request{"resumeConnection", now.contact, m.Data.ParticipantID, Endpoint{}})
	case "contact/disconnectParticipant":
		return p.ask(request{"destroyConnection", now.contact, m.Data.ParticipantID, Endpoint{}})
	case "contact/disconnectSelf":
		return p.ask(request{"destroyConnection", m.Data.ContactID, now.self(), Endpoint{}})
	case "voice/conferenceParticipants":
		return p.ask(request{"conferenceConnections", m.Data.ContactID, "", Endpoint{}})
	case "contact/clear":
		return p.ask(request{"clearContact", m.Data.ContactID, "", Endpoint{}})
	case "contact/addParticipant":
		return p.ask(request{"createAdditionalConnection", m.Data.ContactID, "", m.Data.QuickConnect})
	}
	return read(m, now)
}

// read answers a request that changes nothing.
func read(m portMessage, now shown) answering {
	x, known := now.find(m.Data.ParticipantID)
	switch m.Command {
	case "contact/getParticipant", "contact/getParticipantState", "voice/isParticipantOnHold":
		if !known {
			return failure(noConnection)
		}
	case "contact/getContact", "contact/listParticipants":
		if now.contact == "" || now.contact != m.Data.ContactID {
			return failure(noContact)
		}
	}
	switch m.Command {
	case "contact/getContact":
		return value(now.object())
	case "contact/listParticipants":
		return value(now.list())
	case "contact/getParticipant":
		return value(x.object(now.contact))
	case "contact/getParticipantState":
		return value(object{"value": x.state})
	case "voice/isParticipantOnHold":
		return value(object{"isOnHold": x.state == hold})
	}
	return failure(&refusal{"handlerNotFound", m.Command + " is not simulated"})
}

// self returns the id of the agent's participant.
func (s shown) self() string {
	for _, x := range s.participants {
		if x.kind == "agent" {
			return x.id
		}
	}
	return ""
}

// A publication is a topic with its data.
type publication struct {
	topic
	data object
}

// publish sends to the handlers of a topic with and without its parameter. The lock of
// the service must be held.
func (p *page) publish(is publication) {
	without := is.topic
	without.Parameter = ""
	for _, t := range []topic{is.topic, without} {
		if p.sdk[t] {
			p.send(toPage{Port: object{"type": "publish", "topic": t, "data": is.data}})
		}
	}
}

// changes returns the publications from one snapshot to the next.
func changes(before, now shown) (all []publication) {
	add := func(namespace, key, parameter string, data object) {
		all = append(all, publication{topic{namespace, key, parameter}, data})
	}
	if before.contact != "" && before.contact != now.contact {
		add(contactNamespace, "contact/cleared", before.contact, before.object())
		add(contactNamespace, "contact/destroy", before.contact, before.object())
		before = shown{}
	}
	if now.contact != "" && before.contact == "" {
		add(contactNamespace, "contact/connected", now.contact, now.object())
	}
	if now.ended && !before.ended {
		add(contactNamespace, "contact/acw", now.contact, now.object())
	}
	for _, x := range now.participants {
		was, known := before.find(x.id)
		all = append(all, x.changes(now.contact, was, known)...)
	}
	for _, x := range before.participants {
		if _, still := now.find(x.id); !still && x.state != disconnected {
			gone := x
			gone.state = disconnected
			all = append(all, gone.changes(before.contact, x, true)...)
		}
	}
	return all
}

func (x participant) changes(contact string, was participant, known bool) (all []publication) {
	add := func(namespace, key, parameter string, data object) {
		all = append(all, publication{topic{namespace, key, parameter}, data})
	}
	whole := object{"participant": x.object(contact)}
	if !known {
		add(contactNamespace, "contact/participantAdded", contact, whole)
	}
	if was.state == x.state {
		return all
	}
	add(contactNamespace, "contact/participantStateChanged", x.id, object{"participantId": x.id, "contactId": contact, "state": object{"value": x.state}})
	held := object{"participantId": x.id, "contactId": contact, "isOnHold": x.state == hold}
	switch {
	case x.state == disconnected:
		add(contactNamespace, "contact/participantDisconnected", contact, whole)
	case x.state == hold:
		add(voiceNamespace, "voice/participantHold", x.id, held)
	case was.state == hold:
		add(voiceNamespace, "voice/participantResume", x.id, held)
	}
	return all
}
