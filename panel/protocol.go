package panel

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// This file has the messages between the page and the server, over the page's
// WebSocket. Each is a JSON object with a "type". site/protocol.js has the same
// list, and TestProtocol compares the two.
//
// Every request gets exactly one response. The same requestId again is the same
// request. The server sends the update that shows the effect of a request, then
// its response, then the update once more; the page shows and posts them in that
// order.

// Messages of the server.
type (
	// hello is the first message. Boot changes when the server restarts; all
	// audio sessions have then ended.
	hello struct {
		Agent     string       `json:"agent"`
		Boot      string       `json:"boot"`
		Phone     bool         `json:"phone"` // this page is the agent's phone
		Origins   []string     `json:"origins"`
		Statuses  []status     `json:"statuses"` // that the agent can choose
		Endpoints []targetView `json:"endpoints"`
	}

	// update is everything there is to show. Snapshot and Configuration are for
	// the Streams page around ours, if there is one.
	update struct {
		Snapshot      snapshot      `json:"snapshot"`
		Configuration configuration `json:"configuration"`
		View          view          `json:"view"`
	}

	// response answers a request, with its namespace. Err is null, or the reason why nothing was
	// done. Data then has the reason as well, because a Streams page without a
	// failure handler gets only Data.
	response struct {
		RequestID string       `json:"requestId"`
		Namespace string       `json:"namespace"`
		Data      any          `json:"data"`
		Err       *streamError `json:"err"`
	}

	// parked has the customers that an agent may pick up, the longest waiting first. It
	// is for this page only: the Streams page around it gets nothing.
	parked struct {
		Customers []parkedView `json:"customers"`
		More      int          `json:"more"` // how many there are besides
	}

	// audio reports whether this window or another has the agent's audio. For a few
	// seconds after its window has been closed, none has.
	audio struct {
		Here      bool `json:"here"`
		Elsewhere bool `json:"elsewhere"`
	}

	// answer answers an offer, with SDP or the reason why it was refused.
	answer struct {
		ContactID string `json:"contactId"`
		Offer     int    `json:"offer"` // which one
		SDP       string `json:"sdp,omitempty"`
		Problem   string `json:"problem,omitempty"`
	}

	// muted reports whether the agent is muted.
	muted struct {
		Muted bool `json:"muted"`
	}

	// echoed is a broadcast of one of the agent's Streams pages, for all of them.
	echoed struct {
		Event string          `json:"event"`
		Data  json.RawMessage `json:"data"`
	}

	// beat shows the page that its connection is alive. The server sends it every
	// beatEvery.
	beat struct{}

	// problem reports a message of the page that could not be read.
	problem struct {
		Text string `json:"text"`
	}

	// published has the changes for pages that use the Amazon Connect SDK. With Again
	// it answers a subscribe, and is only for handlers of that parameter.
	published struct {
		Topics []publication `json:"topics"`
		Again  bool          `json:"again"`
	}

	// loggedOut ends the session, in every window.
	loggedOut struct{}

	targetView struct {
		Name string `json:"name"`
		Kind string `json:"kind"`
	}
)

// serverMessages are the messages of the server by their type.
var serverMessages = map[string]any{
	"hello": hello{}, "update": update{}, "parked": parked{}, "response": response{}, "audio": audio{}, "answer": answer{},
	"muted": muted{}, "echoed": echoed{}, "beat": beat{}, "problem": problem{}, "published": published{}, "loggedOut": loggedOut{},
}

// Messages of the page.
type (
	// request asks for a method of Streams' or one of our own, which begin with
	// "holdfast.". With a namespace it asks for a command of the Amazon Connect SDK.
	request struct {
		RequestID string          `json:"requestId"`
		Namespace string          `json:"namespace"`
		Method    string          `json:"method"`
		Params    json.RawMessage `json:"params"`
	}

	// offer asks for audio in a contact. Number distinguishes the page's offers.
	offer struct {
		ContactID string `json:"contactId"`
		Number    int    `json:"offer"`
		SDP       string `json:"sdp"`
	}

	// mute mutes or unmutes the agent; null asks whether they are muted.
	mute struct {
		Muted *bool `json:"muted"`
	}

	// takeOver moves the agent's audio to this window.
	takeOver struct{}

	// echo is a broadcast for all of the agent's Streams pages.
	echo struct {
		Event string          `json:"event"`
		Data  json.RawMessage `json:"data"`
	}

	// subscribe reports that a page around this window follows a topic of the Amazon
	// Connect SDK. From the first one on, the window gets everything that is published.
	subscribe struct {
		Namespace string `json:"namespace"`
		Key       string `json:"key"`
		Parameter string `json:"parameter"`
	}
)

