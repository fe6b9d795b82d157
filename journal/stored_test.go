package journal

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"pgregory.net/rapid"

	"holdfast/call"
	"holdfast/switchboard"
)

// limited yields so many.
func limited(entries iter.Seq2[switchboard.Entry, error], n int) iter.Seq2[switchboard.Entry, error] {
	return func(yield func(switchboard.Entry, error) bool) {
		for e, err := range entries {
			if n--; !yield(e, err) || n == 0 {
				return
			}
		}
	}
}

// asText is an entry with its place, the members of what legs remember in order.
func asText(e switchboard.Entry) string {
	for id, leg := range e.Legs {
		var v any
		if err := json.Unmarshal(leg.Memory, &v); err != nil {
			return err.Error()
		}
		leg.Memory, _ = json.Marshal(v)
		e.Legs[id] = leg
	}
	data, err := json.Marshal(e)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%d: %s", e.Seq, data)
}

// same compares what is read with what was written.
func same(t *rapid.T, what string, read iter.Seq2[switchboard.Entry, error], written []switchboard.Entry) {
	t.Helper()
	i := 0
	for e, err := range read {
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if i >= len(written) || asText(e) != asText(written[i]) {
			t.Fatalf("%s: entry %d of %d is\n%s, want\n%s", what, i, len(written), asText(e), asText(written[min(i, len(written)-1)]))
		}
		i++
	}
	if i != len(written) {
		t.Errorf("%s: %d entries, want %d", what, i, len(written))
	}
}

// fat is a step of a contact with so many past transfers.
func fat(id string, step uint64, transfers int) switchboard.Entry {
	e := entry(id, step)
	e.At = noon.Add(time.Duration(step) * time.Second)
	for i := range transfers {
		t := call.Transfer{ID: fmt.Sprint("t", i), Kind: call.Cold, By: 2, Requested: noon, Ended: noon.Add(time.Minute), Outcome: call.TransferFailed}
		for n := range 20 {
			t.Attempts = append(t.Attempts, call.Attempt{
				Connection: call.ConnectionID(20*i + n), Dialled: noon.Add(time.Duration(n) * time.Second), Reason: call.Unreachable, Detail: "503 Service Unavailable",
				Target: call.Endpoint{Kind: call.URI, Address: fmt.Sprintf("sip:target%d@192.0.2.%d", n, i), Name: fmt.Sprint("target ", n)},
			})
		}
		e.Contact.Past = append(e.Contact.Past, t)
	}
	return e
}

// What an entry takes does not grow with what a contact has behind it.
func TestEntriesDoNotGrow(t *testing.T) {
	j := open(t, t.TempDir())
	largest := map[int]int{}
	for _, transfers := range []int{0, 18} {
		id := fmt.Sprint("c", transfers)
		last := mustAppend(t, j, fat(id, 1, transfers), 0)
		for step := uint64(2); step < 40; step++ {
			e := fat(id, step, transfers)
			e.Contact.Stage = []call.Stage{call.Talking, call.Reaching}[step%2]
			last = mustAppend(t, j, e, last)
		}
		msgs, err := j.collect(t.Context(), j.contacts, contactSubject(call.ContactID(id)))
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range msgs[1:] {
			if messageIn(m).base != 0 {
				largest[transfers] = max(largest[transfers], len(m.Data()))
			}
		}
		t.Logf("with %d transfers the first entry takes %d bytes, those after it at most %d", transfers, len(msgs[0].Data()), largest[transfers])
	}
	if largest[18] > largest[0]+100 {
		t.Errorf("an entry takes %d bytes with 18 transfers, and %d without one", largest[18], largest[0])
	}
}

// An entry is whole where it must be.
func TestWholeEntries(t *testing.T) {
	j := open(t, t.TempDir())
	isWhole := func(seq uint64, want bool, when string) {
		t.Helper()
		m, err := j.contacts.GetMsg(t.Context(), seq)
		if err != nil {
			t.Fatal(err)
		}
		if got := rawMessage(m, seq).base == 0; got != want {
			t.Errorf("%s an entry is whole: %v, want %v", when, got, want)
		}
	}
	one := mustAppend(t, j, fat("a", 1, 3), 0)
	isWhole(one, true, "at first")
	two := mustAppend(t, j, fat("a", 2, 3), one)
	isWhole(two, false, "then")
	j.fail(ackLost)
	three := mustAppend(t, j, fat("a", 3, 3), two)
	isWhole(three, false, "when its acknowledgement was lost")
	e := fat("a", 4, 3)
	e.Epoch = 2
	four := mustAppend(t, j, e, three)
	isWhole(four, true, "of another owner")
	for step := uint64(5); step < 5+wholeEvery; step++ {
		e := fat("a", step, 3)
		e.Epoch = 2
		four = mustAppend(t, j, e, four)
		isWhole(four, false, "afterwards")
	}
	e = fat("a", 5+wholeEvery, 3)
	e.Epoch = 2
	isWhole(mustAppend(t, j, e, four), true, "after so many others")
}

