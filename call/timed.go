package call

import (
	"encoding/json"
	"fmt"
	"reflect"
	"time"
)

// A Timed is an event with the time it was decided, as it is written down:
//
//	{"at":"2026-11-23T12:00:00Z","event":"Answered","data":{"connection":2}}
type Timed struct {
	At    time.Time
	Event Event
}

type timedJSON struct {
	At    time.Time       `json:"at"`
	Event string          `json:"event"`
	Data  json.RawMessage `json:"data"`
}

// EventName is the name of an event in records, such as "Answered".
func EventName(ev Event) string { return reflect.TypeOf(ev).Name() }

// MarshalJSON implements json.Marshaler.
func (r Timed) MarshalJSON() ([]byte, error) {
	data, err := json.Marshal(r.Event)
	if err != nil {
		return nil, err
	}
	return json.Marshal(timedJSON{r.At, EventName(r.Event), data})
}

// UnmarshalJSON implements json.Unmarshaler. An event it does not know is an
// error that names it.
func (r *Timed) UnmarshalJSON(b []byte) error {
	var j timedJSON
	if err := json.Unmarshal(b, &j); err != nil {
		return err
	}
	read, ok := eventReaders[j.Event]
	if !ok {
		return fmt.Errorf("unknown event %q", j.Event)
	}
	ev, err := read(j.Data)
	if err != nil {
		return fmt.Errorf("event %s: %w", j.Event, err)
	}
	r.At, r.Event = j.At, ev
	return nil
}

// eventReaders knows every event; a test compares it with the sealed type.
var eventReaders = map[string]func(json.RawMessage) (Event, error){
	"Arrived":             readAs[Arrived],
	"Originated":          readAs[Originated],
	"Rang":                readAs[Rang],
	"Answered":            readAs[Answered],
	"Failed":              readAs[Failed],
	"Offered":             readAs[Offered],
	"Withdrawn":           readAs[Withdrawn],
	"Pressed":             readAs[Pressed],
	"Played":              readAs[Played],
	"HungUp":              readAs[HungUp],
	"Lost":                readAs[Lost],
	"Back":                readAs[Back],
	"Joined":              readAs[Joined],
	"DeadlinePassed":      readAs[DeadlinePassed],
	"Recovered":           readAs[Recovered],
	"AcceptRequested":     readAs[AcceptRequested],
	"RejectRequested":     readAs[RejectRequested],
	"HoldRequested":       readAs[HoldRequested],
	"ResumeRequested":     readAs[ResumeRequested],
	"MuteRequested":       readAs[MuteRequested],
	"DigitsRequested":     readAs[DigitsRequested],
	"RecordRequested":     readAs[RecordRequested],
	"TransferRequested":   readAs[TransferRequested],
	"CancelRequested":     readAs[CancelRequested],
	"SwapRequested":       readAs[SwapRequested],
	"ConferenceRequested": readAs[ConferenceRequested],
	"CompleteRequested":   readAs[CompleteRequested],
	"LeaveRequested":      readAs[LeaveRequested],
	"EndRequested":        readAs[EndRequested],
	"DestroyRequested":    readAs[DestroyRequested],
	"PickUpRequested":     readAs[PickUpRequested],
}

func readAs[E Event](b json.RawMessage) (Event, error) {
	var ev E
	err := json.Unmarshal(b, &ev)
	return ev, err
}
