package media

import (
	"holdfast/call"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
)

// recorded reads a recording, left and right.
func recorded(t *testing.T, path string) (left, right []int16) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	samples, r, channels, err := ReadWAV(f)
	if err != nil || r != rate || channels != 2 {
		t.Fatalf("%s: %d Hz, %d channels, error %v", path, r, channels, err)
	}
	for i := 0; i < len(samples); i += 2 {
		left, right = append(left, samples[i]), append(right, samples[i+1])
	}
	return left, right
}

func TestRecordingHoldsWhatALegSaysAndHears(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		e := begin(t, Options{RecordDir: dir})
		r := e.Room("call/../7")
		p := []*party{nil, join(r, 1, PCMU), join(r, 2, PCMA)}
		r.Set(everyone(1, 2))
		talk(100, p[1], p[2])
		r.Set(call.Mix{{Connection: 1, Audio: call.HoldAudio}, {Connection: 2, Audio: call.ComfortNoise}})
		talk(100, p[1], p[2])
		e.Close()
	})
	left, right := recorded(t, filepath.Join(dir, "call_.._7-leg1.wav"))
	if len(left) < 195*frame || len(left) > 205*frame {
		t.Errorf("%d samples, want 4 s", len(left))
	}
	talk, hold := right[rate/2:rate*3/2], right[rate*5/2:rate*7/2]
	for _, c := range []struct {
		what  string
		audio []int16
		hz    float64
		there bool
	}{
		{"what 1 says", left[rate/2 : rate*7/2], 300, true},
		{"what 1 says", left[rate/2 : rate*7/2], 600, false},
		{"what 1 hears while talking", talk, 600, true},
		{"what 1 hears while talking", talk, 300, false},
		{"what 1 hears on hold", hold, 250, true},
		{"what 1 hears on hold", hold, 600, false},
	} {
		if got := level(c.audio, c.hz); (got > 500) != c.there {
			t.Errorf("%s has %.0f Hz with amplitude %.0f", c.what, c.hz, got)
		}
	}
}

func TestRecordingOnRequest(t *testing.T) {
	for name, c := range map[string]struct {
		onRequest bool
		whole     bool // there is a recording of the whole, too
	}{"besides": {false, true}, "only": {true, false}} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				e := begin(t, Options{RecordDir: dir, OnRequest: c.onRequest})
				r := e.Room("c1")
				p := []*party{nil, join(r, 1, PCMU), join(r, 2, PCMA)}
				mix := everyone(1, 2)
				r.Set(mix)
				talk(50, p[1], p[2])
				mix[0].Recorded = true
				r.Set(mix)
				talk(50, p[1], p[2])
				r.Set(mix)
				talk(50, p[1], p[2])
				mix[0].Recorded = false
				r.Set(mix)
				talk(50, p[1], p[2])
				e.Close()
			})
			left, right := recorded(t, filepath.Join(dir, "c1-leg1-requested.wav"))
			if n := len(left) / frame; n < 98 || n > 102 {
				t.Errorf("%d ms were recorded, want 2 s", n*20)
			}
			if said, heard := level(left[rate/2:rate], 300), level(right[rate/2:rate], 600); said < 500 || heard < 500 {
				t.Errorf("left has what is said with amplitude %.0f, right what is heard with %.0f", said, heard)
			}
			if _, err := os.Stat(filepath.Join(dir, "c1-leg1.wav")); (err == nil) != c.whole {
				t.Errorf("the recording of the whole: %v", err)
			}
			if _, err := os.Stat(filepath.Join(dir, "c1-leg2-requested.wav")); err == nil {
				t.Error("who was not asked for is recorded")
			}
		})
	}
}

func TestRecordingCanBeReadAfterAKill(t *testing.T) {
	dir := t.TempDir()
	var killed []byte
	synctest.Test(t, func(t *testing.T) {
		e := begin(t, Options{RecordDir: dir})
		r := e.Room("c1")
		p := join(r, 1, PCMU)
		r.Set(everyone(1))
		talk(300, p)
		var err error
		if killed, err = os.ReadFile(filepath.Join(dir, "c1-leg1.wav")); err != nil {
			t.Error(err)
		}
		e.Close()
	})
	path := filepath.Join(dir, "killed.wav")
	if err := os.WriteFile(path, killed, 0o600); err != nil {
		t.Fatal(err)
	}
	if left, _ := recorded(t, path); len(left) < 3*rate || level(left[rate:], 300) < 500 {
		t.Errorf("of 6 s %d samples can be read, or not what was said", len(left))
	}
}

func TestRecordingIsNotOverwrittenAfterARestart(t *testing.T) {
	dir := t.TempDir()
	for range 3 {
		synctest.Test(t, func(t *testing.T) {
			e := begin(t, Options{RecordDir: dir})
			p := join(e.Room("c1"), 1, PCMU)
			talk(10, p)
			e.Close()
		})
	}
	for _, name := range []string{"c1-leg1.wav", "c1-leg1-2.wav", "c1-leg1-3.wav"} {
		if left, _ := recorded(t, filepath.Join(dir, name)); len(left) == 0 {
			t.Errorf("%s is empty", name)
		}
	}
}

func TestRecordingThatCannotBeWrittenIsToldAndCostsNoCall(t *testing.T) {
	var log strings.Builder
	synctest.Test(t, func(t *testing.T) {
		e := begin(t, Options{RecordDir: "/dev/null/nowhere", Log: slog.New(slog.NewTextHandler(&log, nil))})
		p := join(e.Room("c1"), 1, PCMU)
		e.Room("c1").Set(call.Mix{{Connection: 1, Audio: call.HoldAudio}})
		pass(500)
		if heard := p.rest(); len(heard) < 499 {
			t.Errorf("%d packets in 10 s", len(heard))
		}
		e.Close()
	})
	if !strings.Contains(log.String(), "c1-leg1") {
		t.Errorf("the log says only: %s", log.String())
	}
}

func TestSlowDiskCostsOnlyTheRecording(t *testing.T) {
	r := &recording{frames: make(chan stereo, waiting)} // nobody writes
	var l Leg
	for range waiting + 7 {
		r.tick(&l)
	}
	if r.dropped != 7 {
		t.Errorf("%d frames dropped, want 7", r.dropped)
	}
}
