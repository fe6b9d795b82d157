package sipleg

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"holdfast/media"
)

var here = netip.MustParseAddrPort("192.0.2.1:4000")

func TestSDP(t *testing.T) {
	datadriven.Walk(t, "testdata/sdp", func(t *testing.T, path string) {
		var s session
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			at := here
			if d.HasArg("at") {
				var written string
				d.ScanArgs(t, "at", &written)
				at = netip.MustParseAddrPort(written)
			}
			if d.HasArg("new") {
				s = session{ID: 7}
			}
			before := s
			var err error
			switch d.Cmd {
			case "offer":
				s = s.offer(at, d.HasArg("fresh"))
			case "answer":
				s, err = s.answer(at, crlf(d.Input))
			case "agree":
				s, err = s.agree(crlf(d.Input))
			case "moved":
				s = s.moved(netip.MustParseAddrPort("192.0.2.2:6000"))
			default:
				d.Fatalf(t, "unknown command %q", d.Cmd)
			}
			if err != nil {
				if s != before {
					t.Errorf("%s: an error changed the session", d.Pos)
				}
				return err.Error() + "\n"
			}
			return told(before, s)
		})
	})
}

// told is what a step said and agreed.
func told(before, s session) string {
	if s == before {
		return "unchanged\n"
	}
	var b strings.Builder
	if s.Local != before.Local {
		b.WriteString(strings.ReplaceAll(s.Local, "\r\n", "\n"))
	}
	if s.Stream != (media.Stream{}) {
		fmt.Fprintf(&b, "= %s\n", streamText(s.Stream))
	}
	return b.String()
}

func streamText(s media.Stream) string {
	codec := map[media.Codec]string{media.PCMU: "PCMU", media.PCMA: "PCMA"}[s.Codec]
	text := fmt.Sprintf("%s %s, %s as %d, events as %d", direction(s), s.Remote, codec, s.PayloadType, s.Events)
	if s.EventsIn != 0 {
		text += fmt.Sprintf(" or %d", s.EventsIn)
	}
	return text
}

func crlf(s string) []byte { return []byte(strings.ReplaceAll(s, "\n", "\r\n") + "\r\n") }

func FuzzSDP(f *testing.F) {
	for _, seed := range []string{
		"v=0\r\no=- 1 1 IN IP4 198.51.100.7\r\ns=-\r\nc=IN IP4 198.51.100.7\r\nt=0 0\r\nm=audio 21434 RTP/AVP 8 0 101\r\na=rtpmap:101 telephone-event/8000\r\na=sendonly\r\n",
		"v=0\no=- 1 1 IN IP6 ::1\ns=-\nt=0 0\nm=image 4 udptl t38\nm=audio 21434 RTP/AVP 111\nc=IN IP6 ::1\na=rtpmap:111 pcmu/8000/1\nm=video 0 RTP/AVP 96\n",
		"m=audio", "v=0\r\nm=audio 1 RTP/AVP\r\rm=audio", "",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		s := session{ID: 7}
		answered, err := s.answer(here, body)
		if err != nil {
			if answered != s {
				t.Fatalf("an error (%v) changed the session", err)
			}
			return
		}
		theirs, err := parse(body)
		if err != nil {
			t.Fatalf("answered what cannot be read: %v", err)
		}
		checkAnswer(t, theirs, answered)
		if again, err := answered.answer(here, body); err != nil || again != answered {
			t.Fatalf("the same offer again: %v\n%+v\n%+v", err, again, answered)
		}
		reoffered := answered.offer(here, true)
		if ours, err := parse([]byte(reoffered.Local)); err != nil || len(ours) != len(theirs) {
			t.Fatalf("%d m= lines became %d (%v):\n%s", len(theirs), len(ours), err, reoffered.Local)
		}
		if reoffered.Version != answered.Version+1 {
			t.Fatalf("version %d after %d", reoffered.Version, answered.Version)
		}
	})
}

// checkAnswer checks the promises of RFC 3264 §6.
func checkAnswer(t *testing.T, theirs []section, s session) {
	ours, err := parse([]byte(s.Local))
	if err != nil {
		t.Fatalf("the answer cannot be read: %v\n%s", err, s.Local)
	}
	if len(ours) != len(theirs) {
		t.Fatalf("%d m= lines answered with %d", len(theirs), len(ours))
	}
	taken := 0
	for i, sec := range ours {
		a, o := sec.media.MediaName, theirs[i].media.MediaName
		if a.Media != o.Media || sec.proto() != theirs[i].proto() {
			t.Fatalf("line %d: %v answered with %v", i, o, a)
		}
		if a.Port.Value == 0 {
			continue
		}
		taken++
		for _, f := range a.Formats {
			if !slices.Contains(o.Formats, f) {
				t.Fatalf("payload type %s was not offered in %v", f, o.Formats)
			}
		}
		if mayNot := s.Stream.Send && theirs[i].direction().String() == "sendonly"; mayNot {
			t.Fatal("sends to who only sends")
		}
	}
	if taken != 1 {
		t.Fatalf("%d audio lines taken:\n%s", taken, s.Local)
	}
}
