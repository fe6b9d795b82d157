package sipua

import (
	"bytes"
	"net"
	"regexp"
	"strconv"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// echoedNames are the headers that a response repeats, and their short names.
var echoedNames = map[string]string{
	"via": "Via", "v": "Via", "from": "From", "f": "From", "to": "To", "t": "To", "call-id": "Call-ID", "i": "Call-ID", "cseq": "CSeq",
}

// maxSalvaged bounds the lines that are read again, of which each costs as much as a whole
// message: anyone may send 12,000 of them in a datagram.
const maxSalvaged = 64

var (
	uriScheme  = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9+.-]*):`)
	readable   = regexp.MustCompile(`(?i)^SIP\s*/\s*[0-9.]+\s*/\s*([A-Z]+)\s+([^\s;,]+)`)
	viaBranch  = regexp.MustCompile(`(?i);\s*branch\s*=\s*([^\s;,]+)`)
	viaAskPort = regexp.MustCompile(`(?i);\s*rport\s*(;|,|$)`)
)

// salvage is the readable part of a request that cannot be read as a whole: the headers
// that its refusal repeats. It returns nil if that cannot be sent.
func salvage(data []byte) (msg sip.Message) {
	defer func() {
		if recover() != nil {
			msg = nil
		}
	}()
	head, _, _ := bytes.Cut(data, []byte("\r\n\r\n"))
	unfolded := strings.NewReplacer("\r\n ", " ", "\r\n\t", " ").Replace(string(head))
	lines := strings.Split(unfolded, "\r\n")
	words := strings.Fields(lines[0])
	if len(words) < 3 || !strings.HasPrefix(strings.ToUpper(words[len(words)-1]), "SIP/") {
		return nil // a response, or nothing
	}
	scheme := "sip"
	if found := uriScheme.FindStringSubmatch(words[1]); found != nil {
		scheme = strings.ToLower(found[1])
	}
	req := sip.NewRequest(sip.RequestMethod(strings.ToUpper(words[0])), sip.Uri{Scheme: scheme, Host: "unreadable.invalid"})
	req.SipVersion = words[len(words)-1]
	read := 0
	for _, line := range lines[1:] {
		name, value, _ := strings.Cut(line, ":")
		if long := echoedNames[strings.ToLower(strings.TrimSpace(name))]; long != "" {
			if read++; read > maxSalvaged {
				return nil
			}
			for _, h := range headersOf(long, strings.TrimSpace(value)) {
				req.AppendHeader(h)
			}
		}
	}
	if req.Via() == nil {
		return nil
	}
	return req
}

// headersOf are the headers of a line, as far as they can be read; otherwise it is one
// that is only repeated. Of a Via that an answer needs the beginning is enough.
func headersOf(name, value string) []sip.Header {
	one, err := sip.ParseMessage([]byte("X sip:x SIP/2.0\r\n" + name + ": " + value + "\r\n\r\n"))
	if err == nil {
		return one.GetHeaders(name)
	}
	found := readable.FindStringSubmatch(value)
	if name != "Via" || found == nil {
		return []sip.Header{sip.NewHeader(name, value)}
	}
	via := &sip.ViaHeader{ProtocolName: "SIP", ProtocolVersion: "2.0", Transport: strings.ToUpper(found[1]), Host: found[2]}
	if host, port, err := net.SplitHostPort(found[2]); err == nil {
		via.Host = host
		via.Port, _ = strconv.Atoi(port)
	}
	if branch := viaBranch.FindStringSubmatch(value); branch != nil {
		via.Params.Add("branch", branch[1])
	}
	if viaAskPort.MatchString(value) {
		via.Params.Add("rport", "")
	}
	return []sip.Header{via}
}
