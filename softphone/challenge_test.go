package softphone

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"holdfast/sipua"
)

// knowing is a phone that answers everybody on this machine with a password.
func knowing(t *testing.T, password string) *Phone {
	t.Helper()
	loopback := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	return start(t, Options{User: "ana", Tone: anasTone, Credentials: []sipua.Credentials{
		{Peers: loopback, User: "ana", Password: password},
	}})
}

func TestPhonesThatAskWhoCalls(t *testing.T) {
	for _, c := range []Challenge{
		{Algorithm: "MD5"},
		{Algorithm: "SHA-256"},
		{Algorithm: "SHA-256", Stale: true},
	} {
		c.User, c.Password = "ana", "open sesame"
		t.Run(c.Algorithm, func(t *testing.T) {
			t.Parallel()
			ben := start(t, Options{User: "ben", Tone: bensTone, Challenge: &c})
			for _, stranger := range []*Phone{start(t, Options{User: "eve"}), knowing(t, "shut sesame")} {
				var refused *Refused
				if _, err := stranger.Dial(patient(t), ben.URI()); !errors.As(err, &refused) || refused.Status != 401 {
					t.Errorf("a stranger calls: %v", err)
				}
			}
			anas, bens := dial(t, knowing(t, "open sesame"), ben)
			hears(t, anas, bensTone)
			if err := anas.Hold(patient(t)); err != nil {
				t.Error(err)
			}
			anas.HangUp()
			ended(t, bens, Peer)
		})
	}
}

func TestPhonesOverTCP(t *testing.T) {
	t.Parallel()
	ana := start(t, Options{User: "ana", Tone: anasTone, Transport: sipua.TCP})
	ben := start(t, Options{User: "ben", Tone: bensTone, Transport: sipua.TCP})
	if !strings.HasSuffix(ben.URI(), ";transport=tcp") {
		t.Errorf("ben is called as %s", ben.URI())
	}
	anas, bens := dial(t, ana, ben)
	hears(t, anas, bensTone)
	hears(t, bens, anasTone)
	bens.HangUp()
	ended(t, anas, Peer)
}
