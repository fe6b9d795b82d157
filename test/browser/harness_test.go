package browser

import (
	"context"
	"net"
	"testing"
	"time"

	"holdfast/softphone"
)

func soon(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// needTime skips a test unless those that take long are wanted.
func needTime(t *testing.T) {
	t.Helper()
	if !All() {
		t.Skip("this takes a while: " + askedEnv + "=all runs it")
	}
}

// hears waits until a tone is heard, and checks that nothing else is.
func hears(t *testing.T, r *softphone.Recording, tone float64) {
	t.Helper()
	if err := r.AwaitTones(soon(t), tone); err != nil {
		t.Fatal(err)
	}
	to := r.Length()
	for _, other := range []float64{200, 300, 440, 620, 880, 1240} {
		if heard := r.EverHears(other, to-300*time.Millisecond, to); heard != (other == tone) {
			t.Errorf("%v Hz is heard: %t, besides %v Hz", other, heard, tone)
		}
	}
}

// falls waits until a recording has stopped growing.
func falls(t *testing.T, r *softphone.Recording) {
	t.Helper()
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for late := time.After(patience); ; {
		before := r.Length()
		select {
		case <-tick.C:
			if r.Length() == before {
				return
			}
		case <-late:
			t.Fatal("it is never silent")
		}
	}
}

// first is how long after a moment a tone is first heard.
func first(r *softphone.Recording, tone float64, after time.Time) time.Duration {
	for _, s := range r.Heard(tone) {
		if at := r.Began().Add(s.From); len(s.Tones) > 0 && at.After(after) {
			return at.Sub(after)
		}
	}
	return -1
}

// Nothing gets out of the network of the tests.
func TestNetwork(t *testing.T) {
	Need(t)
	if _, err := net.Dial("udp", "192.0.2.1:53"); err == nil {
		t.Error("there is a way out")
	}
	listens, err := net.Listen("tcp", net.JoinHostPort(Address, "0"))
	if err != nil {
		t.Fatal(err)
	}
	listens.Close()
	for port, passes := range map[int]bool{WithoutUDP - 1: true, WithoutUDP: false, WithoutUDP + 999: false, WithoutUDP + 1000: true} {
		conn, err := net.DialUDP("udp", nil, &net.UDPAddr{IP: net.ParseIP(Address), Port: port})
		if err == nil {
			_, err = conn.Write([]byte("x"))
			conn.Close()
		}
		if (err == nil) != passes {
			t.Errorf("UDP to port %d: %v", port, err)
		}
	}
}

// What a page has stored outlives the browser, if it was closed as people do.
func TestProfile(t *testing.T) {
	needTime(t)
	r := newRig(t, 0)
	b := Start(t, 0)
	b.Open(r.url).Do("document.cookie = 'login=ana; max-age=3600'")
	b.Quit()
	b.Restart()
	b.Open(r.url).Await("document.cookie === 'login=ana'")
	b.Kill()
	b.Restart()
	b.Open(r.url).Await("document.cookie === 'login=ana'")
}
