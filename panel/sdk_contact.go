package panel

import (
	"encoding/json"
	"maps"
	"slices"
	"time"

	"holdfast/call"
)

// This file has the SDK's commands about contacts and voice. Commands that change
// something use the methods for Streams; the others read the content of the agent's
// pages.

var contactCommands = map[string]func(*ask) (outcome, error){
	"contact/accept":         (*ask).accept,
	"contact/reject":         (*ask).reject,
	"contact/clear":          (*ask).clear,
	"contact/disconnectSelf": onSelf((*ask).destroy),

	"contact/addParticipant":        (*ask).addParticipant,
	"contact/disconnectParticipant": onParticipant((*ask).destroy),
	"contact/listParticipants":      ofContact(func(c contact) any { return participantsOf(c) }),
	"contact/getParticipant":        ofParticipant(func(x participant) any { return x.data() }),
	"contact/getParticipantState":   ofParticipant(func(x participant) any { return x.state() }),

	"contact/listContacts":        (*ask).listContacts,
	"contact/getContact":          ofContact(func(c contact) any { return contactData{identify(c), c.Queue} }),
	"contact/getInitialContactId": ofContact(func(c contact) any { return map[string]any{"initialContactId": c.InitialID} }),
	"contact/getType":             ofContact(func(c contact) any { return map[string]any{"type": c.Type} }),
	"contact/getChannelType":      ofContact(func(c contact) any { return channelType{c.Type, telephony} }),
	"contact/getStateDuration":    (*ask).stateDuration,
	"contact/getAttributes":       (*ask).attributes,
	"contact/getQueue":            (*ask).contactQueue,
	"contact/getQueueTimestamp":   ofContact(func(c contact) any { return map[string]any{"queueTimestamp": c.QueueTimestamp} }),
	"contact/isAutoAcceptEnabled": ofContact(func(contact) any { return map[string]any{"isAutoAcceptEnabled": false} }),
	"contact/isPreviewMode":       ofContact(func(contact) any { return map[string]any{"isPreviewMode": false} }),
}

var voiceCommands = map[string]func(*ask) (outcome, error){
	"voice/conferenceParticipants": (*ask).conference,
	"voice/holdParticipant":        onParticipant((*ask).hold),
	"voice/resumeParticipant":      onParticipant((*ask).resume),
	"voice/holdSelf":               onSelf((*ask).hold),
	"voice/resumeSelf":             onSelf((*ask).resume),

	"voice/isParticipantOnHold":  ofParticipant(func(x participant) any { return map[string]any{"isOnHold": x.held()} }),
	"voice/canResumeParticipant": ofParticipant(func(x participant) any { return map[string]any{"canResumeParticipant": x.held() && !x.self()} }),
	"voice/isSelfOnHold":         ofContact(func(c contact) any { return map[string]any{"isOnHold": self(c).held()} }),
	"voice/canResumeSelf":        ofContact(func(contact) any { return map[string]any{"canResumeSelf": false} }),

	"contact/getPhoneNumber":              ofContact(phoneNumber), // the package has it in this namespace
	"voice/getInitialCustomerPhoneNumber": ofContact(phoneNumber),

	"voice/getOutboundCallPermission": always(map[string]any{"outboundCallPermission": false}),
	"voice/listDialableCountries":     always([]string{}),
	"voice/getVoiceEnhancementMode":   always(map[string]any{"voiceEnhancementMode": "NONE"}),
}

// telephony is the subtype of all our contacts.
const telephony = "connect:Telephony"

type channelType struct {
	Type    string `json:"type"`
	Subtype string `json:"subtype"`
}

// A contactIdentity is a contact in the SDK's lists and topics.
type contactIdentity struct {
	ID        string `json:"contactId"`
	InitialID string `json:"initialContactId"`
	channelType
}

type contactData struct {
	contactIdentity
	Queue *queue `json:"queue,omitempty"`
}

func identify(c contact) contactIdentity {
	return contactIdentity{c.ID, c.InitialID, channelType{c.Type, telephony}}
}

// A participant is a connection with its contact, as the pages show them.
type participant struct {
	connection
	contact contact
}

