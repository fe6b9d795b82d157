package panel

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"holdfast/call"
)

// calls calls a command of the namespace holdfast.transfer, and returns what has
// come of it: the states that were published, and then the response.
func (win *window) calls(command string, params map[string]any) []string {
	win.asked++
	return win.callsAs(fmt.Sprintf("%s-%d", win.id, win.asked), command, params)
}

func (win *window) callsAs(id, command string, params map[string]any) []string {
	win.t.Helper()
	win.hears()
	b, err := json.Marshal(params)
	if err != nil {
		win.t.Fatal(err)
	}
	win.says(request{RequestID: id, Namespace: transferNamespace, Method: command, Params: b})
	return win.hearsOfTransfers()
}

// follows subscribes to the transfers of a segment, and returns what was published.
func (win *window) follows(contactID string) []string {
	win.hears()
	win.says(subscribe{Namespace: transferNamespace, Key: transferChanged, Parameter: contactID})
	return win.hearsOfTransfers()
}

func (win *window) hearsOfTransfers() []string {
	win.t.Helper()
	synctest.Wait()
	var all []string
	for {
		select {
		case b := <-win.socket.out:
			all = append(all, transfersInWords(win.t, b)...)
		default:
			return all
		}
	}
}

func transfersInWords(t *testing.T, b []byte) []string {
	t.Helper()
	var m struct {
		Type   string
		Data   transferState
		Err    *streamError
		Topics []struct {
			Namespace, Key, Parameter string
			Data                      json.RawMessage
		}
	}
	if err := json.Unmarshal(b, &m); err != nil && !strings.Contains(err.Error(), "stamp") {
		t.Fatalf("%v: %s", err, b)
	}
	var all []string
	switch {
	case m.Type == "response" && m.Err != nil:
		all = append(all, "refused: "+m.Err.Code+": "+m.Err.Message)
	case m.Type == "response":
		all = append(all, strings.TrimSpace("done: "+transferInWords(m.Data)))
	case m.Type == "published":
		for _, p := range m.Topics {
			var state transferState
			if p.Namespace != transferNamespace {
				continue
			}
			if err := json.Unmarshal(p.Data, &state); err != nil || p.Key != transferChanged || p.Parameter != state.ContactID {
				t.Errorf("published %s (%v)", b, err)
			}
			all = append(all, transferInWords(state))
		}
	}
	return all
}

func transferInWords(s transferState) string {
	return strings.TrimSpace(strings.Join([]string{s.TransferID, s.Stage, s.Target.String(), string(s.Outcome), string(s.Reason), s.Text}, " "))
}

// A transfer by commands: what is published, what the responses have, and that the
// same key is the same transfer, also when the agent has left.
func TestTransferCommands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		ana := talking(t, w)
		w.people["sip:cardiology@127.0.0.1:5073"] = behaviour{after: time.Second, fails: call.Busy}
		hear(t, ana.follows("c1_2"))
		cold := map[string]any{"contactId": "c1_2", "kind": "cold", "to": "cardiology", "key": "k1"}
		reaching := "c1_t1 reaching cardiology"
		hear(t, ana.calls("start", cold), reaching, "done: "+reaching)
		hear(t, ana.calls("start", cold), "done: "+reaching)
		pass(2 * time.Second)
		failed := "c1_t1 ended cardiology failed busy cardiology is busy."
		hear(t, ana.hearsOfTransfers(), failed)
		hear(t, ana.calls("start", cold), "done: "+failed)
		hear(t, ana.calls("cancel", map[string]any{"contactId": "c1_2"}), "refused: transfer-ended: the transfer has ended already: failed")

		second := map[string]any{"contactId": "c1_2", "kind": "cold", "to": []any{map[string]any{"type": "phone_number", "phoneNumber": "sip:reception@127.0.0.1:5074"}}, "key": "k2"}
		reaching = "c1_t2 reaching reception"
		hear(t, ana.calls("start", second), reaching, "done: "+reaching)
		hear(t, ana.calls("get", map[string]any{"contactId": "c1_2"}), "done: "+reaching)
		hear(t, ana.calls("get", map[string]any{"transferId": "c1_t1"}), "done: "+failed)
		w.post("c1", call.Answered{Connection: 4})
		completed := "c1_t2 ended reception completed"
		if heard := ana.hearsOfTransfers(); len(heard) == 0 || heard[len(heard)-1] != completed {
			t.Errorf("heard %q", heard)
		}
		hear(t, ana.calls("start", second), "done: "+completed)
		hear(t, ana.calls("complete", map[string]any{"transferId": "c1_t2"}), "done:")
		hear(t, ana.follows("c1_2"), completed, failed)
		hear(t, w.open(t, "ana", "window-2").follows("c1_2"), completed, failed)
	})
}

