package call

import "time"

// A Timed is an event with the time it was decided. Package notation writes it
// as JSON.
type Timed struct {
	At    time.Time
	Event Event
}
