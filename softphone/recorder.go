package softphone

import (
	"fmt"
	"net/netip"

	"holdfast/media"
)

// A Recorder is the audio of a phone without its SIP: it records the audio sent
// to its socket and plays a tone to the last sender, in their law. It is for
// SIP programs that have no audio of their own and put its address into their
// SDP, with telephone-event as payload type 101.
type Recorder struct{ audio *audio }

// Record begins to record at address; port 0 is any free one. tone is in Hz; 0
// is silence. The Recorder sends nothing before it has received a packet,
// unless SayTo has set the receiver.
func Record(address netip.AddrPort, tone float64) (*Recorder, error) {
	s, err := startAudio(address, tone, true, discard)
	if err != nil {
		return nil, fmt.Errorf("recording: %w", err)
	}
	return &Recorder{s}, nil
}

// Address is where it listens.
func (r *Recorder) Address() netip.AddrPort { return r.audio.address() }

// Recording is the audio it hears.
func (r *Recorder) Recording() *Recording { return r.audio.recording }

// SayTo makes it play its tone to a peer that has sent nothing yet, in µ-law.
func (r *Recorder) SayTo(peer netip.AddrPort) { r.audio.agreeWith(peer, payloadType(media.PCMU)) }

// Close ends the recording and frees the port. Again: nothing.
func (r *Recorder) Close() { r.audio.close() }
