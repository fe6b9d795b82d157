package media

import (
	"fmt"
	"holdfast/call"
	"testing"

	"pgregory.net/rapid"
)

func TestStreamGoesOnWhateverMakesTheSound(t *testing.T) {
	bubble(t, 3, func(r *Room, p []*party) {
		var all []sent
		step := func(what string, do func()) {
			t.Helper()
			p[1].rest()
			do()
			heard := p[1].rest()
			if len(heard) < 18 {
				t.Errorf("%s: %d packets in 400 ms, want 20", what, len(heard))
			}
			for i, h := range heard {
				if h.Marker != (i == 0) && h.PayloadType != eventsType {
					t.Errorf("%s: packet %d has marker %v", what, i, h.Marker)
				}
			}
			all = append(all, heard...)
		}
		step("hold audio", func() { r.Set(call.Mix{{Connection: 1, Audio: call.HoldAudio}}); pass(20) })
		step("relay", func() { r.Set(everyone(1, 2)); talk(20, p[2]) })
		step("mix", func() { r.Set(everyone(1, 2, 3)); talk(20, p[2], p[3]) })
		step("relay of another", func() { r.Set(everyone(1, 3)); talk(20, p[2], p[3]) })
		step("silence", func() { r.Set(call.Mix{{Connection: 1}}); pass(20) })
		step("comfort noise", func() { r.Set(call.Mix{{Connection: 1, Audio: call.ComfortNoise}}); pass(20) })
		step("relay again", func() { r.Set(everyone(1, 3)); talk(20, p[3]) })
		if wrong := continuous(all); wrong != "" {
			t.Error(wrong)
		}
	})
}

func TestStreamNeverBreaks(t *testing.T) {
	mixes := []call.Mix{
		everyone(1, 2), everyone(1, 2, 3), everyone(1, 3), everyone(1),
		{{Connection: 1, Audio: call.HoldAudio}, {Connection: 2, Audio: call.ComfortNoise}}, {{Connection: 1}},
		{{Connection: 1, From: []call.ConnectionID{2, 3}}, {Connection: 2, From: []call.ConnectionID{1}}},
	}
	type act struct{ Mix, Says, Samples, Slots int }
	acts := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) act {
		return act{
			Mix:     rapid.IntRange(0, len(mixes)-1).Draw(t, "mix"),
			Says:    rapid.IntRange(0, 7).Draw(t, "says"), // a set of legs, and whether 2 presses a key
			Samples: rapid.SampledFrom([]int{80, 160, 240, 480}).Draw(t, "samples"),
			Slots:   rapid.IntRange(1, 20).Draw(t, "slots"),
		}
	}), 1, 12)
	rapid.Check(t, func(rt *rapid.T) {
		script := acts.Draw(rt, "acts")
		var wrong string
		bubble(t, 3, func(r *Room, p []*party) {
			for _, a := range script {
				r.Set(mixes[a.Mix])
				for slot := range a.Slots {
					for n := 1; n <= 3; n++ {
						if a.Says&n != 0 {
							p[n].speakFor(slot, a.Samples)
						}
					}
					if a.Says == 4 {
						p[2].key(uint16(slot+1) * frame)
					}
					pass(1)
				}
			}
			wrong = continuous(p[1].rest())
		})
		if wrong != "" {
			rt.Fatal(wrong)
		}
	})
}

func TestWhoeverHearsAFallenSilentLegHearsNoise(t *testing.T) {
	bubble(t, 2, func(r *Room, p []*party) {
		r.Set(everyone(1, 2))
		talk(10, p[2])
		pass(100)
		talk(10, p[2])
		heard := p[1].rest()
		if wrong := continuous(heard); wrong != "" {
			t.Error(wrong)
		}
		var noise []byte
		for _, h := range heard[20:90] {
			noise = append(noise, h.Payload...)
		}
		audio := p[1].stream.Codec.Decode(nil, noise)
		var power float64
		for _, v := range audio {
			power += float64(v) * float64(v) / float64(len(audio))
		}
		if power < 10 || power > 10000 {
			t.Errorf("the noise has power %.0f", power)
		}
		marks := 0
		for _, h := range heard {
			if h.Marker {
				marks++
			}
		}
		if marks != 3 {
			t.Errorf("%d talk spurts, want voice, noise, voice", marks)
		}
	})
}

