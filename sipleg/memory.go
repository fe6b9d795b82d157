package sipleg

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"time"
)

// kind is the kind of every leg of this package.
const kind = "sip"

// memoryVersion is the version of the memories this code writes and reads.
const memoryVersion = 1

// A memory is a leg as it is written down.
type memory struct {
	Version  int             `json:"version"`
	Role     role            `json:"role"`
	Name     string          `json:"name"`
	Answered bool            `json:"answered,omitempty"`
	Ended    bool            `json:"ended,omitempty"`
	Latched  netip.AddrPort  `json:"latched,omitzero"`
	Caller   invited         `json:"caller,omitzero"`
	Audience audience        `json:"audience,omitempty"`
	Referred []referral      `json:"referred,omitempty"`
	Refused  time.Time       `json:"refused,omitzero"` // a transfer of the peer's
	Session  session         `json:"sdp"`
	Dialog   json.RawMessage `json:"dialog"`
}

// Kind implements switchboard.Leg.
func (leg) Kind() string { return kind }

// Memory implements switchboard.Leg.
func (l leg) Memory() []byte {
	written, err := json.Marshal(memory{
		memoryVersion, l.role, l.name, l.answered, l.ended, l.latched, l.caller, l.audience, l.referrals, l.refusedAt, l.session, l.dialog.Memory(),
	})
	if err != nil {
		panic(fmt.Sprintf("a leg that cannot be written down: %v", err))
	}
	return written
}

func readMemory(written []byte) (memory, error) {
	var m memory
	if err := json.Unmarshal(written, &m); err != nil {
		return m, err
	}
	if m.Version != memoryVersion {
		return m, fmt.Errorf("a memory of version %d", m.Version)
	}
	if m.Role != caller && m.Role != callee {
		return m, fmt.Errorf("a memory of a %q", m.Role)
	}
	return m, nil
}
