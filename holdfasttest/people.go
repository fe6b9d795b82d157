package holdfasttest

import (
	"errors"
	"time"

	"holdfast/softphone"
)

// A person has a softphone, or a phone that this package cannot use.
type person struct {
	tone  float64
	phone *softphone.Phone     // nil: another phone
	heard *softphone.Recording // the audio that the other phone hears
}

// usualTones are the tones (Hz) of the people in most tests.
var usualTones = map[string]float64{"customer": 440, "ana": 620, "cardiology": 800, "reception": 1000, "ben": 1200}

// The tones of other people begin above these, 60 Hz apart.
const firstTone, nextTone = 1260, 60

// Add starts a phone for a person, and closes it when the test ends. Unless o sets
// them, its user is the person's name and its tone is one that no other person has.
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

// Listen adds a person whose phone is not a softphone. The bed knows its tone (Hz)
// and the audio it hears, and cannot call with it.
func (b *Bed) Listen(name string, tone float64, heard *softphone.Recording) {
	b.people[name] = &person{tone: tone, heard: heard}
}

// Phone returns a person's softphone.
func (b *Bed) Phone(name string) *softphone.Phone {
	b.t.Helper()
	p := b.people[name]
	if p == nil || p.phone == nil {
		b.t.Fatalf("%s has no softphone", name)
	}
	return p.phone
}

// Dial calls a user at the server from a person's phone, and waits for the answer.
// While no server listens, it tries again.
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

// Ring begins to call a user at the server from a person's phone, and does not wait
// for the answer.
func (b *Bed) Ring(name, user string) *softphone.Call {
	b.t.Helper()
	c, err := b.Phone(name).Ring("sip:" + user + "@" + b.SIP.String())
	if err != nil {
		b.t.Fatalf("%s calls: %v", the(name), err)
	}
	b.calls[name] = append(b.calls[name], c)
	return c
}

// Rung waits until a person's phone is called, and returns the call.
func (b *Bed) Rung(name string) *softphone.Call {
	b.t.Helper()
	c, err := b.Phone(name).Incoming(b.Soon())
	if err != nil {
		b.t.Fatalf("%s is rung: %v", the(name), err)
	}
	b.calls[name] = append(b.calls[name], c)
	return c
}

// Calls returns the calls of a person in this contact, oldest first.
func (b *Bed) Calls(name string) []*softphone.Call { return b.calls[name] }

// Call returns the latest call of a person in this contact.
func (b *Bed) Call(name string) *softphone.Call {
	b.t.Helper()
	n := len(b.calls[name])
	if n == 0 {
		b.t.Fatalf("%s has no call", the(name))
	}
	return b.calls[name][n-1]
}

// Heard returns the audio that a person hears in their latest call.
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

// the returns a name as it reads in a sentence.
func the(name string) string {
	if name == "customer" {
		return "the customer"
	}
	return name
}
