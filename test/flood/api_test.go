package flood

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"holdfast/call"
	"holdfast/client"
)

// A reply is what a request over HTTP got.
type reply struct {
	after  time.Duration
	status int
}

func (r *reply) answered() (time.Duration, int) { return r.after, r.status }

// transferable has customers talk to agents who may transfer them.
func (w *world) transferable() {
	w.t.Helper()
	w.trunk.talk = 0
	for n := range transfersOf {
		w.trunk.next++
		w.trunk.call(fmt.Sprint("agent-", n))
		<-time.After(20 * time.Millisecond) // at a rate that the server can do
	}
	for range 100 {
		<-time.After(50 * time.Millisecond)
		contacts, err := client.New("http://" + w.api.String()).Contacts(context.Background())
		if err != nil {
			w.t.Fatal(err)
		}
		w.contacts = nil
		for _, c := range contacts {
			if c.Stage == call.Talking && !strings.Contains(c.Called, "talk-") {
				w.contacts = append(w.contacts, c.ID)
			}
		}
		if len(w.contacts) == transfersOf {
			return
		}
	}
	w.t.Fatalf("%d of %d contacts talk", len(w.contacts), transfersOf)
}

// transfersOf is how many contacts the transfers are of.
const transfersOf = 60

// transfers asks for a transfer to somebody who is busy, again and again.
func (w *world) transfers(rate int, long time.Duration) (all []answer) {
	var asking sync.WaitGroup
	began := time.Now()
	for i := range int(long.Seconds() * float64(rate)) {
		if wait := time.Until(began.Add(time.Duration(i) * time.Second / time.Duration(rate))); wait > 0 {
			<-time.After(wait)
		}
		r := &reply{}
		all = append(all, r)
		asking.Go(func() { w.transfer(r, w.contacts[i%len(w.contacts)]) })
	}
	asking.Wait()
	return all
}

func (w *world) transfer(r *reply, id call.ContactID) {
	began := time.Now()
	answer, err := httpClient.Post(fmt.Sprintf("http://%s/v1/contacts/%s/transfers", w.api, id), "application/json",
		strings.NewReader(`{"target": "busy", "resume": true}`))
	if err != nil {
		return
	}
	_, _ = io.Copy(io.Discard, answer.Body)
	_ = answer.Body.Close()
	r.after, r.status = time.Since(began), answer.StatusCode
}

var httpClient = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 256, MaxConnsPerHost: 256}}
