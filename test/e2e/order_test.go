package e2e

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"

	"holdfast"
	"holdfast/holdfasttest"
	"holdfast/sipua"
	"holdfast/softphone"
	"holdfast/switchboard"
)

// A deed is a line of the journal that has been written, or a message that has
// been sent, in the order in which that happened.
type deed struct {
	sent   bool
	exempt bool   // sent, and need not be written down before
	line   string // such as "INVITE ana" or "200 OK (INVITE) customer"
}

// witness stands between the server and its journal and its wire, and notes
// the order of what it sees.
type witness struct {
	mu    sync.Mutex // guards deeds
	deeds []deed
}

func (w *witness) note(d deed) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.deeds = append(w.deeds, d)
}

func (w *witness) seen() []deed {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.deeds)
}

// watchedJournal notes what an entry says is about to be sent once it has been
// written. early is the planted fault: to say that it has been written before
// it has.
type watchedJournal struct {
	holdfast.Journal
	*witness
	early bool
}

func (j watchedJournal) Append(ctx context.Context, e switchboard.Entry, after uint64) (uint64, error) {
	seq, err := j.Journal.Append(ctx, e, after)
	if err != nil {
		return seq, err
	}
	note := func() {
		for _, l := range e.Trace {
			if _, line, out := strings.Cut(l, "-> "); out {
				j.note(deed{line: line})
			}
		}
	}
	if j.early {
		time.AfterFunc(20*time.Millisecond, note)
	} else {
		note()
	}
	return seq, err
}

// watchedSender notes the messages, and fails the test for one of no class.
type watchedSender struct {
	holdfast.SIPTransport
	*witness
	t *testing.T
}

func (s watchedSender) Send(m sipua.Message) error {
	class, listed := sipua.Kinds[m.Kind]
	if !listed {
		s.t.Errorf("a message of kind %q is in no class", m.Kind)
	}
	s.note(deed{sent: true, exempt: class == sipua.Exempt, line: outline(m.SIP)})
	return s.SIPTransport.Send(m)
}

// outline is a message as the journal has it: what it is, and to whom.
func outline(m sip.Message) string {
	switch m := m.(type) {
	case *sip.Request:
		return m.Method.String() + " " + m.To().Address.User
	case *sip.Response:
		return fmt.Sprintf("%d %s (%s) %s", m.StatusCode, m.Reason, m.CSeq().MethodName, m.From().Address.User)
	}
	return "?"
}

// actedBeforeRecorded returns the first message that was sent without having
// been written down, or "". What is exempt is written down, too, before or
// after: that record is nobody else's.
func actedBeforeRecorded(deeds []deed) string {
	var recorded, owed []string
	for _, d := range deeds {
		switch {
		case !d.sent && !take(&owed, d.line):
			recorded = append(recorded, d.line)
		case d.sent && !take(&recorded, d.line):
			if !d.exempt {
				return d.line
			}
			owed = append(owed, d.line)
		}
	}
	return ""
}

// take takes line out of lines, if it is there.
func take(lines *[]string, line string) bool {
	i := slices.Index(*lines, line)
	if i >= 0 {
		*lines = slices.Delete(*lines, i, i+1)
	}
	return i >= 0
}

// TestRecordedBeforeSent watches a whole cold transfer, a failed one, a
// cancelled one and a restart: every message that is not exempt is in the
// journal before it is on the wire.
func TestRecordedBeforeSent(t *testing.T) {
	w := &witness{}
	playWatched(t, w, false)
	deeds := w.seen()
	if line := actedBeforeRecorded(deeds); line != "" {
		t.Errorf("%s was sent before it was recorded", line)
	}
	sent, exempt := 0, 0
	for i, d := range deeds {
		switch {
		case d.exempt:
			exempt++
		case d.sent:
			sent++
			if actedBeforeRecorded(swapped(deeds, i)) == "" {
				t.Errorf("%s sent before its record would not have been noticed", d.line)
			}
		}
	}
	for _, must := range []string{
		"180 Ringing (INVITE) customer", "INVITE ana", "ACK ana", "200 OK (INVITE) customer",
		"INVITE cardiology", "CANCEL cardiology", "ACK cardiology", "INVITE customer", "BYE ana",
	} {
		if !slices.Contains(deeds, deed{sent: true, line: must}) {
			t.Errorf("no %s was sent, so nothing was shown about it", must)
		}
	}
	t.Logf("%d messages were recorded before they were sent, %d were exempt", sent, exempt)
}

// swapped is the same with message i sent before the record of it.
func swapped(deeds []deed, i int) []deed {
	out := slices.Clone(deeds)
	for j := i - 1; j >= 0; j-- {
		if !out[j].sent && out[j].line == out[i].line {
			return slices.Insert(slices.Delete(out, i, i+1), j, deeds[i])
		}
	}
	return out
}

// TestActingFirstIsNoticed plants the fault: a journal that says "written"
// before it has written.
func TestActingFirstIsNoticed(t *testing.T) {
	w := &witness{}
	playWatched(t, w, true)
	if actedBeforeRecorded(w.seen()) == "" {
		t.Error("messages were sent before they were recorded, and it was not noticed")
	}
}

func playWatched(t *testing.T, w *witness, early bool) {
	h := open(t, func(b *holdfasttest.Bed) {
		holdfasttest.WatchJournal(&b.Options, func(j holdfast.Journal) holdfast.Journal { return watchedJournal{j, w, early} })
		holdfasttest.WatchSIP(&b.Options, func(s holdfast.SIPTransport) holdfast.SIPTransport { return watchedSender{s, w, t} })
	})
	h.Phone("cardiology").Answering(softphone.Behaviour{Do: softphone.Busy})
	h.Talk()
	h.transfer()
	h.Settled()
	h.Phone("cardiology").Answering(softphone.Behaviour{Do: softphone.RingForever})
	h.transfer()
	h.Restart()
	h.granted(h.Client.Cancel(h.Soon(), h.Contact, "t2"))
	h.Ended("cardiology")
	h.Phone("cardiology").Answering(softphone.Behaviour{})
	h.transfer()
	h.Hears("customer", "cardiology")
	h.Ended("ana")
	h.goodbye()
}
