package operator

import (
	"time"

	"holdfast/call"
)

// version is the form of the saved state. State saved by another version is not
// read.
const version = 1

// eventsMost is how many events a contact that was saved may have. Package call
// allows 200 attempts, and each has a handful of events.
const eventsMost = 4096

// save is all that a page must keep to adopt the contact after it was loaded anew,
// nil if nothing has begun.
func (c *contact) save() map[string]any {
	if c.call.Stage == "" {
		return nil
	}
	var events, legs, adds, tries []any
	for _, ev := range c.events {
		events = append(events, savedEvent(ev))
	}
	for _, l := range c.legs {
		legs = append(legs, []any{float64(l.connection), l.id})
	}
	for _, a := range c.adds {
		adds = append(adds, []any{float64(a.connection), stamp(a.until), endpoint(a.target)})
	}
	for _, t := range c.tries {
		tries = append(tries, []any{t.verb, t.line, float64(t.count), t.text})
	}
	return map[string]any{
		"version": float64(version), "events": events, "legs": legs, "adds": adds, "tries": tries,
		"customer": c.customer.id, "agent": c.agent.id, "by": float64(c.by), "added": float64(c.added),
		"commands": float64(c.commands), "command": c.command.saved(), "confirmed": float64(c.confirmed),
		"conferenced": c.conferenced, "assume": c.assume, "unproven": c.unproven, "released": c.released,
		"restore": c.restore, "lost": c.lost, "reported": float64(c.reported),
	}
}

func (k *command) saved() any {
	if k == nil {
		return nil
	}
	return map[string]any{
		"n": float64(k.n), "verb": k.verb, "line": k.line, "connection": float64(k.connection),
		"target": endpoint(k.target), "deadline": stamp(k.deadline),
	}
}

// savedEvent is an event as a list: its time, its name and its parts.
func savedEvent(timed call.Timed) []any {
	at := stamp(timed.At)
	id := func(c call.ConnectionID) float64 { return float64(c) }
	switch ev := timed.Event.(type) {
	case call.Arrived:
		return []any{at, "arrived", endpoint(ev.Customer), endpoint(ev.Agent)}
	case call.Rang:
		return []any{at, "rang", id(ev.Connection)}
	case call.Answered:
		return []any{at, "answered", id(ev.Connection)}
	case call.Failed:
		return []any{at, "failed", id(ev.Connection), string(ev.Reason), ev.Detail}
	case call.HungUp:
		return []any{at, "hung up", id(ev.Connection)}
	case call.Lost:
		return []any{at, "lost", id(ev.Connection), ev.Detail}
	case call.Joined:
		return []any{at, "joined", id(ev.Connections[1])}
	case call.HoldRequested:
		return []any{at, "hold", id(ev.By)}
	case call.ResumeRequested:
		return []any{at, "resume", id(ev.By)}
	case call.TransferRequested:
		targets := append([]call.Endpoint{ev.Target}, ev.Others...)
		ringFor := float64(time.Duration(ev.RingFor).Milliseconds())
		return []any{at, "transfer", id(ev.By), string(ev.Kind), endpoints(targets), ringFor, ev.Resume, ev.Key}
	case call.CancelRequested:
		return []any{at, "cancel", id(ev.By)}
	case call.CompleteRequested:
		return []any{at, "complete", id(ev.By)}
	case call.Recovered:
		return []any{at, "recovered"}
	}
	return []any{at, "deadline passed"}
}
