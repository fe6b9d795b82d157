package journal

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"holdfast/call"
	"holdfast/switchboard"
)

// noise is a text of that length that cannot be deflated by much.
func noise(length int) string {
	data := make([]byte, length)
	var seed [32]byte
	seed[0] = byte(length)
	_, _ = rand.NewChaCha8(seed).Read(data)
	return base64.StdEncoding.EncodeToString(data)[:length]
}

// values are JSON of any kind.
func values() *rapid.Generator[any] {
	return rapid.Deferred(func() *rapid.Generator[any] {
		return rapid.OneOf(
			rapid.Just[any](nil),
			rapid.Map(rapid.IntRange(-1, 2), func(n int) any { return n }),
			rapid.Map(rapid.SampledFrom([]string{"", "a", "<b>", `"`, "é"}), func(s string) any { return s }),
			rapid.Map(rapid.SliceOfN(values(), 0, 4), func(l []any) any { return l }),
			rapid.Map(rapid.MapOfN(rapid.SampledFrom([]string{"", "0", "1", "a", "b", "A"}), values(), 0, 4), func(m map[string]any) any { return m }),
		)
	})
}

// TestEditAnything: an edit between two values makes the second of the first.
func TestEditAnything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		before, after := text(t, values().Draw(t, "before")), text(t, values().Draw(t, "after"))
		e, err := editBetween(before, after)
		if err != nil {
			t.Fatal(err)
		}
		if e == nil {
			if !bytes.Equal(before, after) {
				t.Fatalf("no edit between %s and %s", before, after)
			}
			return
		}
		if len(e) > len(after)+2 {
			t.Errorf("the edit %s is longer than what comes out", e)
		}
		got, err := apply(e, before)
		if err != nil || !bytes.Equal(got, after) {
			t.Errorf("%s makes of %s %s (%v), want %s", e, before, got, err, after)
		}
	})
}

func text(t *rapid.T, v any) json.RawMessage {
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestEdit(t *testing.T) {
	for _, test := range []struct{ before, after, want string }{
		{`{"a":1,"b":2}`, `{"a":1,"b":3}`, `{"b":[3]}`},
		{`{"a":1,"b":2,"c":3}`, `{"a":1,"c":3}`, `{"b":[]}`},
		{`{"a":{"b":[1111,2222]},"c":"xxx"}`, `{"a":{"b":[1111,2222,3]},"c":"xxx"}`, `{"a":{"b":{"2":[3]}}}`},
		{`["one","two","three"]`, `["one","two"]`, `{"2":[]}`},
		{`{"a":"xxxxxxxxxxx","b":null}`, `{"a":"xxxxxxxxxxx","b":{}}`, `{"b":[{}]}`},
		{`[1,2,3,4]`, `[2,3,4]`, `[[2,3,4]]`}, // shorter than what moves
	} {
		e, err := editBetween(json.RawMessage(test.before), json.RawMessage(test.after))
		if err != nil || string(e) != test.want {
			t.Errorf("between %s and %s: %s (%v), want %s", test.before, test.after, e, err, test.want)
		}
	}
}

// Nonsense is an error that names its place.
func TestEditsThatCannotBe(t *testing.T) {
	const value = `{"a":{"b":[1,2]},"c":"x"}`
	for e, want := range map[string]string{
		`{"a":{"b":{"7":[1]}}}`: "a: b: of 3 values, the one at 2 is missing",
		`{"a":{"b":{"0":[]}}}`:  "a: b: of 1 values, the one at 0 is missing",
		`{"a":{"x":[]}}`:        "a: x: it goes, and was not there",
		`{"c":{"x":[1]}}`:       "c: something in it changes, and it holds nothing",
		`{"d":{"x":[1]}}`:       "d: something in it changes, and it holds nothing",
		`{"c":[1,2]}`:           "c: it becomes several values",
		`{"c":7}`:               "c: json: cannot unmarshal number",
		`{"c":`:                 "unexpected end of JSON input",
		``:                      "unexpected end of JSON input",
	} {
		if got, err := apply(edit(e), json.RawMessage(value)); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s makes %s (%v), want %s", e, got, err, want)
		}
	}
}

// A diary draws what happens to a contact, one entry after the other.
type diary struct {
	*rapid.T
	e switchboard.Entry
}

func (d *diary) next() switchboard.Entry {
	e := &d.e
	e.Step++
	e.At = e.At.Add(time.Duration(rapid.Int64Range(0, 1e12).Draw(d.T, "pause")))
	c := e.Contact
	c.Connections = append([]call.Connection(nil), c.Connections...)
	c.Past = append([]call.Transfer(nil), c.Past...)
	legs := map[call.ConnectionID]switchboard.LegMemory{}
	for id, leg := range e.Legs {
		legs[id] = leg
	}
	for range rapid.IntRange(0, 4).Draw(d.T, "changes") {
		d.change(&c, legs)
	}
	e.Contact, e.Legs = c, legs
	if len(legs) == 0 {
		e.Legs = nil
	}
	e.Trace = rapid.SliceOfN(rapid.StringMatching(`<- [A-Z]{3,6} é`), 0, 3).Draw(d.T, "trace")
	return *e
}

