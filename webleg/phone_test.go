package webleg

import (
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"holdfast/call"
	"holdfast/media"
	"holdfast/switchboard"
)

// phoneEvents is the payload type of a phone's telephone-events.
const phoneEvents = 101

// phones makes legs of parties who send a tone, without a network.
type phones struct {
	engine *media.Engine

	mu   sync.Mutex // guards ears and keys
	ears map[place]*ear
	keys map[place]chan<- byte
}

// press presses a key on the phone at a place.
func (p *phones) press(at place, digit byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keys[at] <- digit
}

func (p *phones) ear(at place) *ear {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ears[at]
}

// A phone is one such leg.
type phone struct {
	at    place
	audio *media.Leg
	quit  func()

	Tone  float64
	State string // ringing, talking, gone
}

// open makes a phone, which sends its tone from now on.
func (p *phones) open(at place, tone float64, state string) (switchboard.Leg, error) {
	e := newEar()
	audio, err := p.engine.Room(at.contact).Join(at.connection, hearing{e})
	if err != nil {
		return nil, err
	}
	keys := make(chan byte, 1)
	p.mu.Lock()
	p.ears[at], p.keys[at] = e, keys
	p.mu.Unlock()
	quit := make(chan struct{})
	var running sync.WaitGroup
	voice := newVoice(tone)
	running.Go(func() {
		everyFrame(quit, func() {
			audio.Receive(voice.next())
			select {
			case digit := <-keys:
				for _, packet := range voice.key(phoneEvents, digit) {
					audio.Receive(packet)
				}
			default:
			}
		})
	})
	var once sync.Once
	return phone{at, audio, func() { once.Do(func() { close(quit); running.Wait() }) }, tone, state}, nil
}

// hearing makes a media.Transport of an ear.
type hearing struct{ *ear }

func (h hearing) Send(packet []byte) error {
	h.take(packet)
	return nil
}

func (hearing) Close() error { return nil }

// What comes in on a phone.
type (
	arrival struct{} // they call ana
	pickUp  struct{}
	hungUp  struct{}
)

func (arrival) Trace() string { return "" }
func (pickUp) Trace() string  { return "" }
func (hungUp) Trace() string  { return "" }

func (p phone) Receive(_ time.Time, in switchboard.Incoming) switchboard.Plan {
	switch in.(type) {
	case arrival:
		return p.plan(call.Arrived{
			Customer: call.Endpoint{Kind: call.PhoneNumber, Address: "+15550100"},
			Called:   "+15550199",
			Agent:    call.Endpoint{Kind: call.AgentEndpoint, Address: "ana"},
			Rules:    call.DefaultRules(),
		})
	case pickUp:
		p.State = "talking"
		return p.plan(call.Answered{Connection: p.at.connection})
	case hungUp:
		p.State = "gone"
		return p.plan(call.HungUp{Connection: p.at.connection})
	}
	return p.plan()
}

func (p phone) Plan(_ time.Time, c call.Command) switchboard.Plan {
	switch c.(type) {
	case call.Dial:
		return p.plan(call.Rang{Connection: p.at.connection})
	case call.Drop, call.Refuse:
		p.State = "gone"
	}
	return p.plan()
}

func (p phone) plan(facts ...call.Event) switchboard.Plan {
	out := setting{audio: p.audio}
	if p.State == "talking" {
		out.stream = media.Stream{Codec: media.PCMU, Events: phoneEvents, Send: true, Receive: true}
	}
	return switchboard.Plan{Leg: p, Facts: facts, Out: []switchboard.Outgoing{out}}
}

func (phone) Kind() string          { return "phone" }
func (p phone) Deadline() time.Time { return time.Time{} }
func (p phone) Gone() bool          { return p.State == "gone" }

func (p phone) Close() {
	p.quit()
	p.audio.Close()
}

func (p phone) Memory() []byte {
	b, err := json.Marshal(p)
	if err != nil {
		panic(fmt.Sprint(err))
	}
	return b
}
