package media

import "time"

// A silence finds out that nothing comes from a leg's peer. It is guarded by room.mu.
type silence struct {
	since int64  // slot of the peer's last packet, or of the last call of tell
	after int64  // slots without a packet after which tell is called; 0: never
	tell  func() // must not block
}

// Silent calls f when no packet of the peer's has come for that long, and again after
// each further while of that length, whether or not audio was agreed. f must not block.
func (l *Leg) Silent(after time.Duration, f func()) {
	l.room.mu.Lock()
	defer l.room.unlock()
	l.silence = silence{since: l.room.engine.slot(), after: int64(after / slotTime), tell: f}
}

// listen reports silence when it is time.
func (l *Leg) listen(slot int64) {
	if s := &l.silence; s.after > 0 && slot-s.since >= s.after {
		s.since = slot
		l.room.due = append(l.room.due, s.tell)
	}
}
