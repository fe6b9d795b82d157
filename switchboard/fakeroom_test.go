package switchboard

import (
	"sync"

	"holdfast/call"
)

// fakeRoom joins everyone it is told of, but those who are deaf. It is the room of all
// contacts but the second.
type fakeRoom struct {
	mu     sync.Mutex
	audio  call.Mix
	sets   int
	deaf   map[call.ConnectionID]bool
	stuck  bool // ignores Set
	closed bool
}

func (r *fakeRoom) stick(stuck bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stuck = stuck
}

// hears is the mix that was set last.
func (r *fakeRoom) hears() call.Mix {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.audio
}

func (r *fakeRoom) Room(id call.ContactID) Room {
	if id == second {
		return &fakeRoom{}
	}
	return r
}

func (r *fakeRoom) Set(s call.Mix) []call.ConnectionID {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.sets++; !r.stuck {
		r.audio = s
	}
	var joined []call.ConnectionID
	for _, h := range s {
		if !r.deaf[h.Connection] {
			joined = append(joined, h.Connection)
		}
	}
	return joined
}

func (r *fakeRoom) Close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
}

// fakeDirectory denies one address, and knows that sip:ben@elsewhere is the agent ben.
type fakeDirectory struct{ denied string }

func (f fakeDirectory) Canonical(e call.Endpoint) call.Endpoint {
	if e.Address == "sip:ben@elsewhere" {
		return call.Endpoint{Kind: call.AgentEndpoint, Address: "ben"}
	}
	return e
}

func (f fakeDirectory) Permit(e call.Endpoint) error {
	if e.Address == f.denied {
		return &DialError{call.Denied, "not allowed"}
	}
	return nil
}
