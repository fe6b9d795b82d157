package holdfasttest

import (
	"errors"
	"time"

	"holdfast/softphone"
)

// A person is somebody with a phone.
type person struct {
	tone  float64
	phone *softphone.Phone     // nil: one that others wrote
	heard *softphone.Recording // what that one hears
}

// usualTones are those of people who are in most tests, in Hz.
var usualTones = map[string]float64{"customer": 440, "ana": 620, "cardiology": 800, "reception": 1000, "ben": 1200}

// Tones of the others begin above all of these, 60 Hz apart.
const firstTone, nextTone = 1260, 60

// Add gives somebody a phone, which is called as they are and says a tone of
// their own unless o says otherwise. The phone is switched off with the test.
func (b *Bed) Add(name string, o softphone.Options) *softphone.Phone {
	b.t.Helper()
	if o.User == "" {
		o.User = name
	}
	if o.Tone == 0 {
		o.Tone = b.toneFor(name)
	}
	phone, err := softphone.Start(o)
	if err != nil {
		b.t.Fatalf("the phone of %s: %v", name, err)
	}
	b.t.Cleanup(phone.Close)
	b.people[name] = &person{tone: o.Tone, phone: phone}
	return phone
}

func (b *Bed) toneFor(name string) float64 {
	if tone := usualTones[name]; tone != 0 {
		return tone
	}
	return firstTone + nextTone*float64(len(b.people))
}

// Listen has somebody take part whose phone others wrote, by its tone (Hz) and
// what it hears.
func (b *Bed) Listen(name string, tone float64, heard *softphone.Recording) {
	b.people[name] = &person{tone: tone, heard: heard}
}

// Phone is somebody's phone.
func (b *Bed) Phone(name string) *softphone.Phone {
	b.t.Helper()
	p := b.people[name]
	if p == nil || p.phone == nil {
		b.t.Fatalf("%s has no phone of ours", name)
	}
	return p.phone
}

// Dial has somebody call a user of the server until they are answered. If no
// server is there, they try again.
func (b *Bed) Dial(name, user string) *softphone.Call {
	b.t.Helper()
	ctx, phone := b.Soon(), b.Phone(name)
	for {
		c, err := phone.Dial(ctx, "sip:"+user+"@"+b.SIP.String())
		if err == nil {
			b.calls[name] = append(b.calls[name], c)
			return c
		}
		if refused := new(softphone.Refused); !errors.As(err, &refused) || refused.Status != 0 || ctx.Err() != nil {
			b.t.Fatalf("%s calls: %v", the(name), err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// Rung waits until somebody is called, and returns the call.
func (b *Bed) Rung(name string) *softphone.Call {
	b.t.Helper()
	c, err := b.Phone(name).Incoming(b.Soon())
	if err != nil {
		b.t.Fatalf("%s is rung: %v", the(name), err)
	}
	b.calls[name] = append(b.calls[name], c)
	return c
}

// Calls are the calls that somebody has had in this contact, the latest last.
func (b *Bed) Calls(name string) []*softphone.Call { return b.calls[name] }

// Call is the latest of them.
func (b *Bed) Call(name string) *softphone.Call {
	b.t.Helper()
	n := len(b.calls[name])
	if n == 0 {
		b.t.Fatalf("%s has no call", the(name))
	}
	return b.calls[name][n-1]
}

// Heard is what somebody hears in their latest call.
func (b *Bed) Heard(name string) *softphone.Recording {
	b.t.Helper()
	if p := b.people[name]; p != nil && p.heard != nil {
		return p.heard
	}
	return b.Call(name).Recording()
}

// HangUp ends the latest calls of these people.
func (b *Bed) HangUp(names ...string) {
	b.t.Helper()
	for _, name := range names {
		b.Call(name).HangUp()
	}
}

// Ended waits until the latest calls of these people have ended.
func (b *Bed) Ended(names ...string) {
	b.t.Helper()
	for _, name := range names {
		b.ended(name, b.Call(name))
	}
}

func (b *Bed) ended(name string, c *softphone.Call) {
	b.t.Helper()
	select {
	case <-c.Ended():
	case <-b.Soon().Done():
		b.t.Fatalf("an orphan: the line of %s does not end", the(name))
	}
}

// the is somebody in a sentence.
func the(name string) string {
	if name == "customer" {
		return "the customer"
	}
	return name
}