// After a whole entry of which nobody knows if it was written, the next is whole.
func TestWholeAfterAnUnknownOne(t *testing.T) {
	j := open(t, t.TempDir())
	one := mustAppend(t, j, entry("a", 1), 0)
	e := entry("a", 2)
	e.Trace = []string{noise(20_000)} // too much is new
	ctx, cancel := context.WithCancel(t.Context())
	j.fail(func(_ context.Context, publish func() (*jetstream.PubAck, error)) (*jetstream.PubAck, error) {
		if _, err := publish(); err != nil {
			return nil, err
		}
		cancel()
		return nil, context.Canceled
	})
	if _, err := j.Append(ctx, e, one); err == nil {
		t.Fatal("it was acknowledged")
	}
	two := mustAppend(t, j, entry("a", 2), one) // hardly anything has
	m, err := j.contacts.GetMsg(t.Context(), two)
	if err != nil || rawMessage(m, two).base != 0 {
		t.Errorf("it builds on entry %d (%v)", rawMessage(m, two).base, err)
	}
	if got, want := history(t, j, "a"), "1:a/1 2:a/2 3:a/2"; got != want {
		t.Errorf("history: %s, want %s", got, want)
	}
}

// What builds on an entry that is not there, or cannot be read, is an error with
// its place.
func TestEntriesWithoutTheirBase(t *testing.T) {
	j := open(t, t.TempDir())
	last := mustAppend(t, j, fat("a", 1, 1), 0)
	last = mustAppend(t, j, fat("a", 2, 1), last)
	mustAppend(t, j, fat("b", 1, 1), 0)
	last = mustAppend(t, j, fat("a", 3, 1), last)
	other := fat("a", 4, 1)
	other.Owner, other.Epoch = "two", 2
	mustAppend(t, j, other, last)
	m, err := j.contacts.GetMsg(t.Context(), 2)
	if err != nil {
		t.Fatal(err)
	}
	good := rawMessage(m, 2)
	for want, change := range map[string]func(*message){
		"reading entry 2 of contact.a: it builds on entry 9: it is missing":                                     func(m *message) { m.base = 9 },
		"reading entry 2 of contact.a: it builds on entry 4: it builds on entry 1":                              func(m *message) { m.base = 4 },
		"reading entry 2 of contact.a: it builds on entry 3: it is of contact.b":                                func(m *message) { m.base = 3 },
		`reading entry 2 of contact.a: step 2 of epoch 1, written by "one" on entry 1, cannot build on entry 5`: func(m *message) { m.base = 5 },
		"reading entry 2 of contact.b: it builds on entry 1: it is of contact.a":                                func(m *message) { m.subject = "contact.b" },
		"reading entry 2 of contact.a: inflating: ":                                                             func(m *message) { m.data = []byte("nonsense") },
		"reading entry 2 of contact.a: invalid character":                                                       func(m *message) { m.base = 0 },
	} {
		bad := good
		change(&bad)
		j.bases.forget("b")
		if e, err := j.decoder(t.Context()).entry(bad); err == nil || !strings.HasPrefix(err.Error(), want) || e.Seq != 2 {
			t.Errorf("got %v (%d), want %s", err, e.Seq, want)
		}
	}
}

// FuzzDecodeOn has any data stand for what has changed since an entry: deflated
// as it comes, and before it is deflated.
func FuzzDecodeOn(f *testing.F) {
	e := full()
	m, err := encode(e)
	if err != nil {
		f.Fatal(err)
	}
	first := message{"contact.g1", 1, 0, m.Data}
	on, err := wholeIn(first)
	if err != nil {
		f.Fatal(err)
	}
	e.Step++
	e.Contact.Stage = call.Parked
	if m, err = encode(e); err != nil {
		f.Fatal(err)
	}
	if m, err = encodeOn(on, e, m); err != nil {
		f.Fatal(err)
	}
	text, err := inflate(m.Data, on.text())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(m.Data)
	f.Add(text)
	f.Add([]byte(`{"version":1,"owner":"one","epoch":3,"step":9,"base":1,"changes":{"contact":{"id":["x"]}}}`))
	f.Add([]byte(`{"version":1,"owner":"one","epoch":3,"step":9,"base":1,"changes":[]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		d := &decoder{fetch: func(string, uint64) (message, error) { return first, nil }}
		short, err := deflate(data, on.text())
		if err != nil {
			t.Fatal(err)
		}
		for _, data := range [][]byte{data, short} {
			e, err := d.entry(message{"contact.g1", 2, 1, data})
			if err != nil {
				if !strings.HasPrefix(err.Error(), "reading entry 2 of contact.g1: ") {
					t.Errorf("the error has no place: %v", err)
				}
				continue
			}
			if e.Contact.ID != "g1" || e.Seq != 2 {
				t.Errorf("it is read as entry %d of %s", e.Seq, e.Contact.ID)
			}
			if _, err := encode(e); err != nil && e.Owner != "" {
				t.Errorf("what was read cannot be written: %v", err)
			}
		}
	})
}
