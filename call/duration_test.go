package call_test

import (
	"encoding/json"
	"testing"
	"time"

	"holdfast/call"
)

func TestDurations(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0:                                     "0s",
		20 * time.Second:                      "20s",
		time.Minute:                           "1m",
		90 * time.Second:                      "1m30s",
		time.Hour:                             "1h",
		time.Hour + 20*time.Second:            "1h0m20s",
		10*time.Hour + 10*time.Minute:         "10h10m",
		1500 * time.Millisecond:               "1.5s",
		-time.Minute:                          "-1m",
		25*time.Hour + 123456789:              "25h0m0.123456789s",
		20*time.Millisecond + time.Nanosecond: "20.000001ms",
	} {
		written, err := json.Marshal(call.Duration(d))
		if err != nil || string(written) != `"`+want+`"` {
			t.Errorf("%s is written as %s (%v), want %q", d, written, err, want)
		}
		var read call.Duration
		if err := json.Unmarshal(written, &read); err != nil || time.Duration(read) != d {
			t.Errorf("%s is read as %s (%v), want %s", written, read, err, d)
		}
	}
}

func TestDurationsThatAreNone(t *testing.T) {
	for _, written := range []string{`"20"`, `""`, `"soon"`, `20000000000`, `{}`} {
		var d call.Duration
		if err := json.Unmarshal([]byte(written), &d); err == nil {
			t.Errorf("%s is read as %s, want an error", written, d)
		}
	}
}
