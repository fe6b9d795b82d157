package sipleg

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/pion/sdp/v3"

	"holdfast/media"
)

// maxSections is how many m= lines a description may have.
const maxSections = 16

// A section is one m= line of a description with the lines that apply to it.
type section struct {
	line    int // of the m= in the description, from 1
	session *sdp.SessionDescription
	media   *sdp.MediaDescription
}

// A format is one payload type of an m= line.
type format struct {
	payload uint8
	name    string
}

// parse reads a description. An error names the line. Sections that are not
// audio only have their m= line read: we need not understand the ones we refuse.
func parse(body []byte) ([]section, error) {
	head, starts := split(string(body))
	if len(starts) == 0 {
		return nil, errors.New("sdp: no m= line")
	}
	if len(starts) > maxSections {
		return nil, fmt.Errorf("sdp: line %d: more than %d m= lines", starts[maxSections].line, maxSections)
	}
	var sections []section
	for _, start := range starts {
		sec, err := parseSection(head, start.line, start.lines)
		if err != nil {
			return nil, err
		}
		sections = append(sections, sec)
	}
	return sections, nil
}

// A stretch is the lines of a section and where they begin.
type stretch struct {
	line  int
	lines []string
}

// split cuts a description into the lines before the first m= and those of each
// section.
func split(body string) (head []string, sections []stretch) {
	for i, line := range strings.Split(strings.TrimRight(body, "\r\n"), "\n") {
		line = strings.TrimRight(line, "\r")
		switch {
		case strings.HasPrefix(line, "m="):
			sections = append(sections, stretch{i + 1, []string{line}})
		case len(sections) > 0:
			last := &sections[len(sections)-1]
			last.lines = append(last.lines, line)
		default:
			head = append(head, line)
		}
	}
	return head, sections
}

func parseSection(head []string, line int, lines []string) (section, error) {
	if !strings.HasPrefix(lines[0], "m=audio ") {
		name, err := mediaName(lines[0])
		if err != nil {
			return section{}, fmt.Errorf("sdp: line %d: %w", line, err)
		}
		return section{line, &sdp.SessionDescription{}, &sdp.MediaDescription{MediaName: name}}, nil
	}
	all := slices.Concat(inOrder(1, head, sessionOrder), inOrder(line, lines, mediaOrder))
	d, ok := unmarshal(all)
	if !ok {
		bad := all[sort.Search(len(all)-1, func(n int) bool { _, ok := unmarshal(all[:n+1]); return !ok })]
		return section{}, fmt.Errorf("sdp: line %d: %q cannot be read", bad.line, bad.text)
	}
	if len(d.MediaDescriptions) != 1 {
		return section{}, fmt.Errorf("sdp: line %d: incomplete", line)
	}
	return section{line, d, d.MediaDescriptions[0]}, nil
}

func unmarshal(lines []numbered) (d *sdp.SessionDescription, ok bool) {
	var text strings.Builder
	for _, l := range lines {
		text.WriteString(l.text + "\r\n")
	}
	d = &sdp.SessionDescription{}
	return d, d.UnmarshalString(text.String()) == nil
}

// mediaName reads an m= line of any medium, such as m=image 4000 udptl t38.
func mediaName(line string) (sdp.MediaName, error) {
	f := strings.Fields(strings.TrimPrefix(line, "m="))
	if len(f) < 4 {
		return sdp.MediaName{}, fmt.Errorf("%q: an m= line has at least four words", line)
	}
	return sdp.MediaName{Media: f[0], Protos: strings.Split(f[2], "/"), Formats: f[3:]}, nil
}

// choose returns the section to use for a leg that listens at us, and the stream
// that taking it agrees.
func choose(us netip.Addr, sections []section) (int, media.Stream, error) {
	var why error
	for i, sec := range sections {
		stream, err := sec.stream(us)
		if err == nil {
			return i, stream, nil
		}
		if why == nil {
			why = fmt.Errorf("sdp: line %d: %w", sec.line, err)
		}
	}
	return 0, media.Stream{}, why
}

// stream is the agreed audio when we take this section.
func (s section) stream(us netip.Addr) (media.Stream, error) {
	name := s.media.MediaName
	switch {
	case name.Media != "audio":
		return media.Stream{}, fmt.Errorf("unsupported media %q: want audio", name.Media)
	case name.Port.Value == 0:
		return media.Stream{}, errors.New("the audio is refused (port 0)")
	case s.proto() != "RTP/AVP" && s.proto() != "RTP/AVPF":
		return media.Stream{}, fmt.Errorf("unsupported transport %q: want RTP/AVP", s.proto())
	}
	host, err := s.address()
	if err != nil {
		return media.Stream{}, err
	}
	if host.Is4() != us.Is4() { // a socket sends to addresses of its own family only
		return media.Stream{}, fmt.Errorf("c=%s cannot be reached from %s", host, us)
	}
	stream := media.Stream{Remote: netip.AddrPortFrom(host, uint16(name.Port.Value))}
	if err := s.readFormats(&stream); err != nil {
		return media.Stream{}, err
	}
	peer := s.direction()
	// The address 0.0.0.0 is how phones held before there were directions
	// (RFC 3264 §8.4): nothing must be sent there.
	stream.Send = (peer == sdp.DirectionSendRecv || peer == sdp.DirectionRecvOnly) && !host.IsUnspecified()
	stream.Receive = peer == sdp.DirectionSendRecv || peer == sdp.DirectionSendOnly
	return stream, nil
}