// participantData is the SDK's shape of a participant.
type participantData struct {
	ID      string  `json:"participantId"`
	Contact string  `json:"contactId"`
	Type    sdkEnum `json:"type"`
	Initial bool    `json:"isInitial"`
	Self    bool    `json:"isSelf"`
}

// An sdkEnum is one of the SDK's types or states.
type sdkEnum struct {
	Value string `json:"value"`
}

func (x participant) data() participantData {
	return participantData{x.ID, x.contact.ID, sdkEnum{x.Type}, x.Initial, x.self()}
}

func (x participant) state() sdkEnum { return sdkEnum{x.State.Type} }
func (x participant) held() bool     { return x.State.Type == onHold }
func (x participant) self() bool     { return x.Type == agentLeg } // other agents are outbound

// participants are those of all contacts.
func participants(f frame) []participant {
	var all []participant
	for _, c := range f.cards {
		for _, x := range c.streams.Connections {
			all = append(all, participant{x, c.streams})
		}
	}
	return all
}

func participantsOf(c contact) []participantData {
	all := []participantData{}
	for _, x := range c.Connections {
		all = append(all, participant{x, c}.data())
	}
	return all
}

// self is the agent in a contact, whose connection is always the first.
func self(c contact) participant { return participant{c.Connections[0], c} }

func phoneNumber(c contact) any {
	for _, x := range c.Connections {
		if x.Initial {
			return map[string]any{"phoneNumber": x.Endpoint.PhoneNumber}
		}
	}
	return map[string]any{"phoneNumber": ""}
}

// always returns a command that has always the same result.
func always(data any) func(*ask) (outcome, error) {
	return func(*ask) (outcome, error) { return outcome{data: data}, nil }
}

// addParticipant adds a third party. Its participantId is that of the transfer, also
// while several targets are tried.
func (a *ask) addParticipant() (outcome, error) {
	target, err := a.target(a.QuickConnect)
	if err != nil {
		return outcome{}, err
	}
	c, err := a.handOver(call.TransferRequested{Kind: call.Warm, Target: target})
	if err != nil {
		return outcome{}, err
	}
	id := ""
	for _, t := range c.Past {
		if t.Key == a.key {
			id = t.ID
		}
	}
	if t := c.Transfer; t != nil && t.Key == a.key {
		id = t.ID
	}
	return outcome{data: map[string]any{"participantId": string(c.ID) + "_" + id}}, nil
}

func (a *ask) listContacts() (outcome, error) {
	all := []contactIdentity{}
	for _, c := range a.frame().cards {
		all = append(all, identify(c.streams))
	}
	return outcome{data: all}, nil
}

// stateDuration is in milliseconds.
func (a *ask) stateDuration() (outcome, error) {
	c, err := a.shownContact()
	if err != nil {
		return outcome{}, err
	}
	passed := a.now().Sub(time.Time(c.State.Since))
	return outcome{data: map[string]any{"stateDuration": passed.Milliseconds()}}, nil
}

func (a *ask) contactQueue() (outcome, error) {
	c, err := a.shownContact()
	if err == nil && c.Queue == nil {
		err = refuse(noResult, "No Result Found")
	}
	return outcome{data: c.Queue}, err
}

func (a *ask) attributes() (outcome, error) {
	c, err := a.shownContact()
	if err != nil {
		return outcome{}, err
	}
	chosen, err := choose(c.Attributes, a.Attributes)
	return outcome{data: chosen}, err
}

// choose returns the attributes that a page names, as far as they exist, or all of
// them if it writes "*".
func choose(all map[string]attribute, written json.RawMessage) (map[string]string, error) {
	var names []string
	var one string
	switch {
	case json.Unmarshal(written, &one) == nil && one == "*":
		names = slices.Collect(maps.Keys(all))
	case json.Unmarshal(written, &names) != nil:
		return nil, refuse(invalidParameter, `the parameter attributes must be "*" or a list of names`)
	}
	found := map[string]string{}
	for _, name := range names {
		if x, has := all[name]; has {
			found[name] = x.Value
		}
	}
	return found, nil
}
