package kill

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"

	"holdfast/call"
	"holdfast/sipleg"
	"holdfast/sipua"
	"holdfast/switchboard"
)

// A plant is a fault as the product might have it, made from outside: what it
// is wrong about is changed on its way to the journal, from it, or to the wire.
type plant struct {
	journal func(switchboard.Journal) switchboard.Journal
	sender  func(sipleg.Sender) sipleg.Sender
}

var plants = map[string]plant{
	"": {},
	"acts before it records": {journal: func(j switchboard.Journal) switchboard.Journal {
		return newHastyJournal(j)
	}},
	"does not journal the RTP port": {journal: func(j switchboard.Journal) switchboard.Journal {
		return changedJournal{Journal: j, write: eachLeg(forgetPort)}
	}},
	"acknowledges nobody blindly": {journal: func(j switchboard.Journal) switchboard.Journal {
		return changedJournal{Journal: j, read: eachLeg(forgetAnswer)}
	}},
	"dials again after a restart": {journal: func(j switchboard.Journal) switchboard.Journal {
		return changedJournal{Journal: j, read: eachLeg(dialAgain)}
	}},
	"forgets who is held": {journal: func(j switchboard.Journal) switchboard.Journal {
		return changedJournal{Journal: j, read: forgetHolds}
	}},
	"forgets who asked for a transfer": {journal: func(j switchboard.Journal) switchboard.Journal {
		return changedJournal{Journal: j, read: eachLeg(forgetReferrals)}
	}},
	"forgets who came first": {journal: func(j switchboard.Journal) switchboard.Journal {
		return laterJournal{j}
	}},
	"takes its directory for a cluster": {journal: func(j switchboard.Journal) switchboard.Journal {
		return sharedJournal{j}
	}},
	"counts CSeq without the epoch": {sender: func(s sipleg.Sender) sipleg.Sender {
		return plainSender{s}
	}},
}

// readPlant finds a fault; the one without a name is none.
func readPlant(name string) (plant, error) {
	p, ok := plants[name]
	if !ok {
		return p, fmt.Errorf("%s=%q: there is no such fault", faultEnv, name)
	}
	if p.journal == nil {
		p.journal = func(j switchboard.Journal) switchboard.Journal { return j }
	}
	if p.sender == nil {
		p.sender = func(s sipleg.Sender) sipleg.Sender { return s }
	}
	return p, nil
}

// hastyTakes is how long a hasty journal lets an entry lie.
const hastyTakes = 100 * time.Millisecond

// A hastyJournal says that an entry is written, and writes it later.
type hastyJournal struct {
	switchboard.Journal
	later chan func(last map[call.ContactID]uint64)
}

func newHastyJournal(j switchboard.Journal) hastyJournal {
	h := hastyJournal{j, make(chan func(map[call.ContactID]uint64), 1000)}
	go func() { // ends with the process
		last := map[call.ContactID]uint64{}
		for do := range h.later {
			do(last)
		}
	}()
	return h
}

func (h hastyJournal) Append(_ context.Context, e switchboard.Entry, after uint64) (uint64, error) {
	at := time.Now().Add(hastyTakes)
	h.later <- func(last map[call.ContactID]uint64) {
		<-time.After(time.Until(at))
		if _, known := last[e.Contact.ID]; !known {
			last[e.Contact.ID] = after
		}
		if seq, err := h.Journal.Append(context.Background(), e, last[e.Contact.ID]); err == nil {
			last[e.Contact.ID] = seq
		}
	}
	return after + 1, nil
}

func (h hastyJournal) Archive(ctx context.Context, id call.ContactID) error {
	done := make(chan error)
	h.later <- func(map[call.ContactID]uint64) { done <- h.Journal.Archive(ctx, id) }
	return <-done
}

// A changedJournal changes entries, when they are written or when they are read
// after a restart.
type changedJournal struct {
	switchboard.Journal
	write, read func(switchboard.Entry) switchboard.Entry // nil: as it is
}

func (j changedJournal) Append(ctx context.Context, e switchboard.Entry, after uint64) (uint64, error) {
	if j.write != nil {
		e = j.write(e)
	}
	return j.Journal.Append(ctx, e, after)
}

func (j changedJournal) Live(ctx context.Context) iter.Seq2[switchboard.Entry, error] {
	return func(yield func(switchboard.Entry, error) bool) {
		for e, err := range j.Journal.Live(ctx) {
			if j.read != nil {
				e = j.read(e)
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

// eachLeg changes what each leg of an entry remembers.
func eachLeg(change func(map[string]any)) func(switchboard.Entry) switchboard.Entry {
	return func(e switchboard.Entry) switchboard.Entry {
		legs := map[call.ConnectionID]switchboard.LegMemory{}
		for id, memory := range e.Legs {
			var leg map[string]any
			in := json.NewDecoder(bytes.NewReader(memory.Memory))
			in.UseNumber()
			if err := in.Decode(&leg); err != nil {
				panic(err)
			}
			change(leg)
			out, err := json.Marshal(leg)
			if err != nil {
				panic(err)
			}
			legs[id] = switchboard.LegMemory{Kind: memory.Kind, Memory: out}
		}
		e.Legs = legs
		return e
	}
}

// forgetHolds has everybody talk who should wait.
func forgetHolds(e switchboard.Entry) switchboard.Entry {
	e.Contact.Connections = slices.Clone(e.Contact.Connections)
	for i := range e.Contact.Connections {
		if c := &e.Contact.Connections[i]; c.State == call.Held {
			c.State = call.Connected
		}
	}
	return e
}

func forgetPort(leg map[string]any) { delete(leg["sdp"].(map[string]any), "at") }

func forgetAnswer(leg map[string]any) { delete(leg["dialog"].(map[string]any), "acked") }

func forgetReferrals(leg map[string]any) { delete(leg, "referred") }

// dialAgain makes a new call of one that rings.
func dialAgain(leg map[string]any) {
	dialog := leg["dialog"].(map[string]any)
	invite, ours := dialog["invite"].(map[string]any)
	if !ours || invite["initial"] != true {
		return
	}
	id := dialog["callID"].(string)
	dialog["callID"] = "again-" + id
	invite["text"] = strings.ReplaceAll(invite["text"].(string), id, "again-"+id)
	delete(invite, "rang")
}

// A laterJournal knows of every contact that lives but the oldest.
type laterJournal struct{ switchboard.Journal }

func (j laterJournal) Live(ctx context.Context) iter.Seq2[switchboard.Entry, error] {
	return func(yield func(switchboard.Entry, error) bool) {
		first := true
		for e, err := range j.Journal.Live(ctx) {
			if !first && !yield(e, err) {
				return
			}
			first = false
		}
	}
}

// A sharedJournal says that others may write, so audio waits for the claim.
type sharedJournal struct{ switchboard.Journal }

func (sharedJournal) Exclusive() bool { return false }

// A plainSender sends requests without the epoch in their CSeq.
type plainSender struct{ sipleg.Sender }

func (s plainSender) Send(m sipua.Message) error {
	if r, ok := m.SIP.(*sip.Request); ok {
		r = r.Clone()
		r.CSeq().SeqNo &= 0xffff
		m.SIP = r
	}
	return s.Sender.Send(m)
}
