package softphone

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/pion/sdp/v3"

	"holdfast/media"
)

// ourEvents is the payload type we offer for telephone-event (RFC 4733).
const ourEvents = 101

// A session is our side of the offer/answer of one call (RFC 3264).
type session struct {
	user    string
	id      uint64
	version uint64
	address netip.AddrPort // where we receive RTP
	codec   media.Codec

	noEvents bool   // no telephone-events, whatever the peer offers
	holding  bool   // we have put the peer on hold
	said     string // our last description, without its version
}

// offer describes everything we can do.
func (s *session) offer() []byte {
	events := uint8(ourEvents)
	if s.noEvents {
		events = 0
	}
	line := s.audio(payloadType(s.codec), events, true, !s.holding)
	return s.describe([]*sdp.MediaDescription{line})
}

// answer answers an offer and returns the agreed stream. unchanged reports that
// our answer is the same as before.
func (s *session) answer(offer []byte) (body []byte, agreed media.Stream, unchanged bool, err error) {
	theirs, err := parseSDP(offer)
	if err != nil {
		return nil, media.Stream{}, false, err
	}
	agreed, index, err := s.agree(theirs)
	if err != nil {
		return nil, media.Stream{}, false, err
	}
	lines := make([]*sdp.MediaDescription, len(theirs.MediaDescriptions))
	for i, m := range theirs.MediaDescriptions {
		if i == index {
			lines[i] = s.audio(agreed.PayloadType, agreed.Events, agreed.Send, agreed.Receive)
			continue
		}
		refused := m.MediaName
		refused.Port = sdp.RangedPort{}
		lines[i] = &sdp.MediaDescription{MediaName: refused}
	}
	before := s.version
	body = s.describe(lines)
	return body, agreed, s.version == before, nil
}

// accept takes the peer's answer to our offer.
func (s *session) accept(answer []byte) (media.Stream, error) {
	theirs, err := parseSDP(answer)
	if err != nil {
		return media.Stream{}, err
	}
	agreed, _, err := s.agree(theirs)
	return agreed, err
}

// agree finds the audio line both sides can use, and its index.
func (s *session) agree(theirs *sdp.SessionDescription) (media.Stream, int, error) {
	for i, m := range theirs.MediaDescriptions {
		codec, ok := payloadOf(m, codecName(s.codec))
		if !ok || !isAudio(m) {
			continue
		}
		remote, err := remoteAddress(theirs, m)
		if err != nil {
			return media.Stream{}, 0, err
		}
		events, _ := payloadOf(m, "telephone-event")
		if s.noEvents {
			events = 0
		}
		send, receive := direction(theirs, m)
		onHold := remote.Addr().IsUnspecified() // RFC 2543's way to hold
		return media.Stream{
			Remote:      remote,
			Codec:       s.codec,
			PayloadType: codec,
			Events:      events,
			Send:        receive && !onHold,
			Receive:     send && !s.holding,
		}, i, nil
	}
	return media.Stream{}, 0, fmt.Errorf("sdp: no audio line with %s", codecName(s.codec))
}

// describe makes a description of our session. Its version counts our changes
// (RFC 3264 §8).
func (s *session) describe(lines []*sdp.MediaDescription) []byte {
	host := s.address.Addr().String()
	d := sdp.SessionDescription{
		Origin: sdp.Origin{
			Username: "-", SessionID: s.id,
			NetworkType: "IN", AddressType: addressType(s.address), UnicastAddress: host,
		},
		SessionName: sdp.SessionName(s.user),
		ConnectionInformation: &sdp.ConnectionInformation{
			NetworkType: "IN", AddressType: addressType(s.address), Address: &sdp.Address{Address: host},
		},
		TimeDescriptions:  []sdp.TimeDescription{{}},
		MediaDescriptions: lines,
	}
	bare, err := d.Marshal()
	if err == nil && string(bare) != s.said {
		s.said = string(bare)
		s.version++
	}
	d.Origin.SessionVersion = s.version
	body, err := d.Marshal()
	if err != nil {
		panic(fmt.Sprintf("softphone: our own description: %v", err))
	}
	return body
}