// pageMessages are the messages of the page by their type.
var pageMessages = map[string]func([]byte) (any, error){
	"request":  read[request],
	"offer":    read[offer],
	"mute":     read[mute],
	"takeOver": read[takeOver],
	"echo":     read[echo],

	"subscribe": read[subscribe],
}

func read[M any](b []byte) (any, error) {
	var m M
	err := json.Unmarshal(b, &m)
	return m, err
}

// Limits on messages of the page.
const (
	longestMessage = 64 << 10 // the page sends nothing that is longer
	longestID      = 128
	longestMethod  = 64
	longestSDP     = 32 << 10
)

// parse reads a message of the page.
func parse(b []byte) (any, error) {
	if !utf8.Valid(b) { // which a browser would refuse if it were echoed
		return nil, errors.New("not UTF-8")
	}
	var kind struct {
		Type string `json:"type"`
	}
	if err := json.Unmarshal(b, &kind); err != nil {
		return nil, fmt.Errorf("not a message: %w", err)
	}
	read, known := pageMessages[kind.Type]
	if !known {
		return nil, fmt.Errorf("unknown type of message %.40q", kind.Type)
	}
	m, err := read(b)
	if err == nil {
		err = check(m)
	}
	if err != nil {
		return nil, fmt.Errorf("message of type %s: %w", kind.Type, err)
	}
	return m, nil
}

func check(m any) error {
	switch m := m.(type) {
	case request:
		switch {
		case m.RequestID == "" || len(m.RequestID) > longestID:
			return fmt.Errorf("requestId must have 1 to %d bytes", longestID)
		case m.Method == "" || len(m.Method) > longestMethod:
			return fmt.Errorf("method must have 1 to %d bytes", longestMethod)
		case len(m.Namespace) > longestMethod:
			return fmt.Errorf("namespace must have at most %d bytes", longestMethod)
		}
	case offer:
		switch {
		case len(m.ContactID) > longestID:
			return fmt.Errorf("contactId must have at most %d bytes", longestID)
		case !strings.HasPrefix(m.SDP, "v=0") || len(m.SDP) > longestSDP:
			return fmt.Errorf("sdp must be a session description of at most %d bytes", longestSDP)
		}
	case echo:
		if !isEchoed(m.Event) {
			return errors.New("this event is not passed on")
		}
	case subscribe:
		if max(len(m.Namespace), len(m.Key), len(m.Parameter)) > longestID {
			return fmt.Errorf("namespace, key and parameter must have at most %d bytes", longestID)
		}
	}
	return nil
}

// isEchoed reports whether a broadcast is passed on. Logs and metrics are not: they
// contain phone numbers, and no page needs them.
func isEchoed(event string) bool {
	if strings.HasPrefix(event, "contact::accepted::") && len(event) <= longestID {
		return true
	}
	return slices.Contains([]string{
		"contact::accepted", "contact::view", "taskList::activate_channel_with_view_type",
		"configuration::set_speaker_device", "configuration::set_microphone_device", "configuration::set_ringer_device",
		"configuration::camera_device_changed", "configuration::background_blur_changed", "voiceId::update_domain_id",
	}, event)
}

// encode is a message of the server as it is sent.
func encode(m any) []byte {
	body, err := json.Marshal(m)
	if err != nil {
		panic(fmt.Sprintf("a message that cannot be written: %v", err))
	}
	head := `{"type":"` + typeOf(m) + `"`
	if string(body) == "{}" {
		return []byte(head + "}")
	}
	return append([]byte(head+","), body[1:]...)
}

func typeOf(m any) string {
	switch m.(type) {
	case hello:
		return "hello"
	case update:
		return "update"
	case response:
		return "response"
	case parked:
		return "parked"
	case audio:
		return "audio"
	case answer:
		return "answer"
	case muted:
		return "muted"
	case echoed:
		return "echoed"
	case beat:
		return "beat"
	case problem:
		return "problem"
	case published:
		return "published"
	case loggedOut:
		return "loggedOut"
	default:
		panic(fmt.Sprintf("unsupported message %T", m))
	}
}