func TestPacketsOfAnyLengthGoOutInTwentyMilliseconds(t *testing.T) {
	for _, samples := range []int{80, 160, 240, 320, 480} {
		t.Run(fmt.Sprint(samples/8, " ms"), func(t *testing.T) {
			bubble(t, 2, func(r *Room, p []*party) {
				r.Set(call.Mix{{Connection: 1, From: []call.ConnectionID{2}}})
				var want, got []byte
				said := newSource(0, p[1].stream.Codec, p[2].says.hz)
				for range 12 {
					p[2].speak(samples)
					want = append(want, said.next(samples).Payload...)
				}
				heard := p[1].rest()
				for _, h := range heard {
					got = append(got, h.Payload...)
				}
				if wrong := continuous(heard); len(heard) != len(want)/frame && wrong != "" {
					t.Errorf("%d packets, %s", len(heard), wrong)
				}
				// The law differs, so samples may by a step.
				c := p[1].stream.Codec
				for i, v := range c.Decode(nil, got) {
					if w := c.Decode(nil, want[i:i+1])[0]; max(v-w, w-v) > 260 {
						t.Fatalf("sample %d is %d, want %d", i, v, w)
					}
				}
			})
		})
	}
}

func TestWhatWasSaidToOthersIsNotLost(t *testing.T) {
	bubble(t, 3, func(r *Room, p []*party) {
		r.Set(everyone(1, 3))
		talk(2, p[3])
		r.Set(everyone(1, 2))
		talk(2, p[3])
		r.Set(everyone(1, 3))
		talk(2, p[3])
		heard := p[1].rest()
		if wrong := continuous(heard); len(heard) != 4 || wrong != "" {
			t.Errorf("%d packets, want 4; %s", len(heard), wrong)
		}
	})
}

func TestASourceWhoseClockLeapsDoesNotMakeOursLeap(t *testing.T) {
	bubble(t, 2, func(r *Room, p []*party) {
		r.Set(call.Mix{{Connection: 1, From: []call.ConnectionID{2}}})
		for _, leap := range []uint32{10 * rate, 1<<32 - 10*rate, 0} {
			talk(10, p[2])
			p[2].says.header.Timestamp += leap
		}
		heard := p[1].rest()
		if wrong := continuous(heard); len(heard) < 26 || wrong != "" {
			t.Errorf("%d packets, want about 30; %s", len(heard), wrong)
		}
	})
}

func TestHalfAPacketIsDroppedWhenItsOtherHalfIsLost(t *testing.T) {
	bubble(t, 2, func(r *Room, p []*party) {
		r.Set(call.Mix{{Connection: 1, From: []call.ConnectionID{2}}})
		p[2].says.hz = 350
		p[2].speak(frame / 2)
		p[2].says.next(frame / 2) // lost
		p[2].speak(frame)
		want := newSource(0, p[1].stream.Codec, p[2].says.hz)
		want.next(frame)
		heard := p[1].rest()
		if len(heard) != 1 {
			t.Fatalf("%d packets, want 1", len(heard))
		}
		c := p[1].stream.Codec
		got, said := c.Decode(nil, heard[0].Payload), c.Decode(nil, want.next(frame).Payload)
		for i := range got {
			if max(got[i]-said[i], said[i]-got[i]) > 260 {
				t.Fatalf("sample %d is %d, want %d", i, got[i], said[i])
			}
		}
	})
}

func TestLossIsPassedOnAndLatePacketsAreNot(t *testing.T) {
	bubble(t, 2, func(r *Room, p []*party) {
		r.Set(call.Mix{{Connection: 1, From: []call.ConnectionID{2}}})
		p[2].speak(frame)
		late := p[2].says.next(frame)
		p[2].says.next(frame) // lost
		p[2].speak(frame)
		p[2].receive(p[2].address(), late)
		p[2].speak(frame)
		heard := p[1].rest()
		if len(heard) != 3 {
			t.Fatalf("%d packets, want 3", len(heard))
		}
		for i, want := range []uint16{0, 3, 4} {
			number := heard[i].SequenceNumber - heard[0].SequenceNumber
			audio := heard[i].Timestamp - heard[0].Timestamp
			if number != want || audio != uint32(want)*frame {
				t.Errorf("packet %d is number %d at %d, want %d at %d", i, number, audio, want, want*frame)
			}
		}
	})
}

