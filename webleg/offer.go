package webleg

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pion/sdp/v3"
)

// offerMost is more than any browser writes about one audio track; the offers of
// today's browsers are 2 to 6 kB long.
const offerMost = 32 << 10

// An offer is a browser's offer that can be answered.
type offer struct {
	sdp    string
	events uint8 // the payload type of telephone-events at 8 kHz, 0: not offered
}

// readOffer checks an offer, and finds in it what media needs to know. An error
// names what is wrong with it; what only ICE and DTLS understand is left to them.
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
	for _, needed := range []struct{ attribute, what string }{
		{"fingerprint", "fingerprint"}, {"ice-ufrag", "ICE user name"}, {"ice-pwd", "ICE password"},
	} {
		if !has(&s, m, needed.attribute) {
			return offer{}, fmt.Errorf("the offer has no %s", needed.what)
		}
	}
	formats := formatsOf(m)
	if formats[pcmu] != "pcmu/8000" {
		return offer{}, errors.New("the offer has no PCMU; it is the only codec here")
	}
	for _, direction := range []string{"sendonly", "recvonly", "inactive"} {
		if has(&s, m, direction) {
			return offer{}, fmt.Errorf("the audio of the offer is %s; it must be sendrecv", direction)
		}
	}
	o := offer{sdp: text}
	for number, codec := range formats {
		// The clock must be our codec's (RFC 4733 §2.5).
		if codec == "telephone-event/8000" && (o.events == 0 || number < o.events) {
			o.events = number
		}
	}
	return o, nil
}

// audioOf is the one media section of an offer.
func audioOf(s *sdp.SessionDescription) (*sdp.MediaDescription, error) {
	audio := slices.IndexFunc(s.MediaDescriptions, func(m *sdp.MediaDescription) bool {
		return m.MediaName.Media == "audio" && m.MediaName.Port.Value != 0
	})
	switch {
	case audio < 0:
		return nil, errors.New("the offer has no audio")
	case len(s.MediaDescriptions) > 1:
		return nil, fmt.Errorf("the offer has %d media sections; only one is answered, of audio", len(s.MediaDescriptions))
	}
	return s.MediaDescriptions[audio], nil
}

// has reports whether an attribute is set for the media section, or for all.
func has(s *sdp.SessionDescription, m *sdp.MediaDescription, attribute string) bool {
	_, there := m.Attribute(attribute)
	if !there {
		_, there = s.Attribute(attribute)
	}
	return there
}

// formatsOf is what a media section offers, such as "pcmu/8000", by payload type.
func formatsOf(m *sdp.MediaDescription) map[uint8]string {
	named := map[string]string{strconv.Itoa(pcmu): "pcmu/8000"} // need not be named (RFC 3551)
	for _, a := range m.Attributes {
		if number, codec, ok := strings.Cut(a.Value, " "); ok && a.Key == "rtpmap" {
			named[number] = strings.TrimSuffix(strings.ToLower(codec), "/1") // one channel need not be said
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
