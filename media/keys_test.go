package media

import (
	"encoding/binary"
	"holdfast/call"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/pion/rtp"
)

// event is a packet of a telephone-event.
func keyPacket(seq uint16, timestamp uint32, code byte, ends bool) *rtp.Packet {
	p := &rtp.Packet{Header: rtp.Header{SSRC: 1, SequenceNumber: seq, Timestamp: timestamp}, Payload: []byte{code, 10, 0, 160}}
	if ends {
		p.Payload[1] |= keyEnds
	}
	return p
}

func TestEachKeyIsToldOnce(t *testing.T) {
	begins := func(p *rtp.Packet) *rtp.Packet { p.Marker = true; return p }
	for name, c := range map[string]struct {
		packets []*rtp.Packet
		want    string
	}{
		"whole": {[]*rtp.Packet{
			begins(keyPacket(1, 100, 1, false)), keyPacket(2, 100, 1, false),
			keyPacket(3, 100, 1, true), keyPacket(4, 100, 1, true), keyPacket(5, 100, 1, true),
		}, "1"},
		"only an end comes through":    {[]*rtp.Packet{keyPacket(5, 100, 11, true)}, "#"},
		"the end is lost":              {[]*rtp.Packet{keyPacket(1, 100, 5, false), keyPacket(9, 1300, 5, false)}, "55"},
		"an end comes late":            {[]*rtp.Packet{keyPacket(1, 100, 5, false), keyPacket(9, 1300, 6, false), keyPacket(4, 100, 5, true)}, "56"},
		"twice":                        {[]*rtp.Packet{keyPacket(4, 100, 0, true), keyPacket(4, 100, 0, true)}, "0"},
		"a flash is none":              {[]*rtp.Packet{keyPacket(4, 100, 16, true)}, ""},
		"a clock that stands still":    {[]*rtp.Packet{keyPacket(1, 100, 7, true), begins(keyPacket(2, 100, 7, false)), keyPacket(3, 100, 7, true), keyPacket(4, 100, 8, false)}, "778"},
		"held for longer than 8 s":     {[]*rtp.Packet{keyPacket(1, 100, 10, false), keyPacket(500, 100+longestKey, 10, false)}, "*"},
		"the clock went back":          {[]*rtp.Packet{keyPacket(1, 1<<20, 1, true), keyPacket(2, 100, 2, false), keyPacket(3, 100, 2, true), keyPacket(9, 900, 3, true)}, "123"},
		"a packet without a whole key": {[]*rtp.Packet{{Payload: []byte{1, 10, 0}}}, ""},
	} {
		var k keypad
		var got []byte
		for _, p := range c.packets {
			if key, pressed := k.take(0, p); pressed {
				got = append(got, key)
			}
		}
		if string(got) != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// A phone that begins anew keeps nothing of its numbers, and sometimes its SSRC.
func TestAKeyAfterThePhoneBeganAnewIsHeard(t *testing.T) {
	var k keypad
	k.take(100, keyPacket(40000, 1<<20, 1, true))
	if _, pressed := k.take(100+forgotten-1, keyPacket(30000, 100, 1, true)); pressed {
		t.Error("a late packet of the event before is a key")
	}
	if _, pressed := k.take(100+forgotten, keyPacket(30000, 100, 1, true)); !pressed {
		t.Error("a key is not heard")
	}
}

func TestKeysAreToldOfAndAreNoSound(t *testing.T) {
	bubble(t, 3, func(r *Room, p []*party) {
		var keys string
		p[2].Pressed(func(key byte) { keys += string(key) })
		r.Set(everyone(1, 2, 3))
		for range 3 {
			talk(5, p[1], p[2], p[3])
			p[2].key(frame)
			p[2].key(2 * frame)
			p[2].says.header.Timestamp += 2 * frame
		}
		pass(10)
		if keys != "555" {
			t.Errorf("the keys %q were told of, want 555", keys)
		}
		if wrong := continuous(p[1].rest()); wrong != "" {
			t.Error(wrong)
		}
	})
}

func TestKeysArePressed(t *testing.T) {
	for name, mix := range map[string]call.Mix{
		"relayed": everyone(1, 2), "mixed": everyone(1, 2, 3), "on hold": {{Connection: 1, Audio: call.HoldAudio}},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, 3, func(r *Room, p []*party) {
				r.Set(mix)
				talk(10, p[2], p[3])
				p[1].Press("1#")
				talk(30, p[2], p[3])
				heard := p[1].rest()
				if wrong := continuous(heard); wrong != "" {
					t.Error(wrong)
				}
				wantTyped(t, heard, "1#")
			})
		})
	}
}

