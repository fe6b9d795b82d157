package call

import "time"

// Earlier returns the earlier of two deadlines. A zero time is not a deadline.
func Earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// Due reports whether a deadline is set and has passed.
func Due(deadline, now time.Time) bool { return !deadline.IsZero() && !now.Before(deadline) }
