package panel

import (
	"time"
)

// This file has the shapes in which an Amazon Connect Streams page wants to see
// an agent: those of the service "AmazonConnectCTIService" of 2017-02-15. Members
// that are not known are left out, as the real service does.

// A stamp is a time in JSON as JavaScript's Date reads it in every browser.
type stamp time.Time

// MarshalJSON implements json.Marshaler.
func (s stamp) MarshalJSON() ([]byte, error) {
	return []byte(time.Time(s).UTC().Format(`"2006-01-02T15:04:05.000Z"`)), nil
}

type snapshot struct {
	State        agentState        `json:"state"`
	NextState    *agentState       `json:"nextState,omitempty"`
	Availability agentAvailability `json:"agentAvailabilityState"`
	Contacts     []contact         `json:"contacts"`
	Timestamp    stamp             `json:"snapshotTimestamp"`
}

type agentState struct {
	ARN   string `json:"agentStateARN,omitempty"` // of those an agent can choose
	Type  string `json:"type"`
	Name  string `json:"name"`
	Since *stamp `json:"startTimestamp,omitempty"`
}

type agentAvailability struct {
	State string `json:"state"`
	Since stamp  `json:"timeStamp"` // so the library spells it
}

type configuration struct {
	Name              string            `json:"name"`
	Username          string            `json:"username"`
	ARN               string            `json:"agentARN"`
	Extension         string            `json:"extension"`
	Softphone         bool              `json:"softphoneEnabled"`
	AutoAccept        bool              `json:"softphoneAutoAccept"`
	Preferences       map[string]string `json:"agentPreferences"`
	Permissions       []string          `json:"permissions"`
	States            []agentState      `json:"agentStates"`
	DialableCountries []string          `json:"dialableCountries"`
	RoutingProfile    routingProfile    `json:"routingProfile"`
}

type routingProfile struct {
	Name        string         `json:"name"`
	ARN         string         `json:"routingProfileARN"`
	ID          string         `json:"routingProfileId"` // the same
	Concurrency map[string]int `json:"channelConcurrencyMap"`
	Outbound    queue          `json:"defaultOutboundQueue"`
	Queues      []queue        `json:"queues"`
}

type queue struct {
	ARN  string `json:"queueARN"`
	ID   string `json:"queueId"` // the same
	Name string `json:"name"`
}

type contact struct {
	ID               string               `json:"contactId"`        // the agent's segment
	InitialID        string               `json:"initialContactId"` // the contact
	Type             string               `json:"type"`
	State            timedState           `json:"state"`
	Status           timedState           `json:"status"` // the same
	Queue            *queue               `json:"queue,omitempty"`
	QueueTimestamp   *stamp               `json:"queueTimestamp,omitempty"`
	Connections      []connection         `json:"connections"`
	Attributes       map[string]attribute `json:"attributes"`
	Segment          map[string]string    `json:"segmentAttributes"`
	InitiationMethod string               `json:"initiationMethod"`
	Features         contactFeatures      `json:"contactFeatures"`
	Duration         string               `json:"contactDuration"`
}

type timedState struct {
	Type  string `json:"type"`
	Since stamp  `json:"timestamp"`
}

type attribute struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type contactFeatures struct {
	Attachments bool `json:"attachmentsEnabled"`
	Markdown    bool `json:"messagingMarkdownEnabled"`
	MultiParty  bool `json:"multiPartyConferenceEnabled"`
}

type connection struct {
	ID           string     `json:"connectionId"`
	Type         string     `json:"type"` // agent, inbound or outbound
	Initial      bool       `json:"initial"`
	State        timedState `json:"state"`
	Endpoint     endpoint   `json:"endpoint"`
	Address      endpoint   `json:"address"` // the same
	Mute         bool       `json:"mute"`
	ForcedMute   bool       `json:"forcedMute"`
	QuickConnect string     `json:"quickConnectName,omitempty"`
	MediaInfo    *mediaInfo `json:"softphoneMediaInfo,omitempty"` // of an agent whose page is the phone
}

type mediaInfo struct {
	CallType   string `json:"callType"`
	AutoAccept bool   `json:"autoAccept"`
	CallConfig string `json:"callConfigJson"`
}

type endpoint struct {
	ARN         string `json:"endpointARN"`
	ID          string `json:"endpointId"` // the same
	Type        string `json:"type"`       // phone_number, agent or queue
	Name        string `json:"name,omitempty"`
	PhoneNumber string `json:"phoneNumber,omitempty"`
	AgentLogin  string `json:"agentLogin,omitempty"`
	Queue       *queue `json:"queue,omitempty"`
}
