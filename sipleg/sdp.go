package sipleg

import (
	"cmp"
	"errors"
	"net/netip"

	"github.com/pion/sdp/v3"

	"holdfast/media"
)

// A session is one leg's side of the offers and answers about its audio (RFC
// 3264). It is a value: each method returns the session afterwards.
type session struct {
	ID      uint64         `json:"id"`                // in our o= line, for ever
	Version uint64         `json:"version"`           // in our o= line, one more with every change
	At      netip.AddrPort `json:"at,omitzero"`       // our address for audio in Local
	Local   string         `json:"local,omitempty"`   // our last offer or answer
	Events  uint8          `json:"events,omitempty"`  // our payload type for telephone-event, once described
	Waiting bool           `json:"waiting,omitempty"` // Local is an offer in a 2xx, whose answer the ACK brings
	Stream  media.Stream   `json:"stream,omitzero"`   // as agreed last
}

// eventsType is our payload type for telephone-event (RFC 4733), unless the peer
// has offered another first. It stays the same for the session (RFC 3264 §8.3.2).
const eventsType = 101

// offer makes a full offer, to listen at that address: everything we can do, in
// both directions, whatever was agreed before. A peer that holds us keeps its
// hold by its answer (RFC 6337 §5.3). The lines of earlier descriptions stay in
// number and order (RFC 3264 §8). fresh makes it another version even if
// nothing else has changed.
func (s session) offer(at netip.AddrPort, fresh bool) session {
	if s.Events == 0 {
		s.Events = cmp.Or(s.Stream.Events, eventsType)
	}
	formats := []format{{0, "PCMU"}, {8, "PCMA"}, {s.Events, "telephone-event"}}
	next := s.redescribe(func(before *sdp.MediaDescription) *sdp.MediaDescription {
		return describeAudio(before.MediaName.Protos, at.Port(), sdp.DirectionSendRecv, formats)
	})
	if fresh {
		s.Local = ""
	}
	return s.say(at, next)
}

// answer answers an offer, to listen at that address (RFC 3264 §6): the first
// audio line with one of our codecs is taken, with the first such codec in the
// peer's order and with its payload types; all other lines are refused. An offer
// without such a line gives an error with the reason.
func (s session) answer(at netip.AddrPort, offer []byte) (session, error) {
	sections, err := parse(offer)
	if err != nil {
		return s, err
	}
	taken, agreed, err := choose(at.Addr(), sections)
	if err != nil {
		return s, err
	}
	s.Events = cmp.Or(s.Events, agreed.Events)
	s.Stream, s.Waiting = s.hearing(agreed), false
	media := make([]*sdp.MediaDescription, len(sections))
	for i, sec := range sections {
		media[i] = refuseMedia(sec.media.MediaName)
	}
	media[taken] = describeAudio(sections[taken].media.MediaName.Protos, at.Port(), direction(agreed), formats(agreed))
	return s.say(at, media), nil
}

// hearing returns the stream with our own number for telephone-event, which the
// peer may use, too (RFC 3264 §5.1).
func (s session) hearing(agreed media.Stream) media.Stream {
	if s.Events != agreed.Events {
		agreed.EventsIn = s.Events
	}
	return agreed
}

// agree takes the peer's answer to Local. On error the session is as it was.
func (s session) agree(answer []byte) (session, error) {
	if len(answer) == 0 {
		return s, errors.New("sdp: no answer to our offer")
	}
	sections, err := parse(answer)
	if err != nil {
		return s, err
	}
	_, agreed, err := choose(s.At.Addr(), sections)
	if err != nil {
		return s, err
	}
	s.Stream, s.Waiting = s.hearing(agreed), false
	return s, nil
}

// moved repeats the last description, with another address for audio.
func (s session) moved(at netip.AddrPort) session {
	return s.say(at, s.redescribe(func(m *sdp.MediaDescription) *sdp.MediaDescription {
		m.MediaName.Port = sdp.RangedPort{Value: int(at.Port())}
		return m
	}))
}

// redescribe is the media of Local with its audio line replaced; without Local,
// that line alone.
func (s session) redescribe(audio func(before *sdp.MediaDescription) *sdp.MediaDescription) []*sdp.MediaDescription {
	sections, err := parse([]byte(s.Local))
	if err != nil {
		plain := sdp.MediaDescription{MediaName: sdp.MediaName{Protos: []string{"RTP", "AVP"}}}
		return []*sdp.MediaDescription{audio(&plain)}
	}
	var all []*sdp.MediaDescription
	for _, sec := range sections {
		if sec.media.MediaName.Port.Value != 0 {
			sec.media = audio(sec.media)
		}
		all = append(all, sec.media)
	}
	return all
}

// say sets Local to this description, in a new version if that is a change (RFC
// 3264 §8).
func (s session) say(at netip.AddrPort, media []*sdp.MediaDescription) session {
	if text := s.describe(at, media); text != s.Local {
		s.Version++
		s.At, s.Local = at, s.describe(at, media)
	}
	return s
}

func (s session) describe(at netip.AddrPort, media []*sdp.MediaDescription) string {
	addressType := "IP4"
	if at.Addr().Is6() {
		addressType = "IP6"
	}
	d := sdp.SessionDescription{
		Origin: sdp.Origin{
			Username: "holdfast", SessionID: s.ID, SessionVersion: s.Version,
			NetworkType: "IN", AddressType: addressType, UnicastAddress: at.Addr().String(),
		},
		SessionName: "-",
		ConnectionInformation: &sdp.ConnectionInformation{
			NetworkType: "IN", AddressType: addressType, Address: &sdp.Address{Address: at.Addr().String()},
		},
		TimeDescriptions:  []sdp.TimeDescription{{}},
		MediaDescriptions: media,
	}
	text, _ := d.Marshal() // has no error to give
	return string(text)
}
