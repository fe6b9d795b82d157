package siptransport

import (
	"bytes"
	"net"
	"time"

	"holdfast/sipua"
)

// How long a connection waits for its far end.
const (
	halfWithin = 10 * time.Second // for the rest of a message, from its first byte
	idleFirst  = 30 * time.Second // for the first message or ping
	idleMost   = 15 * time.Minute // for the next
)

// A patient reads from a connection, and knows how long to wait for more. Its
// split reports whether that is the rest of a message.
type patient struct {
	net.Conn
	idle  time.Duration
	since time.Time // when a message began of which the rest is missing
}

// Read implements io.Reader.
func (p *patient) Read(b []byte) (int, error) {
	deadline := time.Now().Add(p.idle)
	if !p.since.IsZero() {
		deadline = p.since.Add(halfWithin)
	}
	if err := p.SetReadDeadline(deadline); err != nil {
		return 0, err
	}
	return p.Conn.Read(b)
}

func (p *patient) split(data []byte, atEOF bool) (int, []byte, error) {
	advance, token, err := sipua.SplitMessage(data, atEOF)
	switch {
	case token != nil:
		p.since, p.idle = time.Time{}, idleMost
	case p.since.IsZero() && len(bytes.Trim(data, "\r\n")) > 0:
		p.since = time.Now()
	}
	return advance, token, err
}
