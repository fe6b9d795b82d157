package sipua

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// cutFrames is what a stream is cut into, and why it does not go on.
func cutFrames(r io.Reader) ([]string, error) {
	s := bufio.NewScanner(r)
	s.Buffer(nil, len(Pong)+MaxMessage)
	s.Split(SplitMessage)
	var frames []string
	for s.Scan() {
		frames = append(frames, s.Text())
	}
	return frames, s.Err()
}

func lines(text ...string) string { return strings.Join(text, "\r\n") }

func TestFrames(t *testing.T) {
	plain := lines("OPTIONS sip:a SIP/2.0", "Content-Length: 0", "", "")
	body := lines("OPTIONS sip:a SIP/2.0", "l:4", "Via: x", "", "v=0\n")
	folded := lines("OPTIONS sip:a SIP/2.0", "Subject: x", " l: 99", "CONTENT-LENGTH :", "\t2", "", "ab")
	large := lines("OPTIONS sip:a SIP/2.0", fmt.Sprintf("l: %d", MaxMessage-35), "", strings.Repeat("v", MaxMessage-35))
	if len(large) != MaxMessage {
		t.Fatalf("the largest has %d bytes", len(large))
	}
	for _, c := range []struct {
		name, stream string
		want         []string
		err          error
	}{
		{"nothing", "", nil, nil},
		{"one and one", plain + body, []string{plain, body}, nil},
		{"a folded length", folded + plain, []string{folded, plain}, nil},
		{"half", plain + body[:len(body)-1], []string{plain}, nil},
		{"pings and pongs", Ping + Pong + plain + Pong + Ping + body, []string{Ping, plain, Ping, body}, nil},
		{"the largest", large + plain, []string{large, plain}, nil},
		{"the same length twice", strings.Replace(body, "Via: x", "Content-Length: 4", 1), []string{strings.Replace(body, "Via: x", "Content-Length: 4", 1)}, nil},
		{"no length", plain + lines("BYE sip:a SIP/2.0", "Via: x", "", ""), []string{plain}, errLength},
		{"two lengths", strings.Replace(body, "Via: x", "Content-Length: 5", 1), nil, errLength},
		{"a negative length", strings.Replace(body, "4", "-4", 1), nil, errLength},
		{"a monstrous length", strings.Replace(body, "4", "99999999999999999999", 1), nil, errLength},
		{"too long", strings.Replace(body, "4", fmt.Sprint(MaxMessage), 1), nil, errFrame},
		{"a head without end", "OPTIONS sip:a SIP/2.0\r\n" + strings.Repeat("v", MaxMessage), nil, bufio.ErrTooLong},
		{"a line without end", strings.Repeat("v", MaxMessage+3), nil, bufio.ErrTooLong},
		{"the web", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", nil, errNoSIP},
	} {
		for _, r := range []io.Reader{strings.NewReader(c.stream), iotest.OneByteReader(strings.NewReader(c.stream))} {
			got, err := cutFrames(r)
			if !slices.Equal(got, c.want) || !errors.Is(err, c.err) {
				t.Errorf("%s: %d frames %.200q and %v, want %d and %v", c.name, len(got), got, err, len(c.want), c.err)
			}
		}
	}
}

// FuzzFrame: whatever a stream says, it is cut in the same places however it
// arrives, into pieces that are bounded, and nothing is cut twice.
func FuzzFrame(f *testing.F) {
	for _, text := range []string{goodOptions, good200} {
		text = strings.ReplaceAll(text, "\n", "\r\n")
		f.Add([]byte(text + Ping + text + Pong + text))
		f.Add([]byte(strings.Replace(text, "Content-Length: 0", "l: 3", 1) + "abc" + text))
	}
	f.Fuzz(func(t *testing.T, stream []byte) {
		whole, _ := cutFrames(bytes.NewReader(stream))
		pieces, _ := cutFrames(iotest.HalfReader(bytes.NewReader(stream)))
		bytewise, _ := cutFrames(iotest.OneByteReader(bytes.NewReader(stream)))
		if !slices.Equal(whole, pieces) || !slices.Equal(whole, bytewise) {
			t.Fatalf("cut into\n%q\n%q\n%q", whole, pieces, bytewise)
		}
		rest := string(stream)
		for _, frame := range whole {
			_, after, found := strings.Cut(rest, frame)
			if !found || len(frame) > MaxMessage || frame == "" {
				t.Fatalf("%q is no piece of %q", frame, rest)
			}
			rest = after
			_, _ = Parse([]byte(frame))
		}
	})
}