// A blind transfer goes on without the agent and their page, and a page that is loaded
// later gets its outcome, also after the contact has ended.
func TestTransferOutlivesPage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		ana := talking(t, w)
		ana.follows("c1_2")
		reaching := "c1_t1 reaching cardiology"
		hear(t, ana.calls("start", map[string]any{"contactId": "c1_2", "kind": "blind", "to": "cardiology"}), reaching, "done: "+reaching)
		ana.s.do(func() { ana.s.left(ana.socket, true) })
		w.post("c1", call.Answered{Connection: 3})
		completed := "c1_t1 ended cardiology completed"
		again := w.open(t, "ana", "window-2")
		hear(t, again.follows("c1_2"), completed)
		w.post("c1", call.HungUp{Connection: 1})
		hear(t, again.calls("get", map[string]any{"contactId": "c1_2"}), "done: "+completed)
	})
}

// A server that has been restarted finds the transfers of an agent who has left the
// contact and is in after-call work.
func TestTransferOutlivesServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		ana := talking(t, w)
		ana.calls("start", map[string]any{"contactId": "c1_2", "kind": "blind", "to": "cardiology"})
		w.panel.Close()
		var err error
		if w.panel, err = New(w.panel.options); err != nil {
			t.Fatal(err)
		}
		ana = w.open(t, "ana", "window-1")
		hear(t, ana.follows("c1_2"), "c1_t1 reaching cardiology")
		w.post("c1", call.Answered{Connection: 3})
		if heard := ana.hearsOfTransfers(); !slices.Contains(heard, "c1_t1 ended cardiology completed") {
			t.Errorf("heard %q", heard)
		}
	})
}

