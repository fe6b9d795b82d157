package browser

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math"
	"testing"
	"time"

	"holdfast/softphone"
)

// What a page plays stands in the recording at its time, however late it comes.
func TestHear(t *testing.T) {
	var r softphone.Recording
	began := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	for at := range 10 { // 100 ms each
		tone := 440.0
		if at == 4 || at == 5 {
			tone = 0
		}
		if err := hear(&r, playing(began.Add(time.Duration(at)*100*time.Millisecond), uint32(at*rate/10), tone)); err != nil {
			t.Fatal(err)
		}
	}
	if got := r.Began(); !got.Equal(began) {
		t.Errorf("it begins at %v, want %v", got, began)
	}
	if got, want := r.Summary(softphone.Voices{440: "her"}), "0.0–0.4s her; 0.4–0.6s nothing; 0.6–1.0s her"; got != want {
		t.Errorf("heard %s, want %s", got, want)
	}
	if got, want := r.LongestGap(), 220*time.Millisecond; got != want {
		t.Errorf("it is silent for %v, want %v", got, want)
	}
	for _, payload := range []string{"", "[]", `{"pcm":"*"}`} {
		if hear(&r, payload) == nil {
			t.Errorf("%q is heard", payload)
		}
	}
}

// playing is what testdata/ears.js tells of 100 ms of a tone.
func playing(at time.Time, before uint32, tone float64) string {
	pcm := make([]byte, 2*rate/10)
	for i := range len(pcm) / 2 {
		sample := int16(6000 * math.Sin(2*math.Pi*tone*float64(i)/rate))
		binary.LittleEndian.PutUint16(pcm[2*i:], uint16(sample))
	}
	return fmt.Sprintf(`{"at":%d,"before":%d,"pcm":%q}`, at.UnixMilli(), before, base64.StdEncoding.EncodeToString(pcm))
}
