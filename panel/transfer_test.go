package panel

import (
	"testing"
	"testing/synctest"
	"time"

	"holdfast/call"
)

// R10: a third party who has gone is shown so in one update, before another can be
// added.
func TestThirdPartyGoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		ana := talking(t, w)
		w.people["sip:cardiology@127.0.0.1:5073"] = behaviour{after: time.Second, fails: call.Busy}
		add := map[string]any{"contactId": "c1_2", "endpoint": map[string]any{"type": "phone_number", "phoneNumber": "sip:cardiology@127.0.0.1:5073"}}
		ana.asks("createAdditionalConnection", add)
		ana.hears()
		pass(2 * time.Second)
		held := "update: Busy, connected [agent:connected inbound:hold]"
		hear(t, ana.hears(), "update: Busy, connected [agent:connected inbound:hold outbound:disconnected]", held)
		id := ana.asks("createAdditionalConnection", add)
		adding := "update: Busy, connected [agent:connected inbound:hold outbound:connecting]"
		hear(t, ana.hears(), adding, "done "+id, adding)
		second := ana.asks("createAdditionalConnection", add)
		hear(t, ana.hears(), "refused "+second+": InvalidStateException: a transfer to cardiology is under way", adding)
	})
}

// A target who fails at once is an error of the request: there is no leg to wait
// for.
func TestAddFailsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		ana := talking(t, w)
		id := ana.asks("createAdditionalConnection", map[string]any{"contactId": "c1_2", "endpoint": map[string]any{"type": "phone_number", "phoneNumber": "+4416321"}})
		hear(t, ana.hears(), "refused "+id+": BadEndpointException: You may not transfer to +4416321.", withCustomer)
		w.people["+4930555"] = behaviour{fails: call.Busy}
		id = ana.asks("createAdditionalConnection", map[string]any{"contactId": "c1_2", "endpoint": map[string]any{"type": "phone_number", "phoneNumber": "+4930555"}})
		held := "update: Busy, connected [agent:connected inbound:hold]"
		hear(t, ana.hears(), held, "refused "+id+": BadEndpointException: pharmacy is busy.", held)
	})
}

// The checkbox of the form, and what pages on Streams ask for by its name.
func TestTransferConfirm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		ana := talking(t, w)
		ana.asks("holdfast.transfer", map[string]any{"contactId": "c1_2", "kind": "cold", "targets": []string{"cardiology", "reception"}, "confirm": true})
		w.post("c1", call.Answered{Connection: 3})
		if c, _ := w.Contact("c1"); c.Transfer == nil || !c.Transfer.Confirm || c.Connections[2].State != call.Screening {
			t.Errorf("a voicemail gets the customer: %+v", c)
		}
	})
}
