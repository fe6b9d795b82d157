package demo

import (
	"context"
	"fmt"
	"strings"

	"holdfast/softphone"
)

// A person is somebody with a phone in the demo.
type person struct {
	name  string
	tone  float64 // what they say, in Hz, so that recordings tell who heard whom
	agent bool    // whom customers call
	*softphone.Phone
}

func (p *person) String() string {
	if p.name == "customer" {
		return "the customer"
	}
	return p.name
}

// A line is a call of one of them.
type line struct {
	who *person
	*softphone.Call
}

func (l *line) ended() bool {
	select {
	case <-l.Ended():
		return true
	default:
		return false
	}
}

// awaitEnd waits until nothing is left of the call.
func (l *line) awaitEnd(ctx context.Context) error {
	select {
	case <-l.Ended():
		return nil
	case <-ctx.Done():
		return fmt.Errorf("the line of %s does not end: %w", l.who, ctx.Err())
	}
}

// everHears: somebody is heard in the call, at any time until now.
func (l *line) everHears(p *person) bool {
	return l.Recording().EverHears(p.tone, 0, l.Recording().Length())
}

// What the server plays stands where people do: it is known by a tone, too.
var (
	holdAudio = &person{name: "hold audio", tone: softphone.HoldTone}
	parkAudio = &person{name: "park audio", tone: softphone.ParkTone}
)

func names(people []*person, between string) string {
	var all []string
	for _, p := range people {
		all = append(all, p.String())
	}
	return strings.Join(all, between)
}
