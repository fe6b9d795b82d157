package panel

import (
	"encoding/json"
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The page and the server have the same list of messages.
func TestProtocol(t *testing.T) {
	source, err := os.ReadFile("site/protocol.js")
	if err != nil {
		t.Fatal(err)
	}
	fromPage := map[string]any{"request": request{}, "offer": offer{}, "mute": mute{}, "takeOver": takeOver{}, "echo": echo{}, "subscribe": subscribe{}}
	if got, want := slices.Sorted(maps.Keys(pageMessages)), slices.Sorted(maps.Keys(fromPage)); !slices.Equal(got, want) {
		t.Errorf("the server reads %v, this test knows %v", got, want)
	}
	for list, messages := range map[string]map[string]any{"fromServer": serverMessages, "fromPage": fromPage} {
		found := regexp.MustCompile(`(?s)export const ` + list + ` = (\{.*?\n\});`).FindSubmatch(source)
		if found == nil {
			t.Fatalf("site/protocol.js has no %s", list)
		}
		var got map[string][]string
		if err := json.Unmarshal(found[1], &got); err != nil {
			t.Fatalf("%s: %v", list, err)
		}
		want := map[string][]string{}
		for name, m := range messages {
			want[name] = []string{}
			for f := range reflect.TypeOf(m).Fields() {
				member, _, _ := strings.Cut(f.Tag.Get("json"), ",")
				want[name] = append(want[name], member)
			}
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("site/protocol.js has %s\n%v\nwant\n%v", list, got, want)
		}
	}
	for name, want := range map[string]int64{"longestMessage": longestMessage, "answerWithin": answerWithin.Milliseconds(), "beatEvery": beatEvery.Milliseconds()} {
		found := regexp.MustCompile(`export const ` + name + ` = (\d+);`).FindSubmatch(source)
		if found == nil || string(found[1]) != strconv.FormatInt(want, 10) {
			t.Errorf("site/protocol.js has another %s than %d", name, want)
		}
	}
}

// Every message of the server says its type first.
func TestEncode(t *testing.T) {
	for name, m := range serverMessages {
		var read struct{ Type string }
		if err := json.Unmarshal(encode(m), &read); err != nil || read.Type != name {
			t.Errorf("%s is sent as %s (%v)", name, encode(m), err)
		}
	}
}

// Times are Date's to read, and site/protocol.js knows the names of all that a
// Streams page sees.
func TestTimes(t *testing.T) {
	source, err := os.ReadFile("site/protocol.js")
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(stamp(time.Date(2026, 11, 28, 19, 4, 5, 678912345, time.FixedZone("", 3600))))
	if err != nil || string(b) != `"2026-11-28T18:04:05.678Z"` {
		t.Errorf("a time is written as %s (%v)", b, err)
	}
	var walk func(shape reflect.Type)
	walk = func(shape reflect.Type) {
		switch {
		case shape.Kind() == reflect.Slice || shape.Kind() == reflect.Pointer:
			walk(shape.Elem())
		case shape.Kind() == reflect.Struct && shape != reflect.TypeFor[stamp]():
			for f := range shape.Fields() {
				member, _, _ := strings.Cut(f.Tag.Get("json"), ",")
				isTime := f.Type == reflect.TypeFor[stamp]() || f.Type == reflect.TypeFor[*stamp]()
				if isTime && !strings.Contains(string(source), strconv.Quote(member)) {
					t.Errorf("site/protocol.js does not make a Date of %s", member)
				}
				walk(f.Type)
			}
		}
	}
	walk(reflect.TypeFor[snapshot]())
}

func TestParse(t *testing.T) {
	tests := []struct{ message, want string }{
		{`{"type":"request","requestId":"1","method":"holdConnection","params":{"a":1}}`, ""},
		{`{"type":"mute","muted":null}`, ""},
		{`{"type":"takeOver"}`, ""},
		{`{"type":"echo","event":"contact::accepted::c1_2","data":null}`, ""},
		{`{"type":"offer","contactId":"c1_2","offer":1,"sdp":"v=0\r\n"}`, ""},
		{``, "not a message"},
		{`[]`, "not a message"},
		{"{\"type\":\"echo\",\"event\":\"contact::view\",\"data\":\"\xff\"}", "not UTF-8"},
		{`nonsense`, "not a message"},
		{`{}`, `unknown type of message ""`},
		{`{"type":"hello"}`, `unknown type of message "hello"`},
		{`{"type":"request","method":"m"}`, "requestId must have"},
		{`{"type":"request","requestId":"` + strings.Repeat("x", 129) + `","method":"m"}`, "requestId must have"},
		{`{"type":"request","requestId":"1","method":""}`, "method must have"},
		{`{"type":"request","requestId":1,"method":"m"}`, "cannot unmarshal"},
		{`{"type":"offer","contactId":"c1_2","sdp":"hello"}`, "sdp must be"},
		{`{"type":"offer","contactId":"c1_2","sdp":"v=0` + strings.Repeat("x", longestSDP) + `"}`, "sdp must be"},
		{`{"type":"request","requestId":"1","namespace":"aws.connect.voice","method":"voice/holdParticipant","params":{}}`, ""},
		{`{"type":"request","requestId":"1","namespace":"` + strings.Repeat("x", 65) + `","method":"m"}`, "namespace must have"},
		{`{"type":"subscribe","namespace":"aws.connect.contact","key":"contact/acw","parameter":""}`, ""},
		{`{"type":"subscribe","namespace":"n","key":"` + strings.Repeat("x", 129) + `"}`, "must have at most"},
		{`{"type":"subscribe","namespace":"n","key":"k","parameter":7}`, "cannot unmarshal"},
		{`{"type":"echo","event":"log","data":"+4930123456"}`, "not passed on"},
		{`{"type":"echo","event":"contact","data":null}`, "not passed on"},
	}
	for _, test := range tests {
		_, err := parse([]byte(test.message))
		switch {
		case test.want == "" && err != nil:
			t.Errorf("%.80s: %v", test.message, err)
		case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
			t.Errorf("%.80s: got %v, want %q", test.message, err, test.want)
		}
	}
}

// FuzzMessage: whatever a page sends, it is a message within its limits, or an
// error in a sentence.
func FuzzMessage(f *testing.F) {
	f.Add([]byte(`{"type":"request","requestId":"1","method":"holdConnection","params":{"contactId":"c1_2","connectionId":"c1_1"}}`))
	f.Add([]byte(`{"type":"request","requestId":"1","method":"holdfast.transfer","params":{"contactId":"c1_2","targets":["x"]}}`))
	f.Add([]byte(`{"type":"offer","contactId":"c1_2","offer":1,"sdp":"v=0\r\n"}`))
	f.Add([]byte(`{"type":"mute","muted":true}`))
	f.Add([]byte(`{"type":"echo","event":"contact::view","data":{}}`))
	f.Add([]byte(`{"type":"takeOver"}`))
	f.Add([]byte(`{"type":"request","requestId":"1","namespace":"aws.connect.contact","method":"contact/getAttributes","params":{"contactId":"c1_2","attributes":"*"}}`))
	f.Add([]byte(`{"type":"subscribe","namespace":"aws.connect.contact","key":"contact/participantStateChanged","parameter":"c1_t1"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := parse(b)
		if err != nil {
			if err.Error() == "" {
				t.Error("an error without words")
			}
			return
		}
		switch m := m.(type) {
		case request:
			if m.RequestID == "" || len(m.RequestID) > longestID || m.Method == "" || len(m.Method) > longestMethod {
				t.Errorf("a request out of its limits: %+v", m)
			}
			var p params
			_ = json.Unmarshal(m.Params, &p) // an error is the page's to read
			if id, ok := parseSegment(p.ContactID); ok && segmentName(id) != p.ContactID {
				t.Errorf("segment %q is read as %q", p.ContactID, segmentName(id))
			}
			if _, err := choose(map[string]attribute{"a": {"a", "b"}}, p.Attributes); err != nil && errorFor(err).Code != string(invalidParameter) {
				t.Errorf("attributes %q: %v", p.Attributes, err)
			}
		case offer:
			if len(m.SDP) > longestSDP || len(m.ContactID) > longestID {
				t.Error("an offer out of its limits")
			}
		case echo:
			if !isEchoed(m.Event) {
				t.Errorf("%q is passed on", m.Event)
			}
			if len(m.Data) > 0 && !json.Valid(encode(echoed(m))) {
				t.Error("an echo that is no JSON")
			}
		case subscribe:
			if len(m.Namespace)+len(m.Key)+len(m.Parameter) > 3*longestID {
				t.Errorf("a subscription out of its limits: %+v", m)
			}
			if now := current(frame{}, m); now != nil && !json.Valid(encode(published{now, true})) {
				t.Error("a publication that is not JSON")
			}
		case mute, takeOver:
		default:
			t.Errorf("a message of type %T", m)
		}
	})
}
