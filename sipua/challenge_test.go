package sipua

import (
	"strings"
	"testing"

	"github.com/emiago/sipgo/sip"
)

// TestChallengeByUser: a phone that registers a user is challenged with the algorithms of
// that user alone, and proves the password with one of those alone.
func TestChallengeByUser(t *testing.T) {
	d := newDesk(t)
	forOld := func(headers ...string) Received {
		m := d.request(headers...)
		m.SIP.(*sip.Request).To().Address.User = "old"
		return m
	}
	res := d.take(forOld())
	asks := res.GetHeaders("WWW-Authenticate")
	if len(asks) != 1 || !strings.Contains(asks[0].Value(), "algorithm=MD5,") {
		t.Fatalf("the challenges are %v", asks)
	}
	byOld := strings.Replace(d.credentials(deskPassword), `username="200"`, `username="old"`, 1)
	if res := d.take(forOld(byOld)); res.StatusCode != 400 {
		t.Errorf("an answer with SHA-256 gets %s", res.StartLine())
	}
}