// A key that came in signalling goes to everybody who hears its sender, and to nobody else.
func TestKeysArePassedOn(t *testing.T) {
	for name, test := range map[string]struct {
		mix  call.Mix
		want string
	}{
		"relayed": {everyone(1, 2), "5"}, "mixed": {everyone(1, 2, 3), "5"}, "on hold": {call.Mix{{Connection: 1, Audio: call.HoldAudio}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, 3, func(r *Room, p []*party) {
				r.Set(test.mix)
				talk(10, p[2], p[3])
				p[2].Pass('5')
				talk(30, p[2], p[3])
				wantTyped(t, p[1].rest(), test.want)
				wantTyped(t, p[2].rest(), "")
			})
		})
	}
}

// wantTyped complains if other keys were pressed, or not as RFC 4733 has it.
func wantTyped(t *testing.T, heard []sent, want string) {
	t.Helper()
	var k keypad
	var got []byte
	var ends int
	for _, h := range heard {
		if h.PayloadType != eventsType {
			continue
		}
		if key, pressed := k.take(0, &h.Packet); pressed {
			got = append(got, key)
			if !h.Marker {
				t.Error("the first packet of a key has no marker")
			}
		}
		if h.Payload[1]&keyEnds != 0 {
			ends++
			if length := binary.BigEndian.Uint16(h.Payload[2:]); length != rate/10 {
				t.Errorf("a key lasts %d samples, want 100 ms", length)
			}
		}
	}
	if string(got) != want || ends != 3*len(want) {
		t.Errorf("%q was pressed, with %d ends; want %q with three each", got, ends, want)
	}
}

func TestKeysArePressedOnlyWhereTheyWereAgreed(t *testing.T) {
	bubble(t, 1, func(r *Room, p []*party) {
		s := p[1].stream
		s.Events = 0
		p[1].Set(s)
		r.Set(everyone(1))
		p[1].Press("123")
		pass(20)
		s.Events = eventsType
		p[1].Set(s)
		pass(20)
		wantTyped(t, p[1].rest(), "")
	})
}

func TestFewKeysWait(t *testing.T) {
	bubble(t, 1, func(r *Room, p []*party) {
		r.Set(everyone(1))
		for range 10 * mostKeys {
			p[1].Press("12345678")
		}
		if n := len(p[1].typing.keys); n > mostKeys {
			t.Errorf("%d keys wait", n)
		}
	})
}

func TestAPromptIsPlayedOnce(t *testing.T) {
	bubble(t, 1, func(r *Room, p []*party) {
		var played atomic.Int32
		p[1].Played(func() {
			played.Add(1)
			r.Set(call.Mix{{Connection: 1, Audio: call.WhisperPrompt}}) // whoever is told may ask for something at once
		})
		r.Set(call.Mix{{Connection: 1, Audio: call.WhisperPrompt}})
		length := len(builtInSamples(t, call.WhisperPrompt)) / frame
		pass(length - 1)
		if played.Load() != 0 {
			t.Error("the end was told of before it came")
		}
		pass(2 * length)
		if played.Load() != 1 {
			t.Errorf("the end was told of %d times", played.Load())
		}
		heard := p[1].rest()
		if wrong := continuous(heard); wrong != "" {
			t.Error(wrong)
		}
		if now := loudness(p[1], heard[length+5:]); now > 100 {
			t.Errorf("after the prompt there is audio of amplitude %d", now)
		}
		r.Set(call.Mix{{Connection: 1, Audio: call.ConfirmPrompt}})
		pass(length)
		r.Set(call.Mix{{Connection: 1, Audio: call.WhisperPrompt}})
		pass(2 * length)
		if played.Load() != 3 {
			t.Errorf("the ends of three prompts were told of %d times", played.Load())
		}
	})
}

func FuzzKeypad(f *testing.F) {
	f.Add([]byte{1, 10, 0, 160, 1, 138, 0, 160}, uint32(100))
	f.Fuzz(func(t *testing.T, payloads []byte, timestamp uint32) {
		var k keypad
		for seq := 0; len(payloads) > 0; seq++ {
			n := min(4, len(payloads))
			p := &rtp.Packet{Header: rtp.Header{SequenceNumber: uint16(seq), Timestamp: timestamp}, Payload: payloads[:n]}
			payloads = payloads[n:]
			key, pressed := k.take(0, p)
			if pressed && !strings.ContainsRune(keyNames, rune(key)) {
				t.Fatalf("the key %q", key)
			}
			if _, again := k.take(0, p); again {
				t.Fatal("the same packet tells of another key")
			}
		}
	})
}
