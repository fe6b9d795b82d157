package webleg

import (
	"encoding/json"
	"fmt"
)

// Kind is the kind of every leg of this package.
const Kind = "web"

// memoryVersion is the version of the memories this code writes and reads.
const memoryVersion = 1

// A memory is a leg as the journal keeps it. It holds nothing of a session:
// encryption keys must not reach a disk, and no session outlives its process.
type memory struct {
	Version int    `json:"version"`
	Agent   string `json:"agent"`
	State   state  `json:"state"`
}

// Kind implements switchboard.Leg.
func (leg) Kind() string { return Kind }

// Memory implements switchboard.Leg.
func (l leg) Memory() []byte {
	written, err := json.Marshal(memory{memoryVersion, l.agent, l.state})
	if err != nil {
		panic(fmt.Sprintf("marshalling the memory of a web leg: %v", err))
	}
	return written
}

func readMemory(written []byte) (memory, error) {
	var m memory
	if err := json.Unmarshal(written, &m); err != nil {
		return m, err
	}
	if m.Version != memoryVersion {
		return m, fmt.Errorf("unknown version %d", m.Version)
	}
	switch m.State {
	case ringing, accepted, talking, away, ended:
		return m, nil
	}
	return m, fmt.Errorf("unknown state %q", m.State)
}
