package panel

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"holdfast/call"
	"holdfast/routing"
	"holdfast/switchboard"
)

// A window is a browser's window, without the browser.
type window struct {
	t      *testing.T
	s      *station
	socket *socket
	id     string
	asked  int
}

func (w *world) open(t *testing.T, agent, id string) *window {
	t.Helper()
	synctest.Wait() // for the station to have seen what was before
	win := &window{t: t, s: w.panel.stations[agent], socket: newSocket(w.session(t, agent)), id: id}
	win.s.do(func() { win.s.attach(id, win.socket) })
	return win
}

// session is the hash of the agent's session, begun if need be.
func (w *world) session(t *testing.T, agent string) string {
	t.Helper()
	if w.sessions[agent] == "" {
		token, err := w.panel.sessions.open(t.Context(), agent)
		if err != nil {
			t.Fatal(err)
		}
		w.sessions[agent] = hashToken(token)
	}
	return w.sessions[agent]
}

// pass lets time pass in the bubble.
func pass(d time.Duration) {
	time.Sleep(d) //nolint:forbidigo // the bubble's time
	synctest.Wait()
}

// says has the window say something, and waits for what comes of it.
func (win *window) says(m any) {
	win.s.do(func() {
		if p := win.s.pageOn(win.socket); p != nil {
			p.take(m)
		}
	})
	synctest.Wait()
}

// asks has the window ask for a method, and returns its requestId.
func (win *window) asks(method string, params map[string]any) string {
	win.asked++
	id := fmt.Sprintf("%s-%d", win.id, win.asked)
	win.asksAs(id, method, params)
	return id
}

func (win *window) asksAs(id, method string, params map[string]any) {
	b, err := json.Marshal(params)
	if err != nil {
		win.t.Fatal(err)
	}
	win.says(request{RequestID: id, Method: method, Params: b})
}

// hears is what the window has been sent since it was asked last, each message in
// a few words.
func (win *window) hears() []string {
	synctest.Wait()
	var all []string
	for {
		select {
		case b := <-win.socket.out:
			all = append(all, inWords(win.t, b))
		default:
			return all
		}
	}
}

func inWords(t *testing.T, b []byte) string {
	t.Helper()
	var m struct {
		Type      string
		RequestID string
		Err       *streamError
		SDP       string
		Here      bool
		Elsewhere bool
		Muted     bool
		Event     string
		Customers []struct{ Name string }
		More      int
		Snapshot  struct {
			State    agentState
			Contacts []struct {
				State       struct{ Type string }
				Connections []struct {
					Type  string
					State struct{ Type string }
				}
			}
		}
	}
	if err := json.Unmarshal(b, &m); err != nil && !strings.Contains(err.Error(), "stamp") {
		t.Fatalf("%v: %s", err, b)
	}
	switch m.Type {
	case "update":
		words := "update: " + m.Snapshot.State.Name
		for _, c := range m.Snapshot.Contacts {
			words += ", " + c.State.Type + " ["
			for i, x := range c.Connections {
				if i > 0 {
					words += " "
				}
				words += x.Type + ":" + x.State.Type
			}
			words += "]"
		}
		return words
	case "response":
		if m.Err != nil {
			return fmt.Sprintf("refused %s: %s: %s", m.RequestID, m.Err.Type, m.Err.Message)
		}
		return "done " + m.RequestID
	case "audio":
		if !m.Here && !m.Elsewhere {
			return "audio nowhere"
		}
		return fmt.Sprintf("audio %v", m.Here)
	case "muted":
		return fmt.Sprintf("muted %v", m.Muted)
	case "answer":
		return fmt.Sprintf("answer %v", m.SDP != "")
	case "parked":
		words := "parked"
		for _, c := range m.Customers {
			words += " " + c.Name
		}
		if m.More > 0 {
			words += fmt.Sprintf(" and %d more", m.More)
		}
		return words
	case "echoed":
		return "echoed " + m.Event
	}
	return m.Type
}

func hear(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("heard\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

// talking has ana talk to a customer in contact c1, and returns her window.
func talking(t *testing.T, w *world) *window {
	t.Helper()
	w.instant = true
	ana := w.open(t, "ana", "window-1")
	w.customerCalls("c1", agentNamed("ana"))
	ana.asks("acceptContact", map[string]any{"contactId": "c1_2"})
	ana.hears()
	return ana
}

const withCustomer = "update: Busy, connected [agent:connected inbound:connected]"

func TestOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		ana := w.open(t, "ana", "window-1")
		hear(t, ana.hears(), "hello", "update: Available", "parked", "muted false", "audio true")
		w.customerCalls("c1", agentNamed("ana"))
		hear(t, ana.hears(), "update: PendingBusy, connecting [agent:connecting inbound:connecting]")
	})
}

