package media

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
)

// logged is the log of an engine from now on.
func logged(r *Room) *bytes.Buffer {
	var b bytes.Buffer
	r.mu.Lock()
	defer r.mu.Unlock()
	r.engine.options.Log = slog.New(slog.NewTextHandler(&b, nil))
	return &b
}

func TestAudioThatCannotBeSentIsCounted(t *testing.T) {
	bubble(t, 2, func(r *Room, p []*party) {
		log := logged(r)
		r.Set(everyone(1, 2))
		talk(60, p[1], p[2])
		if got := r.engine.Troubles(); len(got) != 0 {
			t.Errorf("troubles of a good line: %q", got)
		}
		p[1].wire.breaks(errors.New("network is unreachable"))
		talk(60, p[1], p[2])
		got := strings.Join(r.engine.Troubles(), "\n")
		if want := "contact c1, connection 1: audio cannot be sent: network is unreachable (60 packets not sent, "; !strings.HasPrefix(got, want) {
			t.Errorf("troubles: %q, want %q", got, want)
		}
		p[1].wire.breaks(nil)
		talk(60, p[1], p[2])
		if got := r.engine.Troubles(); len(got) != 0 {
			t.Errorf("troubles afterwards: %q", got)
		}
		for _, want := range []string{"audio does not get through", "network is unreachable", "audio gets through again", "unsent=60"} {
			if !strings.Contains(log.String(), want) {
				t.Errorf("the log has no %q: %s", want, log)
			}
		}
	})
}

// TestTroubleThatEndsWithoutAudio: a line that goes on hold while nothing comes from it
// is not logged as if its audio got through.
func TestTroubleThatEndsWithoutAudio(t *testing.T) {
	bubble(t, 2, func(r *Room, p []*party) {
		log := logged(r)
		r.Set(everyone(1, 2))
		talk(2*silentFor, p[1])
		s := p[2].stream
		s.Receive = false
		p[2].Set(s)
		talk(2*lookEvery, p[1])
		if got := log.String(); !strings.Contains(got, "no audio comes") || !strings.Contains(got, "no audio is due any more") {
			t.Errorf("the log is %s", got)
		}
		if got := log.String(); strings.Contains(got, "gets through again") {
			t.Errorf("the log has audio that gets through: %s", got)
		}
	})
}

func TestALineThatSendsNothingIsKnown(t *testing.T) {
	bubble(t, 2, func(r *Room, p []*party) {
		log := logged(r)
		s := p[2].stream
		s.Receive = false // on hold
		p[2].Set(s)
		r.Set(everyone(1, 2))
		talk(3*silentFor, p[1])
		if got := r.engine.Troubles(); len(got) != 0 {
			t.Errorf("troubles of a phone on hold: %q", got)
		}
		s.Receive = true
		p[2].Set(s)
		talk(silentFor-lookEvery, p[1])
		if got := r.engine.Troubles(); len(got) != 0 {
			t.Errorf("troubles too soon: %q", got)
		}
		talk(2*lookEvery, p[1])
		got := strings.Join(r.engine.Troubles(), "\n")
		if want := "contact c1, connection 2: no audio comes (0 packets not sent, last one received "; !strings.HasPrefix(got, want) {
			t.Errorf("troubles: %q, want %q", got, want)
		}
		talk(2*lookEvery, p[1], p[2])
		if n := strings.Count(log.String(), "level="); n != 2 {
			t.Errorf("the log has %d lines, want 2: %s", n, log)
		}
	})
}
