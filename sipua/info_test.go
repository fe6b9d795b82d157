package sipua

import (
	"strings"
	"testing"
)

func TestKeyOfInfo(t *testing.T) {
	for _, c := range []struct{ kind, body, want string }{
		{"application/dtmf-relay", "Signal=5\r\nDuration=160\r\n", "5"},
		{"application/dtmf-relay", "Duration=160\nSignal= *\n", "*"},
		{"Application/DTMF-Relay", "signal=10", "*"},
		{"application/dtmf-relay", "Signal=11\r\n", "#"},
		{"application/dtmf-relay", "5", ""},
		{"application/dtmf-relay", "Signal=A\r\n", ""},
		{"application/dtmf-relay", "Signal=12\r\n", ""},
		{"application/dtmf", "7", "7"},
		{"application/dtmf", "#\r\n", "#"},
		{"application/dtmf", "Signal=7\r\n", "7"},
		{"application/dtmf", "", ""},
		{"application/broadsoft", "event flashhook", ""},
	} {
		key, pressed := Info{ContentType: c.kind, Body: []byte(c.body)}.Key()
		if got := strings.Trim(string(key), "\x00"); got != c.want || pressed != (c.want != "") {
			t.Errorf("%s %q says %q, want %q", c.kind, c.body, got, c.want)
		}
	}
}

func FuzzKeyOfInfo(f *testing.F) {
	f.Add("application/dtmf-relay", []byte("Signal=5\r\nDuration=160\r\n"))
	f.Add("application/dtmf", []byte("11"))
	f.Fuzz(func(t *testing.T, kind string, body []byte) {
		key, pressed := Info{ContentType: kind, Body: body}.Key()
		if pressed != strings.ContainsRune(telephoneKeys, rune(key)) {
			t.Errorf("the key %q, pressed: %t", key, pressed)
		}
	})
}
