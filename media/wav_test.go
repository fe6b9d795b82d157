package media

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
	"testing"
)

func TestWAVComesBack(t *testing.T) {
	for channels := 1; channels <= 2; channels++ {
		want := []int16{0, 1, -1, 32767, -32768, 5}
		var file bytes.Buffer
		if err := WriteWAV(&file, want, 8000, channels); err != nil {
			t.Fatal(err)
		}
		got, r, c, err := ReadWAV(&file)
		if err != nil || !slices.Equal(got, want) || r != 8000 || c != channels {
			t.Errorf("got %v, %d Hz, %d channels, error %v", got, r, c, err)
		}
	}
}

// wavOf puts chunks of name and content together, with their true sizes.
func wavOf(chunks ...string) []byte {
	file := []byte("RIFF\x00\x00\x00\x00WAVE")
	for i := 0; i < len(chunks); i += 2 {
		file = append(file, chunks[i]...)
		file = binary.LittleEndian.AppendUint32(file, uint32(len(chunks[i+1])))
		file = append(file, chunks[i+1]...)
		if len(chunks[i+1])%2 == 1 {
			file = append(file, 0)
		}
	}
	return file
}

// pcm8k is a fmt chunk: PCM, mono, 8000 Hz, 16 bits.
const pcm8k = "\x01\x00\x01\x00\x40\x1f\x00\x00\x80\x3e\x00\x00\x02\x00\x10\x00"

func TestReadWAVPassesOverOtherChunks(t *testing.T) {
	samples, _, _, err := ReadWAV(bytes.NewReader(wavOf("LIST", "odd", "fmt ", pcm8k, "fact", "1234", "data", "\x01\x00\x02\x00")))
	if err != nil || !slices.Equal(samples, []int16{1, 2}) {
		t.Errorf("got %v, error %v", samples, err)
	}
}

func TestReadWAVTakesASizeNotYetKnown(t *testing.T) {
	file := wavOf("fmt ", pcm8k, "data", "\x01\x00\x02\x00")
	copy(file[len(file)-8:], "\xff\xff\xff\xff")
	samples, _, _, err := ReadWAV(bytes.NewReader(file))
	if err != nil || !slices.Equal(samples, []int16{1, 2}) {
		t.Errorf("got %v, error %v", samples, err)
	}
}

func TestReadWAVNamesThePlaceOfAMistake(t *testing.T) {
	whole := wavOf("fmt ", pcm8k, "data", "\x01\x00\x02\x00")
	for _, c := range []struct {
		file []byte
		want string
	}{
		{nil, "RIFF header: EOF"},
		{[]byte("ID3 this is an MP3 file"), "RIFF header: this is not a WAV file"},
		{whole[:36], "looking for the data chunk: EOF"},
		{whole[:len(whole)-1], "data chunk: ends after 3 of 4 bytes"},
		{wavOf("data", "1234"), "data chunk: comes before the fmt chunk"},
		{wavOf("fmt ", "short"), `"fmt " chunk: 5 bytes long`},
		{wavOf("fmt ", "\x07"+pcm8k[1:]), `"fmt " chunk: format 7, not PCM (1)`},
		{wavOf("fmt ", pcm8k[:14]+"\x08\x00"), `"fmt " chunk: 8 bits a sample, not 16`},
		{wavOf("fmt ", pcm8k[:2]+"\x06"+pcm8k[3:]), `"fmt " chunk: 6 channels, not 1 or 2`},
		{wavOf("fmt ", pcm8k[:4]+"\x00\x00"+pcm8k[6:]), `"fmt " chunk: 0 samples a second`},
	} {
		_, _, _, err := ReadWAV(bytes.NewReader(c.file))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got error %v, want one with %q", err, c.want)
		}
	}
}

func FuzzReadWAV(f *testing.F) {
	f.Add(wavOf("fmt ", pcm8k, "data", "\x01\x00\x02\x00"))
	f.Add(wavOf("LIST", "odd", "fmt ", pcm8k, "fact", "1234", "data", "\x01"))
	f.Fuzz(func(t *testing.T, file []byte) {
		samples, r, channels, err := ReadWAV(bytes.NewReader(file))
		if err != nil {
			return
		}
		var again bytes.Buffer
		if err := WriteWAV(&again, samples, r, channels); err != nil {
			t.Fatal(err)
		}
		back, r2, channels2, err := ReadWAV(&again)
		if err != nil || !slices.Equal(back, samples) || r2 != r || channels2 != channels {
			t.Fatalf("written again it reads differently: %v", err)
		}
	})
}
