package client

import "time"

// A Phone is how the phone of an agent is reached.
type Phone struct {
	Kind          string            `json:"kind"`                    // "registers", "fixed" or "browser"
	Address       string            `json:"address,omitempty"`       // of a fixed phone
	Registrations []Registration    `json:"registrations,omitempty"` // where it is registered; calls go to the last
	Lost          *LostRegistration `json:"lost,omitempty"`          // the last place of one that is registered nowhere
}

// A Registration is a place where a phone is registered.
type Registration struct {
	Address   string    `json:"address"`
	From      string    `json:"from"` // the address and port it registers from
	UserAgent string    `json:"userAgent,omitempty"`
	Since     time.Time `json:"since,omitzero"`
	Until     time.Time `json:"until"`
}

// A LostRegistration is one that has ended.
type LostRegistration struct {
	Registration
	At     time.Time `json:"at"`
	Reason string    `json:"reason"` // "expired", "unregistered", "replaced" or "evicted"
}