// R4, R5: the update that shows the effect, then the response, then the update
// once more.
func TestEffectBeforeResponse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		ana := talking(t, w)

		id := ana.asks("holdConnection", map[string]any{"contactId": "c1_2", "connectionId": "c1_1"})
		held := "update: Busy, connected [agent:connected inbound:hold]"
		hear(t, ana.hears(), held, "done "+id, held)

		id = ana.asks("createAdditionalConnection", map[string]any{"contactId": "c1_2", "endpoint": map[string]any{
			"type": "phone_number", "phoneNumber": "sip:cardiology@127.0.0.1:5073", "name": nil, "endpointARN": nil, "queue": nil,
		}})
		adding := "update: Busy, connected [agent:connected inbound:hold outbound:connecting]"
		hear(t, ana.hears(), adding, "done "+id, adding)

		w.post("c1", call.Answered{Connection: 3})
		hear(t, ana.hears(), "update: Busy, connected [agent:connected inbound:hold outbound:connected]")

		id = ana.asks("conferenceConnections", map[string]any{"contactId": "c1_2"})
		three := "update: Busy, connected [agent:connected inbound:connected outbound:connected]"
		hear(t, ana.hears(), three, "done "+id, three)

		id = ana.asks("destroyConnection", map[string]any{"contactId": "c1_2", "connectionId": "c1_2"})
		over := "update: AfterCallWork, ended [agent:disconnected inbound:disconnected outbound:disconnected]"
		hear(t, ana.hears(), over, "done "+id, over)

		id = ana.asks("clearContact", map[string]any{"contactId": "c1_2"})
		hear(t, ana.hears(), "update: Available", "done "+id, "update: Available")
	})
}

// R8: every request has exactly one response.
func TestEveryRequestIsAnswered(t *testing.T) {
	const all = `getAgentSnapshot putAgentState getAgentStates getDialableCountryCodes getRoutingProfileQueues getAgentPermissions
		getAgentConfiguration updateAgentConfiguration acceptContact createOutboundContact createTaskContact clearContact completeContact
		destroyContact rejectContact notifyContactIssue updateContactAttributes createAdditionalConnection destroyConnection holdConnection
		resumeConnection toggleActiveConnections conferenceConnections sendClientLogs sendDigits sendSoftphoneCallReport
		sendSoftphoneCallMetrics getEndpoints getNewAuthToken createTransport muteParticipant unmuteParticipant
		updateMonitorParticipantState pauseContact resumeContact addNewConnection transferContact noSuchMethod`
	document, err := os.ReadFile("../docs/STREAMS.md")
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		ana := talking(t, w)
		for _, method := range strings.Fields(all) {
			if method != "noSuchMethod" && !strings.Contains(string(document), "`"+method+"`") {
				t.Errorf("docs/STREAMS.md does not mention %s", method)
			}
			for _, params := range []map[string]any{nil, {"contactId": "c1_2"}, {"contactId": "c1_2", "connectionId": "c1_9"}, {"contactId": 7}} {
				id := ana.asks(method, params)
				var responses []string
				for _, heard := range ana.hears() {
					if strings.Contains(heard, " "+id) {
						responses = append(responses, heard)
					}
				}
				if len(responses) != 1 {
					t.Errorf("%s %v has the responses %q, want one", method, params, responses)
				} else if _, known := methods[method]; !known && !strings.Contains(responses[0], "NotSupported") {
					t.Errorf("%s: got %q, want NotSupported", method, responses[0])
				}
			}
		}
	})
}

func TestBadParams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		ana := talking(t, w)
		for params, want := range map[string]string{
			`7`:                               "the parameters must be an object",
			`{"contactId":{}}`:                "unexpected object in the parameter contactId",
			`{"endpoint":{"phoneNumber":12}}`: "unexpected number in the parameter endpoint.phoneNumber",
		} {
			ana.says(request{RequestID: params, Method: "holdConnection", Params: json.RawMessage(params)})
			hear(t, ana.hears(), "refused "+params+": InvalidParameterException: "+want, withCustomer)
		}
	})
}

func TestRequestWithoutEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		ana := talking(t, w)
		w.slow = make(chan struct{})
		hold := map[string]any{"contactId": "c1_2", "connectionId": "c1_1"}
		first := ana.asks("holdConnection", hold)
		second := ana.asks("holdConnection", hold)
		pass(answerWithin - time.Millisecond)
		if heard := ana.hears(); len(heard) > 0 {
			t.Errorf("too early: %q", heard)
		}
		pass(time.Millisecond)
		hear(t, ana.hears(),
			"refused "+first+": RequestTimedOut: The request had no effect in time; check the call before you try again.", withCustomer,
			"refused "+second+": RequestTimedOut: The request had no effect in time; check the call before you try again.", withCustomer)
		close(w.slow)
		hear(t, ana.hears(), "update: Busy, connected [agent:connected inbound:hold]")
	})
}

// Accepting is done when the browser's audio is there.
func TestAcceptWaitsForAudio(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		ana := w.open(t, "ana", "window-1")
		w.customerCalls("c1", agentNamed("ana"))
		id := ana.asks("acceptContact", map[string]any{"contactId": "c1_2"})
		if heard := ana.hears(); slices.Contains(heard, "done "+id) {
			t.Errorf("heard %q before there is audio", heard)
		}
		ana.says(offer{ContactID: "c1_2", Number: 1, SDP: "v=0"})
		hear(t, ana.hears(), withCustomer, "done "+id, withCustomer, "answer true")

		ana.says(offer{ContactID: "c9_2", Number: 2, SDP: "v=0"})
		hear(t, ana.hears(), "answer false")
	})
}

func TestRejectAndMiss(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		ana := w.open(t, "ana", "window-1")
		w.customerCalls("c1", agentNamed("ana"))
		ana.hears()
		id := ana.asks("rejectContact", map[string]any{"contactId": "c1_2"})
		hear(t, ana.hears(), "update: Available, rejected [agent:disconnected inbound:disconnected]", "update: Available", "done "+id, "update: Available")

		w.customerCalls("c2", call.Endpoint{Kind: call.QueueEndpoint, Address: "sales"})
		ana.hears()
		pass(30 * time.Second) // as long as a queue has somebody rung
		w.panel.AgentChanged(routing.Agent{Name: "ana"})
		heard := ana.hears()
		if !slices.Contains(heard, "update: MissedCallAgent") {
			t.Errorf("after an offer that was missed, ana heard %q", heard)
		}
		id = ana.asks("clearContact", map[string]any{"contactId": "c2_2"}) // as pages do it
		if heard := ana.hears(); !slices.Contains(heard, "done "+id) {
			t.Errorf("clearing what is gone: %q", heard)
		}
	})
}

func TestMute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		ana := talking(t, w)
		yes, no := true, false
		ana.says(mute{&yes})
		hear(t, ana.hears(), withCustomer, "muted true", "muted true")
		ana.says(mute{})
		hear(t, ana.hears(), "muted true")
		id := ana.asks("unmuteParticipant", map[string]any{"contactId": "c1_2", "connectionId": "c1_2"})
		hear(t, ana.hears(), withCustomer, "muted false", "done "+id, withCustomer)
		ana.says(mute{&no})
		hear(t, ana.hears(), "muted false")
		id = ana.asks("muteParticipant", map[string]any{"contactId": "c1_2", "connectionId": "c1_1"})
		hear(t, ana.hears(), "refused "+id+": NotSupported: Holdfast mutes only the agent's own connection.", withCustomer)
	})
}

// An agent with a desk phone sees calls, and picks up there.
func TestDeskPhone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		carl := w.open(t, "carl", "window-1")
		w.customerCalls("c1", agentNamed("carl"))
		carl.hears()
		id := carl.asks("acceptContact", map[string]any{"contactId": "c1_2"})
		if heard := carl.hears()[0]; heard != "refused "+id+": InvalidStateException: Your phone is not this page: pick up there." {
			t.Errorf("heard %q", heard)
		}
		w.post("c1", call.Answered{Connection: 2})
		hear(t, carl.hears(), withCustomer)
	})
}

func TestWhatThePageMayNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		ana := talking(t, w)
		ben := w.open(t, "ben", "window-2")
		ben.hears()
		// Another agent's contact is none of Ben's.
		id := ben.asks("destroyConnection", map[string]any{"contactId": "c1_2", "connectionId": "c1_1"})
		hear(t, ben.hears(), "refused "+id+": ContactNotFoundException: you are not in this contact any more", "update: Available")
		w.broken = switchboard.ErrUnavailable
		id = ana.asks("holdConnection", map[string]any{"contactId": "c1_2", "connectionId": "c1_1"})
		hear(t, ana.hears(), "refused "+id+": InternalServiceError: The server cannot write its journal at the moment; nothing has been done.", withCustomer)
	})
}