// readFormats takes the first G.711 codec and the first telephone-event.
func (s section) readFormats(stream *media.Stream) error {
	found := false
	for _, word := range s.media.MediaName.Formats {
		payload, err := strconv.ParseUint(word, 10, 7)
		if err != nil {
			return fmt.Errorf("%q is not a payload type", word)
		}
		switch name := s.encoding(word); {
		case name == "PCMU/8000" && !found:
			stream.Codec, stream.PayloadType, found = media.PCMU, uint8(payload), true
		case name == "PCMA/8000" && !found:
			stream.Codec, stream.PayloadType, found = media.PCMA, uint8(payload), true
		case name == "TELEPHONE-EVENT/8000" && stream.Events == 0:
			stream.Events = uint8(payload)
		}
	}
	if !found {
		return fmt.Errorf("unsupported codecs %s: want PCMU or PCMA", strings.Join(s.media.MediaName.Formats, " "))
	}
	return nil
}

// encoding is the encoding of a payload type, in upper case; the static ones of
// RFC 3551 §6 need no rtpmap.
func (s section) encoding(payload string) string {
	for _, a := range s.media.Attributes {
		if a.Key != "rtpmap" {
			continue
		}
		if of, encoding, ok := strings.Cut(a.Value, " "); ok && of == payload {
			return strings.ToUpper(strings.TrimSuffix(strings.TrimSpace(encoding), "/1"))
		}
	}
	switch payload {
	case "0":
		return "PCMU/8000"
	case "8":
		return "PCMA/8000"
	}
	return ""
}

func (s section) address() (netip.Addr, error) {
	c := s.media.ConnectionInformation
	if c == nil {
		c = s.session.ConnectionInformation
	}
	if c == nil || c.Address == nil {
		return netip.Addr{}, errors.New("no c= line has an address to send to")
	}
	host, err := netip.ParseAddr(c.Address.Address)
	if err != nil || host.Zone() != "" {
		return netip.Addr{}, fmt.Errorf("c=%s is not an IP address", c.Address.Address)
	}
	return host.Unmap(), nil
}

// direction is the peer's, sendrecv when the section has none (RFC 8866 §6.7).
func (s section) direction() sdp.Direction {
	for _, attributes := range [][]sdp.Attribute{s.media.Attributes, s.session.Attributes} {
		for _, a := range attributes {
			if d, err := sdp.NewDirection(a.Key); err == nil {
				return d
			}
		}
	}
	return sdp.DirectionSendRecv
}

func (s section) proto() string { return strings.Join(s.media.MediaName.Protos, "/") }

// direction is ours in an answer, following from the stream.
func direction(s media.Stream) sdp.Direction {
	switch {
	case s.Send && s.Receive:
		return sdp.DirectionSendRecv
	case s.Send:
		return sdp.DirectionSendOnly
	case s.Receive:
		return sdp.DirectionRecvOnly
	}
	return sdp.DirectionInactive
}

// formats are those of an answer that agrees a stream.
func formats(s media.Stream) []format {
	codec := "PCMU"
	if s.Codec == media.PCMA {
		codec = "PCMA"
	}
	agreed := []format{{s.PayloadType, codec}}
	if s.Events != 0 {
		agreed = append(agreed, format{s.Events, "telephone-event"})
	}
	return agreed
}

// describeAudio is our audio line.
func describeAudio(protos []string, port uint16, d sdp.Direction, formats []format) *sdp.MediaDescription {
	m := sdp.MediaDescription{MediaName: sdp.MediaName{
		Media: "audio", Port: sdp.RangedPort{Value: int(port)}, Protos: protos,
	}}
	for _, f := range formats {
		payload := strconv.Itoa(int(f.payload))
		m.MediaName.Formats = append(m.MediaName.Formats, payload)
		m.Attributes = append(m.Attributes, sdp.NewAttribute("rtpmap", payload+" "+f.name+"/8000"))
		if f.name == "telephone-event" {
			m.Attributes = append(m.Attributes, sdp.NewAttribute("fmtp", payload+" 0-16"))
		}
	}
	m.Attributes = append(m.Attributes, sdp.NewAttribute("ptime", "20"), sdp.NewAttribute("maxptime", "200"), sdp.NewPropertyAttribute(d.String()))
	return &m
}

// refuseMedia is the same line with port 0 (RFC 3264 §6).
func refuseMedia(name sdp.MediaName) *sdp.MediaDescription {
	name.Port = sdp.RangedPort{}
	return &sdp.MediaDescription{MediaName: name}
}
