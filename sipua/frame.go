package sipua

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// MaxMessage bounds a message over TCP, so that no sender can fill our memory.
const MaxMessage = 1 << 16

// The double line break by which the other end asks whether we are there, and the
// single one that answers it (RFC 5626 §3.5.1).
const (
	Ping = "\r\n\r\n"
	Pong = "\r\n"
)

var (
	errNoSIP  = errors.New("not a SIP message")
	errLength = errors.New("a message without a readable Content-Length")
	errFrame  = fmt.Errorf("a message of more than %d bytes", MaxMessage)
)

// SplitMessage is a bufio.SplitFunc: it cuts the first message or ping off a stream
// (RFC 3261 §18.3). After an error nothing that follows can be understood.
func SplitMessage(data []byte, _ bool) (advance int, token []byte, err error) {
	if bytes.HasPrefix(data, []byte(Ping)) {
		return len(Ping), data[:len(Ping)], nil
	}
	if bytes.HasPrefix([]byte(Ping), data) {
		return 0, nil, nil // it may become one
	}
	message := bytes.TrimPrefix(data, []byte(Pong))
	if line, _, ended := bytes.Cut(message, []byte("\r\n")); ended && !bytes.Contains(line, []byte("SIP/")) {
		return 0, nil, errNoSIP
	}
	head, _, ended := bytes.Cut(message, []byte("\r\n\r\n"))
	if !ended {
		return 0, nil, nil
	}
	body, err := bodyLength(head)
	if err != nil {
		return 0, nil, err
	}
	end := len(head) + len("\r\n\r\n") + body
	switch {
	case end > MaxMessage:
		return 0, nil, errFrame
	case end > len(message):
		return 0, nil, nil
	}
	return len(data) - len(message) + end, message[:end], nil
}

// bodyLength is the Content-Length in a message's head, which over TCP must be
// there.
func bodyLength(head []byte) (int, error) {
	unfolded := strings.NewReplacer("\r\n ", "  ", "\r\n\t", "  ").Replace(string(head))
	length, found := 0, false
	for line := range strings.SplitSeq(unfolded, "\r\n") {
		name, value, _ := strings.Cut(line, ":")
		name = strings.TrimSpace(name)
		if !strings.EqualFold(name, "Content-Length") && !strings.EqualFold(name, "l") {
			continue
		}
		n, err := strconv.ParseUint(strings.TrimSpace(value), 10, 31)
		if err != nil || found && int(n) != length {
			return 0, errLength
		}
		length, found = int(n), true
	}
	if !found {
		return 0, errLength
	}
	return length, nil
}
