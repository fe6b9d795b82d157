package config

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"holdfast/call"
	"holdfast/media"
)

// writeWAV writes a second of audio.
func writeWAV(t *testing.T, rate, channels int) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), fmt.Sprintf("%d-%d.wav", rate, channels))
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := media.WriteWAV(f, make([]int16, rate*channels), rate, channels); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestAudiosAreReplaced(t *testing.T) {
	config, err := Parse("f.toml", fmt.Appendf(nil, "[audio]\nhold = %q\nconfirm = %q\n", writeWAV(t, 8000, 1), writeWAV(t, 48000, 1)))
	if err != nil {
		t.Fatal(err)
	}
	if len(config.Audios) != 2 || len(config.Audios[call.HoldAudio]) != 8000 || len(config.Audios[call.ConfirmPrompt]) != 8000 {
		t.Errorf("%d audios, %d samples of hold and %d of confirm; want 8000 each",
			len(config.Audios), len(config.Audios[call.HoldAudio]), len(config.Audios[call.ConfirmPrompt]))
	}
}

func TestAudiosThatCannotBePlayed(t *testing.T) {
	text := filepath.Join(t.TempDir(), "text.wav")
	if err := os.WriteFile(text, []byte("la la la, la la la"), 0o600); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{
		"nowhere.wav":             "no such file",
		t.TempDir():               "it is not a file",
		text:                      "this is not a WAV file",
		writeWAV(t, 8000, 2):      "2 channels",
		writeWAV(t, 11025, 1):     "11025 samples a second",
		shortened(t, 8000, 16000): "ends after",
		shortened(t, 16000-8, 8):  "shorter than 20 ms",
	} {
		_, err := Parse("f.toml", fmt.Appendf(nil, "[audio]\nhold = \"\"\n  park = %q\n", file))
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "f.toml:3:") {
			t.Errorf("%s: %v, want line 3 and %q", file, err, want)
		}
	}
}

// shortened is a WAV without its last bytes, which says that it has so many.
func shortened(t *testing.T, less, says int) string {
	t.Helper()
	name := writeWAV(t, 8000, 1)
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	binary.LittleEndian.PutUint32(b[40:], uint32(says))
	if err := os.WriteFile(name, b[:len(b)-less], 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestAllRulesCanBeSet(t *testing.T) {
	config, err := Parse("f.toml", []byte(`[rules]
offer_for = "1s"
ring_for = "2s"
accept_within = "3s"
consult_for = "4s"
join_within = "5s"
recall_for = "6s"
taken_after = "7s"
grace = "8s"
hand_overs = 9
caller_id = "+49 30 100"
`))
	want := call.Rules{
		OfferFor: call.Duration(time.Second), RingFor: call.Duration(2 * time.Second), AcceptWithin: call.Duration(3 * time.Second), ConsultFor: call.Duration(4 * time.Second),
		JoinWithin: call.Duration(5 * time.Second), RecallFor: call.Duration(6 * time.Second), TakenAfter: call.Duration(7 * time.Second), Grace: call.Duration(8 * time.Second),
		HandOvers: 9, CallerID: call.Endpoint{Kind: call.PhoneNumber, Address: "+4930100"},
	}
	if err != nil || config.Rules != want {
		t.Errorf("got %+v, %v; want %+v", config.Rules, err, want)
	}
}