func TestKeysAreRelayedWithOneTimestampEach(t *testing.T) {
	for name, mix := range map[string]call.Mix{"relay": everyone(1, 2), "mix": everyone(1, 2, 3)} {
		t.Run(name, func(t *testing.T) {
			bubble(t, 3, func(r *Room, p []*party) {
				s := p[1].stream
				s.Events = 96
				p[1].Set(s)
				r.Set(mix)
				talk(5, p[2])
				for i := range uint16(5) {
					p[2].key((i + 1) * frame)
					pass(1)
				}
				p[2].says.header.Timestamp += 5 * frame
				talk(5, p[2])
				p[2].key(frame)
				var keys []sent
				for _, h := range p[1].rest() {
					if h.PayloadType == 96 {
						keys = append(keys, h)
					}
				}
				if len(keys) != 6 {
					t.Fatalf("%d event packets, want 6", len(keys))
				}
				for i, k := range keys {
					same := k.Timestamp == keys[0].Timestamp
					if same != (i < 5) || k.Marker != (i == 0 || i == 5) {
						t.Errorf("event packet %d: timestamp as the first %v, marker %v", i, same, k.Marker)
					}
				}
			})
		})
	}
}

func TestAKeyKeepsItsPlaceInWhatIsRelayed(t *testing.T) {
	bubble(t, 2, func(r *Room, p []*party) {
		r.Set(call.Mix{{Connection: 1, From: []call.ConnectionID{2}}})
		p[2].speak(frame)
		p[2].says.header.Timestamp += 3 * frame // said nothing
		p[2].key(frame)
		p[2].says.header.Timestamp += frame
		p[2].speak(frame)
		heard := p[1].rest()
		if len(heard) != 3 {
			t.Fatalf("%d packets, want 3", len(heard))
		}
		for i, want := range []uint32{0, 4 * frame, 5 * frame} {
			if got := heard[i].Timestamp - heard[0].Timestamp; got != want {
				t.Errorf("packet %d is at %d, want %d", i, got, want)
			}
		}
	})
}

// The clock of some phones stands still while a key is pressed.
func TestAClockThatStandsStillDuringAKeyDoesNotHoldOursBack(t *testing.T) {
	bubble(t, 2, func(r *Room, p []*party) {
		r.Set(call.Mix{{Connection: 1, From: []call.ConnectionID{2}}})
		talk(5, p[2])
		for i := range uint16(50) {
			p[2].key((i + 1) * frame)
			pass(1)
		}
		talk(5, p[2])
		if wrong := continuous(p[1].rest()); wrong != "" {
			t.Error(wrong)
		}
	})
}

func TestKeysAreNotSentToWhoDoesNotWantThem(t *testing.T) {
	bubble(t, 2, func(r *Room, p []*party) {
		s := p[1].stream
		s.Events = 0
		p[1].Set(s)
		r.Set(call.Mix{{Connection: 1, From: []call.ConnectionID{2}}})
		p[2].key(frame)
		if heard := p[1].rest(); len(heard) != 0 {
			t.Errorf("%d packets went out", len(heard))
		}
	})
}

func TestNothingIsSentToWhoeverMayNotHear(t *testing.T) {
	bubble(t, 2, func(r *Room, p []*party) {
		s := p[1].stream
		s.Send = false
		p[1].Set(s)
		if got := r.Set(everyone(1, 2)); len(got) != 1 || got[0] != 2 {
			t.Errorf("in the room with audio both ways: %v, want 2", got)
		}
		talk(20, p[2])
		if heard := p[1].rest(); len(heard) != 0 {
			t.Errorf("%d packets went out", len(heard))
		}
	})
}

func TestAnAudioIsHeardUntilASourceSpeaks(t *testing.T) {
	for name, from := range map[string][]call.ConnectionID{"relayed": {2}, "mixed": {2, 3}} {
		t.Run(name, func(t *testing.T) {
			bubble(t, 3, func(r *Room, p []*party) {
				r.Set(call.Mix{{Connection: 1, From: from, Before: call.RingbackAudio}})
				pass(20)
				if got := level(decoded(p[1], p[1].rest()), 400); got < 500 {
					t.Errorf("ringback is heard with amplitude %.0f", got)
				}
				talk(20, p[2])
				p[1].rest()
				talk(20, p[2])
				pass(20) // and never again
				heard := p[1].rest()
				if wrong := continuous(heard); wrong != "" {
					t.Error(wrong)
				}
				audio := decoded(p[1], heard)
				if voice, ringback := level(audio, p[2].says.hz), level(audio, 400); voice < 1500 || ringback > 50 {
					t.Errorf("the voice is heard with amplitude %.0f, ringback with %.0f", voice, ringback)
				}
			})
		})
	}
}
