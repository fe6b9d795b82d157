package notation

import (
	"encoding/json"
	"fmt"
	"reflect"
	"time"

	"holdfast/call"
)

// A History is the events of a contact, in order. In JSON it is a list of
// objects with the time, the name and the particulars of each event.
type History []call.Timed

type timed struct {
	At    time.Time       `json:"at"`
	Event string          `json:"event"`
	Data  json.RawMessage `json:"data"`
}

// EventName returns the name of an event, such as "Answered".
func EventName(ev call.Event) string { return reflect.TypeOf(ev).Name() }

// MarshalJSON implements json.Marshaler.
func (h History) MarshalJSON() ([]byte, error) {
	written := make([]timed, 0, len(h))
	for _, t := range h {
		data, err := json.Marshal(t.Event)
		if err != nil {
			return nil, fmt.Errorf("writing event %s: %w", EventName(t.Event), err)
		}
		written = append(written, timed{t.At, EventName(t.Event), data})
	}
	return json.Marshal(written)
}

// UnmarshalJSON implements json.Unmarshaler. An unknown event is an error that
// names it.
func (h *History) UnmarshalJSON(b []byte) error {
	var written []timed
	if err := json.Unmarshal(b, &written); err != nil {
		return err
	}
	*h = nil
	for _, w := range written {
		read, ok := events[w.Event]
		if !ok {
			return fmt.Errorf("unknown event %q", w.Event)
		}
		ev, err := read(w.Data)
		if err != nil {
			return fmt.Errorf("reading event %s: %w", w.Event, err)
		}
		*h = append(*h, call.Timed{At: w.At, Event: ev})
	}
	return nil
}

// events reads every event by its name; a test compares it with package call.
var events = map[string]func(json.RawMessage) (call.Event, error){
	"Arrived":             event[call.Arrived],
	"Originated":          event[call.Originated],
	"Dialled":             event[call.Dialled],
	"Replaced":            event[call.Replaced],
	"Rang":                event[call.Rang],
	"Answered":            event[call.Answered],
	"Failed":              event[call.Failed],
	"Offered":             event[call.Offered],
	"Withdrawn":           event[call.Withdrawn],
	"Pressed":             event[call.Pressed],
	"Played":              event[call.Played],
	"HungUp":              event[call.HungUp],
	"Lost":                event[call.Lost],
	"Back":                event[call.Back],
	"HoldBegan":           event[call.HoldBegan],
	"HoldEnded":           event[call.HoldEnded],
	"Joined":              event[call.Joined],
	"DeadlinePassed":      event[call.DeadlinePassed],
	"Recovered":           event[call.Recovered],
	"AcceptRequested":     event[call.AcceptRequested],
	"RejectRequested":     event[call.RejectRequested],
	"HoldRequested":       event[call.HoldRequested],
	"ResumeRequested":     event[call.ResumeRequested],
	"MuteRequested":       event[call.MuteRequested],
	"DigitsRequested":     event[call.DigitsRequested],
	"RecordRequested":     event[call.RecordRequested],
	"TransferRequested":   event[call.TransferRequested],
	"CancelRequested":     event[call.CancelRequested],
	"SwapRequested":       event[call.SwapRequested],
	"ConferenceRequested": event[call.ConferenceRequested],
	"CompleteRequested":   event[call.CompleteRequested],
	"LeaveRequested":      event[call.LeaveRequested],
	"EndRequested":        event[call.EndRequested],
	"DestroyRequested":    event[call.DestroyRequested],
	"GiveRequested":       event[call.GiveRequested],
	"PickUpRequested":     event[call.PickUpRequested],
}

func event[E call.Event](b json.RawMessage) (call.Event, error) {
	var ev E
	err := json.Unmarshal(b, &ev)
	return ev, err
}
