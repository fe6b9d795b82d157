package kill

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/emiago/sipgo/sip"

	"holdfast/call"
	"holdfast/sipleg"
	"holdfast/sipua"
	"holdfast/switchboard"
)

// When, about the writing of an entry, a process dies.
const (
	before  = "before"  // the entry is not written
	written = "written" // it is written, and nothing it allows has been sent
	sent    = "sent"    // it is written, and what it allows has been sent
)

// sendingTakes is more than a desk needs to send what an entry allows.
const sendingTakes = 5 * time.Millisecond

// A doom is the place at which a process dies: at an entry counted from 1.
type doom struct {
	entry int64
	when  string
	count atomic.Int64
}

// readDoom reads a point such as "7 before"; an empty one is never reached.
func readDoom(point string) (*doom, error) {
	d := &doom{}
	if point == "" {
		return d, nil
	}
	if _, err := fmt.Sscanf(point, "%d %s", &d.entry, &d.when); err != nil {
		return nil, fmt.Errorf("%s=%q: %w", pointEnv, point, err)
	}
	return d, nil
}

// doomedJournal kills its process at the doomed entry, and tells of the others.
type doomedJournal struct {
	switchboard.Journal
	*doom
}

func (j doomedJournal) Append(ctx context.Context, e switchboard.Entry, after uint64) (uint64, error) {
	n := j.count.Add(1)
	if n == j.entry && j.when == before {
		die()
	}
	seq, err := j.Journal.Append(ctx, e, after)
	if err != nil {
		return 0, err
	}
	tellPorts(e)
	if n == j.entry {
		switch j.when {
		case written:
			die()
		case sent:
			time.AfterFunc(sendingTakes, die)
		}
	}
	fmt.Println("entry", events(e))
	return seq, nil
}

func events(e switchboard.Entry) string {
	var names []string
	for _, r := range e.Events {
		names = append(names, call.EventName(r.Event))
	}
	return strings.Join(names, "+")
}

// tellPorts tells where the legs of an entry are heard.
func tellPorts(e switchboard.Entry) {
	for id, memory := range e.Legs {
		var leg struct {
			SDP struct{ At string }
		}
		if err := json.Unmarshal(memory, &leg); err == nil && leg.SDP.At != "" {
			fmt.Printf("port %s/%d %s\n", e.Contact.ID, id, leg.SDP.At)
		}
	}
}

// watchedSender tells of the requests that go out.
type watchedSender struct{ sipleg.Sender }

func (s watchedSender) Send(m sipua.Message) error {
	if r, ok := m.SIP.(*sip.Request); ok {
		fmt.Println("sent", r.To().Address.User, m.Kind)
	}
	return s.Sender.Send(m)
}

// die is what a crash, the kernel out of memory or an operator does.
func die() {
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {} // not one instruction more
}
