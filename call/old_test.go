package call

import (
	"encoding/json"
	"testing"
	"time"
)

// oldJoining is a contact as the first version wrote it down, just after the
// target had answered: attempts knew nothing of acceptance, and rules had five
// limits.
const oldJoining = `{"id":"old","stage":"joining",
 "rules":{"offerFor":30000000000,"ringFor":20000000000,"joinWithin":5000000000,"recallFor":20000000000,"takenAfter":10000000000},
 "connections":[
  {"id":1,"party":"customer","endpoint":{"kind":"number","address":"+15550100"},"state":"connected","since":"2026-11-23T12:00:30Z"},
  {"id":2,"party":"agent","endpoint":{"kind":"agent","address":"ana"},"state":"connected","since":"2026-11-23T12:00:02Z"},
  {"id":3,"party":"target","endpoint":{"kind":"uri","address":"sip:cardiology@192.0.2.9","name":"cardiology"},"state":"connected","since":"2026-11-23T12:00:30Z"}],
 "lastConnection":3,"agent":{"kind":"agent","address":"ana"},
 "transfer":{"id":"t1","kind":"cold","by":2,"ringFor":20000000000,
  "attempts":[{"connection":3,"target":{"kind":"uri","address":"sip:cardiology@192.0.2.9","name":"cardiology"},"dialled":"2026-11-23T12:00:20Z","answered":"2026-11-23T12:00:30Z"}],
  "joinBy":"2026-11-23T12:00:35Z","requested":"2026-11-23T12:00:20Z"},
 "arrived":"2026-11-23T12:00:00Z","answered":"2026-11-23T12:00:02Z"}`

// TestOldContactsAreCarriedOn: what the first version wrote down is read, taken
// over and brought to its end.
func TestOldContactsAreCarriedOn(t *testing.T) {
	var c Contact
	if err := json.Unmarshal([]byte(oldJoining), &c); err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 23, 12, 0, 31, 0, time.UTC)
	for _, ev := range []Event{Recovered{}, Joined{Connections: []ConnectionID{1, 2, 3}}} {
		var err error
		if c, _, err = Step(c, now, ev); err != nil {
			t.Fatal(err)
		}
	}
	if c.Stage != Talking || len(c.Past) != 1 || c.Past[0].Outcome != Completed || len(c.Connections) != 2 {
		t.Errorf("the hand-over ended as %+v", c)
	}
	if c.Rules.AcceptWithin == 0 || c.Customer.Address != "+15550100" {
		t.Errorf("what the old version did not know is missing: %+v, customer %s", c.Rules, c.Customer)
	}
	c, _, _ = Step(c, now.Add(time.Second), HungUp{Connection: 3})
	if c.Stage != Returning {
		t.Errorf("a target who leaves early: the contact is %s", c.Stage)
	}
}
