package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/emiago/sipgo/sip"

	"holdfast"
	"holdfast/call"
	"holdfast/client"
	"holdfast/holdfasttest"
	"holdfast/sipua"
	"holdfast/softphone"
)

// invites stands between the server and the wire and notes each INVITE to
// somebody once, however often it is sent again.
type invites struct {
	holdfast.SIPTransport
	mu   *sync.Mutex // guards seen
	seen map[string]map[string]bool
}

func (s invites) Send(m sipua.Message) error {
	if r, ok := m.SIP.(*sip.Request); ok && r.Method == sip.INVITE {
		s.mu.Lock()
		user := r.To().Address.User
		if s.seen[user] == nil {
			s.seen[user] = map[string]bool{}
		}
		branch, _ := r.Via().Params.Get("branch")
		s.seen[user][branch] = true
		s.mu.Unlock()
	}
	return s.SIPTransport.Send(m)
}

func (s invites) to(user string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.seen[user])
}

func countedHouse(t *testing.T) (*house, invites) {
	t.Helper()
	counted := invites{mu: new(sync.Mutex), seen: map[string]map[string]bool{}}
	h := open(t, func(b *holdfasttest.Bed) {
		holdfasttest.WatchSIP(&b.Options, func(s holdfast.SIPTransport) holdfast.SIPTransport {
			counted.SIPTransport = s
			return counted
		})
	})
	h.Phone("cardiology").Answering(softphone.Behaviour{Do: softphone.RingForever})
	h.Talk()
	return h, counted
}

// said is what came of a request for a transfer.
type said struct {
	status int
	client.Problem
	ID string // of the transfer, if it was granted
}

// request asks for a transfer to cardiology and returns the status of the answer.
func (h *house) request(c *http.Client, key string) said {
	h.t.Helper()
	url := fmt.Sprintf("http://%s/v1/contacts/%s/transfers", h.Server.APIAddress(), h.Contact)
	r, err := http.NewRequestWithContext(h.Soon(), http.MethodPost, url, strings.NewReader(`{"target":"cardiology"}`))
	if err != nil {
		h.t.Error(err)
		return said{}
	}
	r.Header.Set("Content-Type", "application/json")
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	answer, err := c.Do(r)
	if err != nil {
		h.t.Error(err)
		return said{}
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		h.t.Error(err)
	}
	s := said{status: answer.StatusCode}
	if err := json.Unmarshal(text, &s); err != nil {
		h.t.Errorf("%v: %s", err, text)
	}
	return s
}

// onlyOnce: there is one transfer, cardiology was called once, and takes the
// customer.
func (h *house) onlyOnce(counted invites) {
	h.t.Helper()
	h.Rung("cardiology")
	h.Call("cardiology").Answer()
	h.Hears("customer", "cardiology")
	h.Ended("ana")
	if c := h.goodbye(); len(c.Past) != 1 || len(c.Past[0].Attempts) != 1 || c.Past[0].Outcome != call.Completed {
		h.t.Errorf("there were transfers %+v", c.Past)
	}
	if n := counted.to("cardiology"); n != 1 {
		h.t.Errorf("cardiology was invited %d times", n)
	}
}

func TestSameRequestTwice(t *testing.T) {
	h, counted := countedHouse(t)
	for _, status := range []int{201, 200, 200} {
		if s := h.request(http.DefaultClient, "k"); s.status != status || s.ID != "t1" {
			t.Errorf("got %+v, want %d with t1", s, status)
		}
	}
	h.onlyOnce(counted)
}

// A thousand ask at once, all or some of them with the same key. One transfer
// comes of it; whoever has its key gets it, and everybody else is told of it.
func TestAThousandRequestsAtOnce(t *testing.T) {
	const theSame = "the same"
	for name, key := range map[string]func(int) string{
		"of one key": func(int) string { return theSame },
		"of many keys": func(i int) string {
			return []string{theSame, "", fmt.Sprint("key ", i), fmt.Sprint("key ", i)}[i%4]
		},
	} {
		t.Run(name, func(t *testing.T) {
			h, counted := countedHouse(t)
			answers := h.crowd(key)
			now := h.Await(func(c call.Contact) bool { return c.Transfer != nil })
			granted := 0
			for i, s := range answers {
				mine := key(i) == now.Transfer.Key && key(i) != ""
				switch {
				case s.ID == "t1" && (mine && s.status == 200 || s.status == 201):
					granted++
				case !mine && s.status == 409 && s.Transfer != nil && s.Transfer.ID == "t1":
				default:
					t.Errorf("key %q got %+v; the transfer has %q", key(i), s, now.Transfer.Key)
				}
			}
			if most := map[string]int{theSame: len(answers)}[now.Transfer.Key]; granted == 0 || granted > max(1, most) {
				t.Errorf("%d requests were granted", granted)
			}
			t.Logf("%d requests were granted, %d told of the transfer with key %q", granted, len(answers)-granted, now.Transfer.Key)
			h.onlyOnce(counted)
		})
	}
}

// crowd makes a thousand requests with such keys, as many of them at once as
// there are connections.
func (h *house) crowd(key func(int) string) []said {
	h.t.Helper()
	const connections = 200
	c := &http.Client{Transport: &http.Transport{MaxConnsPerHost: connections}}
	h.t.Cleanup(c.CloseIdleConnections)
	answers := make([]said, 1000)
	begin := make(chan struct{})
	var all sync.WaitGroup
	for i := range answers {
		all.Go(func() {
			<-begin
			answers[i] = h.request(c, key(i))
		})
	}
	close(begin)
	all.Wait()
	return answers
}
