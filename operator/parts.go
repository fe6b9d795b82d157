package operator

import (
	"time"

	"holdfast/call"
)

// parts read a list from its beginning. bad is set by the first part that is
// missing or of another type.
type parts struct {
	values []any
	bad    bool
}

func newParts(values []any) *parts { return &parts{values: values} }

func (p *parts) next() any {
	if len(p.values) == 0 {
		p.bad = true
		return nil
	}
	value := p.values[0]
	p.values = p.values[1:]
	return value
}

func (p *parts) long() string {
	s, ok := p.next().(string)
	p.bad = p.bad || !ok
	return s
}

func (p *parts) text() string {
	s := p.long()
	p.bad = p.bad || len(s) > textMost
	return s
}

func (p *parts) truth() bool {
	b, ok := p.next().(bool)
	p.bad = p.bad || !ok
	return b
}

func (p *parts) whole(most float64) int64 {
	n, ok := fields{"n": p.next()}.whole("n", 0, most)
	p.bad = p.bad || !ok
	return n
}

func (p *parts) number() int                   { return int(p.whole(1 << 31)) }
func (p *parts) connection() call.ConnectionID { return call.ConnectionID(p.number()) }

func (p *parts) time() time.Time { return time.UnixMilli(p.whole(latest)).UTC() }

func (p *parts) endpoint() call.Endpoint {
	m, ok := p.next().(map[string]any)
	e, isEndpoint := fields(m).endpoint()
	p.bad = p.bad || !ok || !isEndpoint
	return e
}

func (p *parts) endpoints() []call.Endpoint {
	list, ok := p.next().([]any)
	if !ok || len(list) == 0 || len(list) > targetsMost {
		p.bad = true
		return []call.Endpoint{{}}
	}
	inner := newParts(list)
	var all []call.Endpoint
	for range list {
		all = append(all, inner.endpoint())
	}
	p.bad = p.bad || inner.bad
	return all
}

// event reads an event written by savedEvent.
func (p *parts) event() (time.Time, call.Event) {
	at := p.time()
	switch p.text() {
	case "arrived":
		return at, call.Arrived{Customer: p.endpoint(), Agent: p.endpoint(), Rules: rules()}
	case "rang":
		return at, call.Rang{Connection: p.connection()}
	case "answered":
		return at, call.Answered{Connection: p.connection()}
	case "failed":
		return at, call.Failed{Connection: p.connection(), Reason: call.Reason(p.text()), Detail: p.long()}
	case "hung up":
		return at, call.HungUp{Connection: p.connection()}
	case "lost":
		return at, call.Lost{Connection: p.connection(), Detail: p.long()}
	case "joined":
		return at, call.Joined{Connections: []call.ConnectionID{1, p.connection()}}
	case "hold":
		return at, call.HoldRequested{By: p.connection(), Connection: 1}
	case "resume":
		return at, call.ResumeRequested{By: p.connection(), Connection: 1}
	case "transfer":
		return at, p.transfer()
	case "cancel":
		return at, call.CancelRequested{By: p.connection()}
	case "complete":
		return at, call.CompleteRequested{By: p.connection()}
	case "recovered":
		return at, call.Recovered{}
	case "deadline passed":
		return at, call.DeadlinePassed{}
	}
	p.bad = true
	return at, nil
}

func (p *parts) transfer() call.TransferRequested {
	asked := call.TransferRequested{By: p.connection(), Kind: call.Kind(p.text())}
	targets := p.endpoints()
	asked.Target, asked.Others = targets[0], targets[1:]
	asked.RingFor = milliseconds(p.whole(float64(ringMost.Milliseconds())))
	asked.Resume, asked.Key = p.truth(), p.text()
	return asked
}
