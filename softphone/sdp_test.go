package softphone

import (
	"net/netip"
	"strings"
	"testing"

	"holdfast/media"
)

func newSession(codec media.Codec) *session {
	return &session{user: "ana", id: 7, address: netip.MustParseAddrPort("127.0.0.1:4000"), codec: codec}
}

// description is an offer whose audio line and what follows it are given.
func description(lines ...string) []byte {
	all := append([]string{"v=0", "o=- 1 1 IN IP4 192.0.2.1", "s=-", "c=IN IP4 192.0.2.1", "t=0 0"}, lines...)
	return []byte(strings.Join(all, "\r\n") + "\r\n")
}

func TestAnswer(t *testing.T) {
	remote := netip.MustParseAddrPort("192.0.2.1:5000")
	tests := []struct {
		name    string
		codec   media.Codec
		holding bool
		offer   []string
		want    media.Stream
		says    []string
	}{
		{"plain", media.PCMU, false, []string{"m=audio 5000 RTP/AVP 0"},
			media.Stream{Remote: remote, Codec: media.PCMU, Send: true, Receive: true},
			[]string{"m=audio 4000 RTP/AVP 0\r\n", "a=sendrecv"}},
		{"their payload types", media.PCMA, false,
			[]string{"m=audio 5000 RTP/AVP 0 97 96", "a=rtpmap:96 telephone-event/8000", "a=rtpmap:97 pcma/8000/1"},
			media.Stream{Remote: remote, Codec: media.PCMA, PayloadType: 97, Events: 96, Send: true, Receive: true},
			[]string{"m=audio 4000 RTP/AVP 97 96\r\n", "a=rtpmap:97 PCMA/8000"}},
		{"held by the peer", media.PCMU, false, []string{"m=audio 5000 RTP/AVP 0", "a=sendonly"},
			media.Stream{Remote: remote, Receive: true}, []string{"a=recvonly"}},
		{"held for the whole session", media.PCMU, false, []string{"a=inactive", "m=audio 5000 RTP/AVP 0"},
			media.Stream{Remote: remote}, []string{"a=inactive"}},
		{"held in the old way", media.PCMU, false, []string{"m=audio 5000 RTP/AVP 0", "c=IN IP4 0.0.0.0"},
			media.Stream{Remote: netip.MustParseAddrPort("0.0.0.0:5000"), Receive: true}, []string{"a=recvonly"}},
		{"held by us", media.PCMU, true, []string{"m=audio 5000 RTP/AVP 0"},
			media.Stream{Remote: remote, Send: true}, []string{"a=sendonly"}},
		{"with video", media.PCMU, false, []string{"m=video 6000 RTP/AVP 31", "m=audio 5000 RTP/AVP 0"},
			media.Stream{Remote: remote, Send: true, Receive: true},
			[]string{"m=video 0 RTP/AVP 31\r\nm=audio 4000 RTP/AVP 0"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newSession(tt.codec)
			s.holding = tt.holding
			body, got, _, err := s.answer(description(tt.offer...))
			if err != nil {
				t.Fatal(err)
			}
			if got != tt.want {
				t.Errorf("agreed %+v\nwant   %+v", got, tt.want)
			}
			for _, says := range tt.says {
				if !strings.Contains(string(body), says) {
					t.Errorf("the answer does not say %q:\n%s", says, body)
				}
			}
		})
	}
}

func TestNoAnswer(t *testing.T) {
	for name, offer := range map[string][]byte{
		"other codecs only":     description("m=audio 5000 RTP/AVP 18 9"),
		"no audio":              description("m=video 5000 RTP/AVP 0"),
		"audio refused":         description("m=audio 0 RTP/AVP 0"),
		"encrypted":             description("m=audio 5000 RTP/SAVP 0"),
		"codec at another rate": description("m=audio 5000 RTP/AVP 96", "a=rtpmap:96 PCMU/16000"),
		"a host name":           description("m=audio 5000 RTP/AVP 0", "c=IN IP4 phone.example"),
		"not SDP":               []byte("hello"),
		"empty":                 {},
	} {
		if body, _, _, err := newSession(media.PCMU).answer(offer); err == nil {
			t.Errorf("%s: answered with\n%s", name, body)
		}
	}
}

// The version in the o= line goes up exactly when something else is said
// (RFC 3264 §8).
func TestVersion(t *testing.T) {
	s := newSession(media.PCMU)
	talk, hold := description("m=audio 5000 RTP/AVP 0"), description("m=audio 5000 RTP/AVP 0", "a=sendonly")
	for i, step := range []struct {
		offer     []byte
		unchanged bool
		version   string
	}{
		{talk, false, "o=- 7 1 "}, {talk, true, "o=- 7 1 "}, {hold, false, "o=- 7 2 "}, {talk, false, "o=- 7 3 "},
	} {
		body, _, unchanged, err := s.answer(step.offer)
		if err != nil {
			t.Fatal(err)
		}
		if unchanged != step.unchanged || !strings.Contains(string(body), step.version) {
			t.Errorf("answer %d: unchanged %v, and it says\n%s", i+1, unchanged, body)
		}
	}
}

func TestOfferIsUnderstoodByAnother(t *testing.T) {
	ana, ben := newSession(media.PCMA), newSession(media.PCMA)
	ana.holding = true
	body, bens, _, err := ben.answer(ana.offer())
	if err != nil {
		t.Fatal(err)
	}
	anas, err := ana.accept(body)
	if err != nil {
		t.Fatal(err)
	}
	if bens.Send || !bens.Receive || !anas.Send || anas.Receive {
		t.Errorf("ana holds ben, and they agreed %+v and %+v", anas, bens)
	}
	if anas.Events != ourEvents || bens.Events != ourEvents {
		t.Errorf("events %d and %d, want %d", anas.Events, bens.Events, ourEvents)
	}
}

func FuzzAnswer(f *testing.F) {
	f.Add([]byte("v=0\r\n"))
	f.Add(newSession(media.PCMU).offer())
	f.Add(description("m=video 6000 RTP/AVP 31", "m=audio 5000 RTP/AVP 0 101", "a=rtpmap:101 telephone-event/8000"))
	f.Fuzz(func(t *testing.T, offer []byte) {
		s := newSession(media.PCMU)
		body, agreed, _, err := s.answer(offer)
		if err != nil {
			return
		}
		if agreed.Remote.Port() == 0 || !agreed.Remote.Addr().IsValid() {
			t.Errorf("agreed to send to %v", agreed.Remote)
		}
		if _, err := newSession(media.PCMU).accept(body); err != nil {
			t.Errorf("our own answer is not understood: %v\n%s", err, body)
		}
	})
}
