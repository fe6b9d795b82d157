package api

import (
	"encoding/json"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"holdfast/call"
)

func TestWaitPreference(t *testing.T) {
	for prefer, want := range map[string]time.Duration{
		"wait=10":                          10 * time.Second,
		`respond-async, WAIT = "5" ; x=y `: 5 * time.Second,
		"wait=0":                           0,
		"wait=4000000":                     longestWait,
		"":                                 -1,
		"wait":                             -1,
		"wait=-1":                          -1,
		"wait=soon":                        -1,
		"return=minimal":                   -1,
	} {
		wait, ok := waitOf(prefer)
		if !ok {
			wait = -1
		}
		if wait != want {
			t.Errorf("%q: got %s, want %s", prefer, wait, want)
		}
	}
}

// waiting asks for a transfer with a preference and returns when the answer
// came, and what it said.
func waiting(t *testing.T, m *memory, body, prefer string) func() (*httptest.ResponseRecorder, call.Transfer, time.Duration) {
	t.Helper()
	type said struct {
		answer *httptest.ResponseRecorder
		text   string
		after  time.Duration
	}
	answers, began, h := make(chan said, 1), time.Now(), handler(m)
	go func() {
		answer, text := send(h, "POST", transfers, body, "Prefer", prefer)
		answers <- said{answer, text, time.Since(began)}
	}()
	return func() (*httptest.ResponseRecorder, call.Transfer, time.Duration) {
		s := <-answers
		var tr call.Transfer
		if err := json.Unmarshal([]byte(s.text), &tr); err != nil {
			t.Fatalf("%v: %s", err, s.text)
		}
		return s.answer, tr, s.after.Round(time.Second)
	}
}

func inBubble(t *testing.T, test func(*testing.T, *memory)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		talking(t, m, "c1")
		test(t, m)
	})
}

// The answer comes when the transfer is decided, also for the same key again.
func TestWait(t *testing.T) {
	inBubble(t, func(t *testing.T, m *memory) {
		first := waiting(t, m, `{"target":"cardiology","key":"k"}`, "wait=30")
		<-time.After(5 * time.Second)
		again := waiting(t, m, `{"target":"cardiology","key":"k"}`, "wait=30")
		<-time.After(5 * time.Second)
		m.happens(t, "c1", call.Failed{Connection: 3, Reason: call.Busy})
		for _, want := range []struct {
			answer func() (*httptest.ResponseRecorder, call.Transfer, time.Duration)
			status int
			after  time.Duration
		}{{first, 201, 10 * time.Second}, {again, 200, 5 * time.Second}} {
			answer, tr, after := want.answer()
			if answer.Code != want.status || tr.Reason != call.Busy || after != want.after {
				t.Errorf("got %d, %+v after %s; want %d after %s", answer.Code, tr, after, want.status, want.after)
			}
			if applied := answer.Header().Get("Preference-Applied"); applied != "wait" {
				t.Errorf("Preference-Applied is %q", applied)
			}
		}
	})
}

// It does not come later than preferred, and the customer's leaving decides it.
func TestWaitEnds(t *testing.T) {
	inBubble(t, func(t *testing.T, m *memory) {
		answer, tr, after := waiting(t, m, `{"target":"cardiology","key":"k"}`, "wait=3")()
		if answer.Code != 201 || tr.Outcome != "" || after != 3*time.Second {
			t.Errorf("got %d, %q after %s", answer.Code, tr.Outcome, after)
		}
		again := waiting(t, m, `{"target":"cardiology","key":"k"}`, "wait=30")
		<-time.After(time.Second)
		m.happens(t, "c1", call.HungUp{Connection: 1})
		if answer, tr, after := again(); answer.Code != 200 || tr.Outcome != call.Abandoned || after != time.Second {
			t.Errorf("got %d, %q after %s", answer.Code, tr.Outcome, after)
		}
	})
}

// The target of a warm transfer who has answered is news.
func TestWaitForConsultation(t *testing.T) {
	inBubble(t, func(t *testing.T, m *memory) {
		asked := waiting(t, m, `{"target":"cardiology","kind":"warm"}`, "wait=30")
		<-time.After(2 * time.Second)
		m.happens(t, "c1", call.Answered{Connection: 3})
		if answer, tr, after := asked(); answer.Code != 201 || tr.Attempts[0].Answered.IsZero() || after != 2*time.Second {
			t.Errorf("got %d, %+v after %s", answer.Code, tr, after)
		}
	})
}