func (s *session) audio(codec, events uint8, send, receive bool) *sdp.MediaDescription {
	m := &sdp.MediaDescription{MediaName: sdp.MediaName{
		Media:  "audio",
		Port:   sdp.RangedPort{Value: int(s.address.Port())},
		Protos: []string{"RTP", "AVP"},
	}}
	m.WithCodec(codec, codecName(s.codec), 8000, 0, "")
	if events != 0 {
		m.WithCodec(events, "telephone-event", 8000, 0, "0-15")
	}
	m.WithValueAttribute("ptime", "20")
	switch {
	case send && receive:
		m.WithPropertyAttribute(sdp.AttrKeySendRecv)
	case send:
		m.WithPropertyAttribute(sdp.AttrKeySendOnly)
	case receive:
		m.WithPropertyAttribute(sdp.AttrKeyRecvOnly)
	default:
		m.WithPropertyAttribute(sdp.AttrKeyInactive)
	}
	return m
}

func parseSDP(body []byte) (*sdp.SessionDescription, error) {
	var d sdp.SessionDescription
	if err := d.Unmarshal(body); err != nil {
		return nil, fmt.Errorf("reading a session description: %w", err)
	}
	return &d, nil
}

// isAudio reports whether a media line is plain RTP audio that is not refused.
func isAudio(m *sdp.MediaDescription) bool {
	name := m.MediaName
	return name.Media == "audio" && name.Port.Value != 0 && strings.Join(name.Protos, "/") == "RTP/AVP"
}

// payloadOf finds the payload type that a media line gives to a codec at 8 kHz.
func payloadOf(m *sdp.MediaDescription, name string) (uint8, bool) {
	for _, format := range m.MediaName.Formats {
		number, err := strconv.ParseUint(format, 10, 7)
		if err == nil && strings.EqualFold(encoding(m, format), name+"/8000") {
			return uint8(number), true
		}
	}
	return 0, false
}

// encoding is the encoding of a format: its rtpmap, or the static assignment of
// RFC 3551 §6.
func encoding(m *sdp.MediaDescription, format string) string {
	for _, a := range m.Attributes {
		number, value, ok := strings.Cut(a.Value, " ")
		if ok && a.Key == "rtpmap" && number == format {
			return strings.TrimSuffix(strings.TrimSpace(value), "/1")
		}
	}
	switch format {
	case "0":
		return "PCMU/8000"
	case "8":
		return "PCMA/8000"
	}
	return ""
}

// direction returns whether the peer will send and whether it wants to receive.
func direction(d *sdp.SessionDescription, m *sdp.MediaDescription) (send, receive bool) {
	for _, attributes := range [][]sdp.Attribute{m.Attributes, d.Attributes} {
		for _, a := range attributes {
			switch a.Key {
			case sdp.AttrKeySendRecv:
				return true, true
			case sdp.AttrKeySendOnly:
				return true, false
			case sdp.AttrKeyRecvOnly:
				return false, true
			case sdp.AttrKeyInactive:
				return false, false
			}
		}
	}
	return true, true
}

func remoteAddress(d *sdp.SessionDescription, m *sdp.MediaDescription) (netip.AddrPort, error) {
	c := m.ConnectionInformation
	if c == nil {
		c = d.ConnectionInformation
	}
	if c == nil || c.Address == nil {
		return netip.AddrPort{}, fmt.Errorf("sdp: the audio line has no connection address")
	}
	ip, err := netip.ParseAddr(c.Address.Address)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("sdp: connection address: %w", err)
	}
	return netip.AddrPortFrom(ip.Unmap(), uint16(m.MediaName.Port.Value)), nil
}

func addressType(a netip.AddrPort) string {
	if a.Addr().Is4() {
		return "IP4"
	}
	return "IP6"
}

func codecName(c media.Codec) string {
	if c == media.PCMA {
		return "PCMA"
	}
	return "PCMU"
}

func payloadType(c media.Codec) uint8 {
	if c == media.PCMA {
		return 8
	}
	return 0
}
