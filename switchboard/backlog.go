package switchboard

import "time"

const (
	// roomFor is how many may always go on at the same time: the time that one
	// takes does not tell how long several take.
	roomFor = 8
	// eachFirst is the interval that a backlog begins with, for want of any.
	eachFirst = 2 * time.Millisecond
	// smoothing is how many intervals the mean remembers.
	smoothing = 8
)

// A backlog is the work that has begun and not ended yet, and how fast it ends.
// From that follows how long something that begins now will take.
type backlog struct {
	n     int
	since time.Time     // of the last that was done, or of the beginning of the first
	each  time.Duration // from one that is done to the next, while there are any
}

func (b *backlog) begin(now time.Time) {
	if b.n == 0 {
		b.since = now
	}
	b.n++
}

// end ends one. While some are given up, the others take the longer.
func (b *backlog) end(now time.Time, done bool) {
	b.n--
	if done {
		b.each += (now.Sub(b.since) - b.each) / smoothing
		b.since = now
	}
}

// wait returns how long work that begins now will take. A backlog that does not
// get shorter at all takes as long as it has already.
func (b *backlog) wait(now time.Time) time.Duration {
	switch stalled := now.Sub(b.since); {
	case b.n == 0:
		return 0
	case b.n < roomFor:
		return stalled
	default:
		return max(stalled, time.Duration(b.n)*b.each)
	}
}
