package sipleg

import (
	"bytes"
	"log/slog"
	"net/netip"
	"strings"
	"testing"

	"holdfast/sipua"
)

// TestWrongPasswordsAreLogged: the log has the user and the host, and that a phone gets no
// response any more, but not each of a stranger's users.
func TestWrongPasswordsAreLogged(t *testing.T) {
	var log bytes.Buffer
	wrong := LogWrongPasswords(slog.New(slog.NewTextHandler(&log, nil)))
	from := netip.MustParseAddrPort("192.0.2.7:5062")
	wrong(sipua.WrongPassword{User: "200", Known: true, From: from})
	wrong(sipua.WrongPassword{User: "200", Known: true, From: from, Last: true})
	for _, user := range []string{"998", "999"} {
		wrong(sipua.WrongPassword{User: user, From: from})
	}
	for _, want := range []string{
		`"a phone gave a wrong password" user=200 from=192.0.2.7:5062`,
		`"a phone gave a wrong password; it gets no response about that user for a minute" user=200`,
		`"a phone uses a user that no agent has" user=998`,
	} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log has no %s: %s", want, &log)
		}
	}
	if strings.Contains(log.String(), "999") {
		t.Errorf("the log has each user: %s", &log)
	}
}
