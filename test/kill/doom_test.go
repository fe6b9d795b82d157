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

	"holdfast/notation"
	"holdfast/sipleg"
	"holdfast/sipua"
	"holdfast/switchboard"
)

// When, about the writing of an entry, a process dies.
const (
	before   = "before"   // the entry is not written; what may be heard ahead of it was
	written  = "written"  // it is written, and nothing it allows has been sent
	sent     = "sent"     // it is written, and what it allows has been sent
	stopping = "stopping" // by SIGTERM, while it is being written
)

// heardFor is long enough for people to hear what may precede an entry.
const heardFor = 60 * time.Millisecond

// sendingTakes is more than a desk needs to send what an entry allows.
const sendingTakes = 5 * time.Millisecond

// What is written: entries of contacts, how agents and queues are, and where
// phones have registered.
const (
	contacts = "contact"
	routing  = "routing"
	phones   = "phone"
)

// A doom is the place at which a process dies: at an entry counted from 1.
type doom struct {
	entry int64
	when  string
	count atomic.Int64
}

// readDooms reads a point such as "contact 7 before", which is a doom of one of
// the three; of an empty one there is none.
func readDooms(point string) (map[string]*doom, error) {
	dooms := map[string]*doom{contacts: {}, routing: {}, phones: {}}
	if point != "" {
		what, rest, _ := strings.Cut(point, " ")
		d, ok := dooms[what]
		if !ok {
			return nil, fmt.Errorf("%s=%q: nothing is called %q", pointEnv, point, what)
		}
		if _, err := fmt.Sscanf(rest, "%d %s", &d.entry, &d.when); err != nil {
			return nil, fmt.Errorf("%s=%q: %w", pointEnv, point, err)
		}
	}
	return dooms, nil
}

// survive writes something. The process dies of it if it is doomed to.
func (d *doom) survive(write func() error) error {
	if d.count.Add(1) != d.entry {
		return write()
	}
	switch d.when {
	case before:
		<-time.After(heardFor)
		die()
	case stopping:
		_ = syscall.Kill(os.Getpid(), syscall.SIGTERM)
		return write()
	}
	if err := write(); err != nil {
		return err
	}
	if d.when == written {
		die()
	}
	time.AfterFunc(sendingTakes, die)
	return nil
}

// doomedJournal kills its process at the doomed entry, and tells of the others.
type doomedJournal struct {
	switchboard.Journal
	*doom
}

func (j doomedJournal) Append(ctx context.Context, e switchboard.Entry, after uint64) (seq uint64, err error) {
	err = j.survive(func() error {
		if seq, err = j.Journal.Append(ctx, e, after); err == nil {
			tellPorts(e)
		}
		return err
	})
	if err == nil {
		fmt.Println("entry", events(e))
	}
	return seq, err
}

// doomedStore does the same where agents, queues and registrations are written.
type doomedStore struct {
	switchboard.Store
	dooms map[string]*doom
}

func (f doomedStore) Put(ctx context.Context, kind, name string, data []byte, after uint64) (seq uint64, err error) {
	doom := f.dooms[routing]
	if kind == phones {
		doom = f.dooms[phones]
	}
	err = doom.survive(func() error {
		seq, err = f.Store.Put(ctx, kind, name, data, after)
		return err
	})
	if err == nil {
		fmt.Println("kept", kind, name)
	}
	return seq, err
}

func events(e switchboard.Entry) string {
	var names []string
	for _, r := range e.Events {
		names = append(names, notation.EventName(r.Event))
	}
	return strings.Join(names, "+")
}

// tellPorts tells where the legs of an entry are heard.
func tellPorts(e switchboard.Entry) {
	for id, memory := range e.Legs {
		var leg struct {
			SDP struct{ At string }
		}
		if err := json.Unmarshal(memory.Memory, &leg); err == nil && leg.SDP.At != "" {
			fmt.Printf("port %s/%d %s\n", e.Contact.ID, id, leg.SDP.At)
		}
	}
}

// watchedSender tells of the requests that go out.
type watchedSender struct{ sipleg.Sender }

func (s watchedSender) Send(m sipua.Message) error {
	if r, ok := m.SIP.(*sip.Request); ok {
		fmt.Println("sent", r.CallID().Value(), m.Kind)
	}
	return s.Sender.Send(m)
}

// die is what a crash, the kernel out of memory or an operator does.
func die() {
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {} // not one instruction more
}