// What is wrong with a command is refused with a code.
func TestTransferRefusals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		ana := talking(t, w)
		with := func(more map[string]any) map[string]any {
			params := map[string]any{"contactId": "c1_2", "kind": "cold", "to": "cardiology"}
			for name, value := range more {
				params[name] = value
			}
			return params
		}
		tests := []struct {
			command string
			params  map[string]any
			want    string
		}{
			{"start", with(map[string]any{"to": "cardiologist"}), "not-found"},
			{"start", with(map[string]any{"to": "+4416321"}), "denied"},
			{"start", with(map[string]any{"to": []string{}}), "bad-target"},
			{"start", with(map[string]any{"to": 7}), "bad-parameter"},
			{"start", with(map[string]any{"to": "ana"}), "transfer-to-self"},
			{"start", with(map[string]any{"to": []string{"cardiology", "cardiology"}}), "target-named-twice"},
			{"start", with(map[string]any{"kind": "lukewarm"}), "unknown-kind"},
			{"start", with(map[string]any{"ringFor": "soon"}), "bad-parameter"},
			{"start", with(map[string]any{"ringFor": "-1s"}), "bad-ring-time"},
			{"start", with(map[string]any{"ringFor": "2h"}), "bad-parameter"},
			{"start", with(map[string]any{"key": strings.Repeat("x", 129)}), "bad-parameter"},
			{"start", with(map[string]any{"contactId": "c2_2"}), "no-such-contact"},
			{"get", with(nil), "no-such-transfer"},
			{"cancel", with(nil), "no-such-transfer"},
			{"complete", with(map[string]any{"transferId": "c1_t1"}), "no-such-transfer"},
			{"begin", with(nil), "handlerNotFound"},
		}
		for _, test := range tests {
			got := ana.calls(test.command, test.params)
			if len(got) != 1 || !strings.HasPrefix(got[0], "refused: "+test.want+": ") {
				t.Errorf("%s %v: got %q, want %s", test.command, test.params, got, test.want)
			}
		}
		ana.follows("c1_2")
		ana.calls("start", with(map[string]any{"kind": "warm", "key": "k"}))
		for command, want := range map[string]string{"start": "transfer-under-way", "complete": "not-consulting"} {
			if got := ana.calls(command, with(nil)); len(got) != 1 || !strings.HasPrefix(got[0], "refused: "+want+": ") {
				t.Errorf("%s while a transfer is under way: got %q, want %s", command, got, want)
			}
		}
		if got := ana.calls("start", with(map[string]any{"key": "k"})); len(got) != 1 || !strings.HasPrefix(got[0], "refused: key-taken: ") {
			t.Errorf("the key of another transfer: got %q", got)
		}
		hear(t, ana.calls("cancel", with(nil)), "c1_t1 ended cardiology cancelled cancelled", "done:")
		hear(t, ana.calls("cancel", with(nil)), "done:")
		ben := w.open(t, "ben", "window-1")
		hear(t, ben.calls("get", with(nil)), "refused: no-such-transfer: you have asked for no such transfer")
	})
}

// A page gets what the line of a target has answered, and not what the configuration
// says about it.
func TestTransferDetails(t *testing.T) {
	attempts := []call.Attempt{{Reason: call.Denied, Detail: "+4416321 begins like none of [allow] numbers"}, {Reason: call.Busy, Detail: "486 Busy Here"}}
	c := call.Contact{ID: "c1", Past: []call.Transfer{{ID: "t1", Outcome: call.TransferFailed, Reason: call.Busy, Attempts: attempts}}}
	got := transferStateOf(c, c.Past[0], "c1_2")
	if got.Attempts[0].Detail != "" || got.Attempts[1].Detail != "486 Busy Here" || attempts[0].Detail == "" {
		t.Errorf("got %+v", got.Attempts)
	}
}

// Only so many transfers of contacts that have ended are remembered. Those of live
// contacts all are, so that none is published again.
func TestTransfersAreForgotten(t *testing.T) {
	var x transfers
	isAna := func(e call.Endpoint) bool { return e.Address == "ana" }
	contact := func(id call.ContactID, stage call.Stage, many int) call.Contact {
		c := call.Contact{ID: id, Stage: stage, Connections: []call.Connection{{ID: 2, Endpoint: agentNamed("ana")}}}
		for i := range many {
			c.Past = append(c.Past, call.Transfer{ID: fmt.Sprintf("t%d", i+1), By: 2, Outcome: call.Cancelled, Attempts: []call.Attempt{{}}})
		}
		return c
	}
	const many = mostTransfers + 10
	live := contact("live", call.Talking, many)
	x.note(live, isAna)
	if changed := x.take(); len(changed) != many {
		t.Errorf("%d transfers have changed, want %d", len(changed), many)
	}
	for i := range many {
		x.note(contact(call.ContactID(fmt.Sprintf("over%d", i)), call.Over, 1), isAna)
	}
	x.take()
	x.note(live, isAna)
	if changed := x.take(); len(changed) != 0 || len(x.known) != many+mostTransfers {
		t.Errorf("%d have changed, and %d are remembered", len(changed), len(x.known))
	}
	if x.known[many].ContactID != "over10_2" {
		t.Errorf("the oldest that is over is %s", x.known[many].ContactID)
	}
}
