package api

import (
	"context"
	"encoding/json"
	"iter"
	"strings"
	"testing"
	"time"

	"holdfast/call"
)

// deskPhones has a phone of ana's that registers, and what happens to it.
type deskPhones struct{ events chan PhoneEvent }

var registration = Registration{Address: "sip:200@192.0.2.7:5062", From: "192.0.2.7:5062", UserAgent: "T46", Since: noon, Until: noon.Add(time.Minute)}

func (deskPhones) Phone(agent string) Phone {
	if agent == "ana" {
		return Phone{Kind: Registers, Registrations: []Registration{registration}}
	}
	return Phone{Kind: Fixed, Address: "sip:ben@192.0.2.8"}
}

func (p deskPhones) Follow(ctx context.Context) iter.Seq[PhoneEvent] {
	return func(yield func(PhoneEvent) bool) {
		for {
			select {
			case e, more := <-p.events:
				if !more || !yield(e) {
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}
}

func TestAgentsHavePhones(t *testing.T) {
	m := withRouting()
	m.phones = deskPhones{}
	all := read[struct{ Agents []Agent }](t, m, 200, "GET", "/v1/agents", "").Agents
	if len(all) != 2 || all[0].Phone.Registrations[0] != registration || all[0].Name != "ana" {
		t.Errorf("got %+v", all)
	}
	ben := read[Agent](t, m, 200, "GET", "/v1/agents/ben", "")
	if ben.Phone.Kind != Fixed || ben.Phone.Address != "sip:ben@192.0.2.8" || ben.Phone.Registrations != nil {
		t.Errorf("got %+v", ben.Phone)
	}
}

// TestPhoneEvents: a stream of all contacts has what happens to phones, without an id, and
// ends when the reader is cut off.
func TestPhoneEvents(t *testing.T) {
	m, phones := withRouting(), deskPhones{make(chan PhoneEvent)}
	m.phones = phones
	talking(t, m, "c1")
	r := follow(t, m, "?after=1")
	r.next()
	phones.events <- PhoneEvent{Agent: "ana", At: noon, Lost: &LostRegistration{registration, noon, "expired"}}
	var lines []string
	for r.lines.Scan() && (r.lines.Text() != "" || len(lines) < 2) {
		lines = append(lines, r.lines.Text())
	}
	got := strings.TrimSpace(strings.Join(lines, "\n"))
	data, named := strings.CutPrefix(got, "event: phone\ndata: ")
	var e PhoneEvent
	if err := json.Unmarshal([]byte(data), &e); err != nil || !named || e.Agent != "ana" || e.Lost.Reason != "expired" || e.Lost.UserAgent != "T46" {
		t.Errorf("got %q (%v)", got, err)
	}
	m.happens(t, "c1", call.HungUp{Connection: 1})
	if e := r.next(); e.Contact.Stage != call.Over {
		t.Errorf("then came %+v", e)
	}
	close(phones.events)
	for r.lines.Scan() { // until the stream ends
	}
}
