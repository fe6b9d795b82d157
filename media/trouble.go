package media

import (
	"fmt"
	"log/slog"
	"slices"
	"time"
)

const (
	lookEvery = 50            // slots between two looks for trouble: 1 s
	silentFor = 5 * lookEvery // slots without a packet after which a peer is silent
)

// A line records whether a leg's audio gets through.
type line struct {
	unsent int   // packets that could not be sent, in all
	failed error // why the last one could not; nil: it was sent
	heard  int64 // slot of the peer's last packet, or since when packets are due
	known  string
}

// take counts a packet that was sent, or could not be.
func (n *line) take(err error) {
	if n.failed = err; err != nil {
		n.unsent++
	}
}

// trouble returns why one side of the leg cannot hear the other now; empty: nothing
// is known against it.
func (l *Leg) trouble(slot int64) string {
	n := &l.out.line
	switch {
	case !l.mayHear() || !l.stream.Receive:
		return ""
	case n.failed != nil:
		return fmt.Sprintf("audio cannot be sent: %v", n.failed)
	case slot-n.heard >= silentFor:
		return "no audio comes"
	}
	return ""
}

// look logs when trouble begins, and when it ends.
func (l *Leg) look(slot int64) {
	n := &l.out.line
	if !l.mayHear() || !l.stream.Receive {
		n.heard = slot // a peer on hold need not send
	}
	now := l.trouble(slot)
	if now == n.known {
		return
	}
	n.known = now
	due := l.mayHear() && l.stream.Receive
	log := l.room.engine.options.Log.With("contact", l.room.id, "connection", l.number, "unsent", n.unsent)
	l.room.due = append(l.room.due, func() { logTrouble(log, now, due) })
}

// logTrouble logs what hinders a leg's audio now, if anything. A line that ends or goes on
// hold while nothing comes has no trouble any more, but nothing has got through either.
func logTrouble(log *slog.Logger, now string, due bool) {
	switch {
	case now != "":
		log.Warn("audio does not get through", "why", now)
	case due:
		log.Info("audio gets through again")
	default:
		log.Info("no audio is due any more")
	}
}

// Troubles returns the legs whose audio does not get through now, a line each in
// order: nothing can be sent to them, or nothing has come from them for 5 s although
// it was agreed. A phone that sends nothing in silence is among them.
func (e *Engine) Troubles() []string {
	var all []string
	for _, r := range e.all(nil) {
		all = r.troubles(e.slot(), all)
	}
	slices.Sort(all)
	return all
}

func (r *Room) troubles(slot int64, all []string) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, l := range r.legs {
		if why := l.trouble(slot); why != "" {
			silent := time.Duration(slot-l.out.line.heard) * slotTime
			all = append(all, fmt.Sprintf("contact %s, connection %d: %s (%d packets not sent, last one received %s ago)",
				r.id, l.number, why, l.out.line.unsent, silent.Truncate(time.Second)))
		}
	}
	return all
}
