package sipleg

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
)

// A host name in c= is not looked up: the audio is where the signalling comes from.
func TestHostNameInDescription(t *testing.T) {
	named := strings.Replace(speak("sendrecv"), "c=IN IP4 198.51.100.7", "c=IN IP4 media.example.com", 1)
	r := newRig(t)
	r.lines.Receive(fromWire(invitation(fmt.Sprintf("Content-Type: application/sdp\r\nContent-Length: %d\r\n", len(named)), named)))
	if r.leg == nil {
		t.Fatal("the call was refused")
	}
	if got := r.leg.(leg).session.Stream.Remote; got != netip.MustParseAddrPort("198.51.100.7:6000") {
		t.Errorf("the audio goes to %s", got)
	}
	for _, line := range []string{"c=IN IP4 198.51.100.8", "c=IN IP6 2001:db8::1", "c=IN IP4 224.2.1.1/127"} {
		text := strings.Replace(named, "c=IN IP4 media.example.com", line, 1)
		if got := string(withAddress([]byte(text), farAddress.Addr())); got != text {
			t.Errorf("%s has become\n%s", line, got)
		}
	}
}
