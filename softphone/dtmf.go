package softphone

import (
	"encoding/binary"
	"strings"

	"holdfast/media"
)

// eventNames are the DTMF digits in the order of their event codes (RFC 4733
// §3.2).
const eventNames = "0123456789*#ABCD"

const (
	eventPackets = 5 // a digit lasts 100 ms
	endPackets   = 3 // its end is sent three times (RFC 4733 §2.5.1.4)
	pausePackets = 3 // and then there is a pause
)

// An event is a DTMF digit that is being sent, or the last that was heard.
type event struct {
	digit     byte
	timestamp uint32 // of its beginning
	sent      int    // packets
	known     bool
}

// sendEvent sends the next packet of a digit and reports whether it did so:
// while a digit is being sent our voice is silent.
func (s *audio) sendEvent(stream *media.Stream) bool {
	if s.event.sent == 0 {
		select {
		case digit := <-s.digits:
			s.event = event{digit: digit, timestamp: s.packet.Timestamp}
			s.packet.Marker = true
		default:
			return false
		}
	}
	s.event.sent++
	if s.event.sent <= eventPackets+endPackets {
		s.sendDigit(stream)
	}
	if s.event.sent == eventPackets+endPackets+pausePackets {
		s.event = event{}
	}
	return true
}

// sendDigit sends one packet of the digit. All of them carry the timestamp of
// its beginning; the duration grows until its end.
func (s *audio) sendDigit(stream *media.Stream) {
	now := s.packet.Timestamp
	payload := make([]byte, 4)
	payload[0] = byte(strings.IndexByte(eventNames, s.event.digit))
	payload[1] = 10 // volume: -10 dBm0
	if s.event.sent > eventPackets {
		payload[1] |= 0x80 // end
	}
	binary.BigEndian.PutUint16(payload[2:], uint16(min(s.event.sent, eventPackets)*frame))
	s.packet.Timestamp = s.event.timestamp
	s.write(stream, stream.Events, payload)
	s.packet.Timestamp = now
}

// hearEvent writes a digit down when the first packet of it has come.
func (s *audio) hearEvent(timestamp uint32, payload []byte) {
	if len(payload) < 4 || int(payload[0]) >= len(eventNames) {
		return
	}
	if s.heard.known && s.heard.timestamp == timestamp {
		return
	}
	s.heard = event{timestamp: timestamp, known: true}
	s.recording.addDigit(eventNames[payload[0]])
}
