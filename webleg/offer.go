package webleg

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pion/sdp/v3"
)

// offerMost is the longest offer accepted. Browsers' offers of one audio track
// are 1 to 6 kB long.
const offerMost = 32 << 10

// kept are the attributes of an offer that a session needs; an offer is reduced to
// them. Above all, candidates and ice-lite are dropped: browsers send first, and an
// offer must not make us send to the addresses that it names, or connect to them.
var kept = map[string]bool{
	"group": true, "mid": true, "msid": true, "ssrc": true, "sendrecv": true, "rtcp-mux": true, "rtpmap": true, "fmtp": true,
	"ice-ufrag": true, "ice-pwd": true, "ice-options": true, "fingerprint": true, "setup": true,
}

// An offer is a valid offer of a browser.
type offer struct {
	sdp     string   // with only the kept attributes
	events  uint8    // payload type of telephone-events at 8 kHz, 0: not offered
	streams []uint32 // the browser's RTP sources (SSRCs), as far as it names them
}

// readOffer checks an offer and finds the payload type of telephone-events. The
// error names the fault. It leaves the attributes of ICE and DTLS to those.
func readOffer(text string) (offer, error) {
	if len(text) > offerMost {
		return offer{}, fmt.Errorf("the offer is longer than %d kB", offerMost>>10)
	}
	var s sdp.SessionDescription
	if err := s.UnmarshalString(text); err != nil {
		return offer{}, fmt.Errorf("the offer is not SDP: %w", err)
	}
	m, err := audioOf(&s)
	if err != nil {
		return offer{}, err
	}
	if err := check(&s, m); err != nil {
		return offer{}, err
	}
	reduced, err := reduce(&s)
	if err != nil {
		return offer{}, err
	}
	o := offer{sdp: reduced, streams: streamsOf(m)}
	for number, codec := range formatsOf(m) {
		// RFC 4733 §2.5.1: events use the clock rate of the audio they replace.
		if codec == "telephone-event/8000" && (o.events == 0 || number < o.events) {
			o.events = number
		}
	}
	return o, nil
}

// check reports the lines that an offer with that audio section lacks.
func check(s *sdp.SessionDescription, m *sdp.MediaDescription) error {
	for _, needed := range []struct{ attribute, what string }{
		{"fingerprint", "fingerprint"}, {"ice-ufrag", "ICE user name"}, {"ice-pwd", "ICE password"},
	} {
		if !has(s, m, needed.attribute) {
			return fmt.Errorf("the offer has no %s", needed.what)
		}
	}
	if formatsOf(m)[pcmu] != "pcmu/8000" {
		return errors.New("the offer has no PCMU (payload type 0)")
	}
	for _, direction := range []string{"sendonly", "recvonly", "inactive"} {
		if has(s, m, direction) {
			return fmt.Errorf("the audio in the offer is %s, want sendrecv", direction)
		}
	}
	if n := len(streamsOf(m)); n > mostStreams {
		return fmt.Errorf("the offer has %d RTP sources, want one", n)
	}
	return nil
}

// reduce drops the attributes that are not kept, and returns the rest.
func reduce(s *sdp.SessionDescription) (string, error) {
	drop := func(a sdp.Attribute) bool { return !kept[a.Key] }
	s.Attributes = slices.DeleteFunc(s.Attributes, drop)
	for _, m := range s.MediaDescriptions {
		m.Attributes = slices.DeleteFunc(m.Attributes, drop)
	}
	written, err := s.Marshal()
	if err != nil {
		return "", fmt.Errorf("reducing the offer: %w", err)
	}
	return string(written), nil
}

// audioOf returns the audio section of an offer that has no other.
func audioOf(s *sdp.SessionDescription) (*sdp.MediaDescription, error) {
	audio := slices.IndexFunc(s.MediaDescriptions, func(m *sdp.MediaDescription) bool {
		return m.MediaName.Media == "audio" && m.MediaName.Port.Value != 0
	})
	switch {
	case audio < 0:
		return nil, errors.New("the offer has no audio")
	case len(s.MediaDescriptions) > 1:
		return nil, fmt.Errorf("the offer has %d media sections, want only one of audio", len(s.MediaDescriptions))
	}
	return s.MediaDescriptions[audio], nil
}

// has reports whether an attribute is set, in the section or for the session.
func has(s *sdp.SessionDescription, m *sdp.MediaDescription, attribute string) bool {
	_, there := m.Attribute(attribute)
	if !there {
		_, there = s.Attribute(attribute)
	}
	return there
}

// streamsOf returns the RTP sources that a section names.
func streamsOf(m *sdp.MediaDescription) []uint32 {
	var all []uint32
	for _, a := range m.Attributes {
		number, _, _ := strings.Cut(a.Value, " ")
		if ssrc, err := strconv.ParseUint(number, 10, 32); err == nil && a.Key == "ssrc" && !slices.Contains(all, uint32(ssrc)) {
			all = append(all, uint32(ssrc))
		}
	}
	return all
}

// formatsOf returns the codecs that a section offers, such as "pcmu/8000", by
// payload type.
func formatsOf(m *sdp.MediaDescription) map[uint8]string {
	named := map[string]string{strconv.Itoa(pcmu): "pcmu/8000"} // a static type needs no rtpmap (RFC 3551 §6)
	for _, a := range m.Attributes {
		if number, codec, ok := strings.Cut(a.Value, " "); ok && a.Key == "rtpmap" {
			named[number] = strings.TrimSuffix(strings.ToLower(codec), "/1") // one channel is the default
		}
	}
	formats := map[uint8]string{}
	for _, f := range m.MediaName.Formats {
		if number, err := strconv.ParseUint(f, 10, 7); err == nil {
			formats[uint8(number)] = named[f]
		}
	}
	return formats
}