func (d *diary) change(c *call.Contact, legs map[call.ConnectionID]switchboard.LegMemory) {
	id := call.ConnectionID(rapid.IntRange(1, 5).Draw(d.T, "connection"))
	switch rapid.IntRange(0, 7).Draw(d.T, "what") {
	case 0:
		c.Connections = append(c.Connections, call.Connection{ID: id, Party: call.Target, Since: d.e.At})
	case 1:
		if n := len(c.Connections); n > 0 {
			i := rapid.IntRange(0, n-1).Draw(d.T, "who")
			c.Connections = append(c.Connections[:i:i], c.Connections[i+1:]...)
		}
	case 2:
		c.Past = append(c.Past, call.Transfer{ID: fmt.Sprint("t", len(c.Past)), Attempts: make([]call.Attempt, rapid.IntRange(0, 3).Draw(d.T, "attempts"))})
	case 3:
		c.Transfer = &call.Transfer{ID: "now", Requested: d.e.At}
	case 4:
		c.Transfer = nil
	case 5:
		delete(legs, id)
	default:
		memory := text(d.T, values().Draw(d.T, "memory"))
		legs[id] = switchboard.LegMemory{Kind: "sip", Memory: memory}
	}
}

// TestWhatIsStoredIsRead: whatever happens to a contact, whatever becomes of its
// writes and whoever owns it, every entry is read as it was written, by every way
// to read it.
func TestWhatIsStoredIsRead(t *testing.T) {
	contact, whole, partial := 0, 0, 0
	j, err := Open(t.Context(), Options{Dir: t.TempDir(), Owner: "one", SyncInterval: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	awaitArchive(t, j)
	rapid.Check(t, func(rt *rapid.T) {
		contact++
		id := call.ContactID(fmt.Sprint("c", contact))
		d := &diary{rt, switchboard.Entry{Version: 1, Owner: "one", Epoch: 1, At: noon, Contact: call.Contact{ID: id, Stage: call.Talking, Arrived: noon}}}
		var written []switchboard.Entry
		var last uint64
		begun, err := j.Last(t.Context())
		if err != nil {
			rt.Fatal(err)
		}
		for range rapid.IntRange(1, 25).Draw(rt, "entries") {
			if rapid.IntRange(0, 15).Draw(rt, "successor") == 0 {
				d.e.Epoch++
			}
			e := d.next()
			j.fail(rapid.SampledFrom([][]fault{nil, nil, nil, nil, {ackLost}, {writeLost}, {spurious}, {spurious, ackLost}}).Draw(rt, "faults")...)
			if last, err = j.Append(t.Context(), e, last); err != nil {
				rt.Fatal(err)
			}
			e.Seq = last
			written = append(written, e)
		}
		n := len(written)
		same(rt, "its history", j.History(t.Context(), id), written)
		from := rapid.IntRange(0, n-1).Draw(rt, "from")
		after := begun
		if from > 0 {
			after = written[from-1].Seq
		}
		same(rt, "what is followed", limited(j.Follow(t.Context(), after), n-from), written[from:])
		j.bases.forget(id) // as after a restart
		same(rt, "what is followed later", limited(j.Follow(t.Context(), after), n-from), written[from:])
		m, err := j.last(t.Context(), contactSubject(id))
		if err != nil {
			rt.Fatal(err)
		}
		newest, err := j.decoder(t.Context()).entry(rawMessage(m, m.Sequence))
		if err != nil || asText(newest) != asText(written[n-1]) {
			rt.Errorf("the newest is %s (%v), want %s", asText(newest), err, asText(written[n-1]))
		}
		msgs, err := j.collect(t.Context(), j.contacts, contactSubject(id))
		if err != nil {
			rt.Fatal(err)
		}
		for _, m := range msgs {
			if messageIn(m).base == 0 {
				whole++
			} else {
				partial++
			}
		}
		e := d.next()
		e.Contact.Stage = call.Over
		if e.Seq, err = j.Append(t.Context(), e, last); err != nil {
			rt.Fatal(err)
		}
		written = append(written, e)
		if err := j.Archive(t.Context(), id); err != nil {
			rt.Fatal(err)
		}
		same(rt, "its history in the archive", j.History(t.Context(), id), written)
		same(rt, "what is followed in the archive", limited(j.Follow(t.Context(), after), n-from), written[from:n])
	})
	t.Logf("%d contacts, %d whole entries, %d that build on one", contact, whole, partial)
	if partial < 2*whole {
		t.Errorf("only %d of %d entries build on others", partial, whole+partial)
	}
}

// What a damaged record is about goes into logs and JSON all the same.
func TestNamed(t *testing.T) {
	for subject, want := range map[string]string{
		"contact.a": "contact a", "archive.a": "archived contact a", itemSubject("queue", "shop"): "queue shop",
		"routing.queue.ED\xcb6US0": "routing queue.ED?6US0", "contact.a\nb": "contact a?b", itemSubject("agent", "an\x1ba"): "agent an?a",
	} {
		if got := named(subject); got != want {
			t.Errorf("%q: got %q, want %q", subject, got, want)
		}
	}
}
