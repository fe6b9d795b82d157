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
)

// commands has a window perform a command of the SDK, and returns what it has been
// sent until then, each message or topic in a line.
func (win *window) commands(namespace, command, params string) []string {
	win.t.Helper()
	win.asked++
	win.says(request{
		RequestID: fmt.Sprintf("%s-%d", win.id, win.asked), Namespace: namespace, Method: command, Params: json.RawMessage(params),
	})
	return win.hearsSDK()
}

// hearsSDK is hears with what the SDK gets, and without everything else but updates.
func (win *window) hearsSDK() []string {
	win.t.Helper()
	synctest.Wait()
	var all []string
	for {
		select {
		case b := <-win.socket.out:
			all = append(all, sdkWords(win.t, b)...)
		default:
			return all
		}
	}
}

func sdkWords(t *testing.T, b []byte) []string {
	t.Helper()
	var m struct {
		Type   string
		Data   json.RawMessage
		Err    *streamError
		Again  bool
		Topics []struct {
			Namespace, Key, Parameter string
			Data                      json.RawMessage
		}
	}
	if err := json.Unmarshal(b, &m); err != nil {
		t.Fatal(err)
	}
	switch {
	case m.Type == "update":
		return []string{"update"}
	case m.Type == "response" && m.Err != nil:
		return []string{m.Err.Type + ": " + m.Err.Message}
	case m.Type == "response":
		return []string{string(m.Data)}
	case m.Type != "published":
		return nil
	}
	var all []string
	for _, p := range m.Topics {
		if p.Namespace == transferNamespace {
			continue // transfers_test.go has these
		}
		line := strings.TrimPrefix(p.Namespace, "aws.connect.") + " " + p.Key + " " + p.Parameter + " " + string(p.Data)
		if m.Again {
			line = "again: " + line
		}
		all = append(all, line)
	}
	return all
}

// onTheSDK has ana talk to a customer, and her window follow what is published.
func onTheSDK(t *testing.T, w *world) *window {
	t.Helper()
	ana := talking(t, w)
	ana.says(subscribe{Namespace: contactNamespace, Key: stateChanged})
	if heard := ana.hearsSDK(); heard != nil {
		t.Errorf("without a parameter a subscription is answered with %q", heard)
	}
	return ana
}

const cardiologyConnect = `{"contactId":"c1_2","quickConnect":{"type":"phone_number","endpointARN":"","name":"","phoneNumber":"sip:cardiology@127.0.0.1:5073"}}`

// stateOf is the line of a participant's state.
func stateOf(participant, state string) string {
	return fmt.Sprintf(`contact contact/participantStateChanged %s {"participantId":"%[1]s","contactId":"c1_2","state":{"value":"%s"}}`, participant, state)
}

func holdOf(participant string, held bool) []string {
	change := map[bool]string{true: "Hold", false: "Resume"}[held]
	return []string{
		fmt.Sprintf(`voice voice/participant%s %s {"participantId":"%[2]s","contactId":"c1_2","isOnHold":%v}`, change, participant, held),
		fmt.Sprintf(`voice voice/onCanResumeParticipantChanged %s {"participantId":"%[1]s","contactId":"c1_2","canResumeConnection":%v}`, participant, held),
	}
}

// A cold transfer in the SDK's words: what has changed is published before the
// response, and no update follows it.
func TestSDKTransfer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		ana := onTheSDK(t, w)
		hear(t, ana.commands(contactNamespace, "contact/listParticipants", `{"contactId":"c1_2"}`),
			`[{"participantId":"c1_2","contactId":"c1_2","type":{"value":"agent"},"isInitial":false,"isSelf":true},`+
				`{"participantId":"c1_1","contactId":"c1_2","type":{"value":"inbound"},"isInitial":true,"isSelf":false}]`)
		hear(t, ana.commands(voiceNamespace, "voice/holdParticipant", `{"participantId":"c1_1"}`),
			slices.Concat([]string{"update", stateOf("c1_1", "hold")}, holdOf("c1_1", true), []string{"{}"})...)
		target := `{"participantId":"c1_t1","contactId":"c1_2","type":{"value":"outbound"},"isInitial":false,"isSelf":false}`
		hear(t, ana.commands(contactNamespace, "contact/addParticipant", cardiologyConnect),
			"update", `contact contact/participantAdded c1_2 {"participant":`+target+`}`, stateOf("c1_t1", "connecting"), `{"participantId":"c1_t1"}`)
		hear(t, ana.commands(contactNamespace, "contact/getParticipant", `{"participantId":"c1_t1"}`), target)

		ana.says(subscribe{contactNamespace, stateChanged, "c1_t1"})
		hear(t, ana.hearsSDK(), "again: "+stateOf("c1_t1", "connecting"))
		ana.says(subscribe{contactNamespace, "contact/acw", "c1_2"})
		w.post("c1", call.Answered{Connection: 3})
		hear(t, ana.hearsSDK(), "update", stateOf("c1_t1", "connected"))

		hear(t, ana.commands(voiceNamespace, "voice/conferenceParticipants", `{"contactId":"c1_2"}`),
			slices.Concat([]string{"update", stateOf("c1_1", "connected")}, holdOf("c1_1", false), []string{"{}"})...)
		heard := ana.commands(contactNamespace, "contact/disconnectSelf", `{"contactId":"c1_2"}`)
		const contact = `{"contactId":"c1_2","initialContactId":"c1","type":"voice","subtype":"connect:Telephony"}`
		for _, want := range []string{
			"contact contact/acw c1_2 " + contact, stateOf("c1_2", "disconnected"), stateOf("c1_t1", "disconnected"),
			`contact contact/participantDisconnected c1_2 {"participant":` + target + `}`,
			`contact agent/stateChange  {"state":"AfterCallWork","previous":{"state":"Busy"}}`,
		} {
			if !slices.Contains(heard, want) {
				t.Errorf("after leaving, ana has heard\n  %s\nand not\n  %s", strings.Join(heard, "\n  "), want)
			}
		}
		if last := heard[len(heard)-1]; last != "{}" {
			t.Errorf("the last message is %s, want the response", last)
		}
		heard = ana.commands(contactNamespace, "contact/clear", `{"contactId":"c1_2"}`)
		for _, want := range []string{"contact contact/cleared c1_2 " + contact, "contact contact/destroy c1_2 " + contact} {
			if !slices.Contains(heard, want) {
				t.Errorf("after clearing, ana has heard %q, and not %q", heard, want)
			}
		}
		ana.says(subscribe{contactNamespace, stateChanged, "c1_t1"})
		hear(t, ana.hearsSDK(), `again: contact contact/participantStateChanged c1_t1 {"participantId":"c1_t1","contactId":"","state":{"value":"disconnected"}}`)
	})
}

// Each way in which a target does not take the customer is published, with the reason
// among the attributes. The customer stays on hold.
func TestSDKTransferFails(t *testing.T) {
	for _, test := range []struct {
		does behaviour
		why  string
	}{
		{behaviour{time.Second, call.Busy}, "cardiology is busy."},
		{behaviour{time.Second, call.Declined}, "cardiology declined."},
		{behaviour{time.Minute, ""}, "cardiology did not answer."},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, nil)
			ana := onTheSDK(t, w)
			w.people["sip:cardiology@127.0.0.1:5073"] = test.does
			ana.commands(contactNamespace, "contact/addParticipant", cardiologyConnect)
			pass(time.Minute)
			if heard := ana.hearsSDK(); !slices.Contains(heard, stateOf("c1_t1", "disconnected")) {
				t.Errorf("%s: heard %q", test.why, heard)
			}
			hear(t, ana.commands(contactNamespace, "contact/getAttributes", `{"contactId":"c1_2","attributes":["transferFailed","nothing"]}`),
				fmt.Sprintf(`{"transferFailed":%q}`, test.why))
			hear(t, ana.commands(voiceNamespace, "voice/isParticipantOnHold", `{"participantId":"c1_1"}`), `{"isOnHold":true}`)
			hear(t, ana.commands(contactNamespace, "contact/getParticipantState", `{"participantId":"c1_t1"}`),
				"ConnectionNotFound: they are not in this contact any more")
		})
	}
}

// The customer leaves while the target rings: the contact ends, for the SDK too.
func TestSDKCustomerLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		ana := onTheSDK(t, w)
		ana.commands(contactNamespace, "contact/addParticipant", cardiologyConnect)
		w.post("c1", call.HungUp{Connection: 1})
		heard := ana.hearsSDK()
		for _, want := range []string{stateOf("c1_t1", "disconnected"), stateOf("c1_1", "disconnected")} {
			if !slices.Contains(heard, want) {
				t.Errorf("heard %q, and not %q", heard, want)
			}
		}
	})
}

// An agent who is consulted is on hold while the other agent talks to the customer.
func TestSDKHeldAgent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		ana := talking(t, w)
		ben := w.open(t, "ben", "window-2")
		ben.says(subscribe{Namespace: voiceNamespace, Key: "voice/selfHold"})
		ana.asks("holdfast.transfer", map[string]any{"contactId": "c1_2", "kind": "warm", "targets": []string{"ben"}})
		ben.commands(contactNamespace, "contact/accept", `{"contactId":"c1_3"}`)
		ana.asks("toggleActiveConnections", map[string]any{"contactId": "c1_2"})
		heard := ben.hearsSDK()
		for _, want := range []string{
			`voice voice/participantHold c1_3 {"participantId":"c1_3","contactId":"c1_3","isOnHold":true}`,
			`voice voice/selfHold c1_3 {"participantId":"c1_3","contactId":"c1_3","isOnHold":true}`,
		} {
			if !slices.Contains(heard, want) {
				t.Errorf("ben has heard %q, and not %q", heard, want)
			}
		}
		hear(t, ben.commands(voiceNamespace, "voice/isSelfOnHold", `{"contactId":"c1_3"}`), `{"isOnHold":true}`)
		hear(t, ben.commands(voiceNamespace, "voice/canResumeSelf", `{"contactId":"c1_3"}`), `{"canResumeSelf":false}`)
	})
}

// What has changed while a window was not connected is published when it is again.
func TestSDKConnectionLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		ana := onTheSDK(t, w)
		ana.s.do(func() { ana.s.left(ana.socket, false) })
		w.post("c1", call.HungUp{Connection: 1})
		synctest.Wait()
		heard := w.open(t, "ana", ana.id).hearsSDK()
		const contact = `contact contact/acw c1_2 {"contactId":"c1_2","initialContactId":"c1","type":"voice","subtype":"connect:Telephony"}`
		for _, want := range []string{contact, stateOf("c1_1", "disconnected"), stateOf("c1_2", "disconnected")} {
			if !slices.Contains(heard, want) {
				t.Errorf("heard %q, and not %q", heard, want)
			}
		}
	})
}

// The same requestId again is the same transfer.
func TestSDKRequestAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		ana := onTheSDK(t, w)
		add := request{RequestID: "r", Namespace: contactNamespace, Method: "contact/addParticipant", Params: json.RawMessage(cardiologyConnect)}
		ana.says(add)
		ana.hearsSDK()
		ana.says(add)
		hear(t, ana.hearsSDK(), `{"participantId":"c1_t1"}`)
		hear(t, ana.commands(contactNamespace, "contact/disconnectParticipant", `{"participantId":"c1_t1"}`),
			"update", stateOf("c1_t1", "disconnected"),
			`contact contact/participantDisconnected c1_2 {"participant":{"participantId":"c1_t1","contactId":"c1_2","type":{"value":"outbound"},"isInitial":false,"isSelf":false}}`,
			"update", "{}")
	})
}

// What a page reads while ana talks.
func TestSDKReads(t *testing.T) {
	const contactParam, customer = `{"contactId":"c1_2"}`, `{"participantId":"c1_1"}`
	tests := []struct{ namespace, command, params, want string }{
		{contactNamespace, "contact/listContacts", "", `[{"contactId":"c1_2","initialContactId":"c1","type":"voice","subtype":"connect:Telephony"}]`},
		{contactNamespace, "contact/getContact", contactParam, `{"contactId":"c1_2","initialContactId":"c1","type":"voice","subtype":"connect:Telephony"}`},
		{contactNamespace, "contact/getContact", `{"contactId":"c9_2"}`, "ContactNotFoundException: the contact does not exist"},
		{contactNamespace, "contact/getContact", ``, "ContactNotFoundException: the contact does not exist"},
		{contactNamespace, "contact/getInitialContactId", contactParam, `{"initialContactId":"c1"}`},
		{contactNamespace, "contact/getType", contactParam, `{"type":"voice"}`},
		{contactNamespace, "contact/getChannelType", contactParam, `{"type":"voice","subtype":"connect:Telephony"}`},
		{contactNamespace, "contact/getStateDuration", contactParam, `{"stateDuration":0}`},
		{contactNamespace, "contact/getAttributes", `{"contactId":"c1_2","attributes":"*"}`, `{"called":"+49800100"}`},
		{contactNamespace, "contact/getAttributes", `{"contactId":"c1_2","attributes":["called","x"]}`, `{"called":"+49800100"}`},
		{contactNamespace, "contact/getAttributes", `{"contactId":"c1_2","attributes":[]}`, `{}`},
		{contactNamespace, "contact/getAttributes", `{"contactId":"c1_2","attributes":"called"}`, "InvalidParameterException: the parameter attributes must be \"*\" or a list of names"},
		{contactNamespace, "contact/getAttributes", `{"contactId":"c1_2","attributes":[7]}`, "InvalidParameterException: the parameter attributes must be \"*\" or a list of names"},
		{contactNamespace, "contact/getAttributes", contactParam, "InvalidParameterException: the parameter attributes must be \"*\" or a list of names"},
		{contactNamespace, "contact/getQueue", contactParam, "noResult: No Result Found"},
		{contactNamespace, "contact/getQueueTimestamp", contactParam, `{"queueTimestamp":null}`},
		{contactNamespace, "contact/isAutoAcceptEnabled", contactParam, `{"isAutoAcceptEnabled":false}`},
		{contactNamespace, "contact/isPreviewMode", contactParam, `{"isPreviewMode":false}`},
		{contactNamespace, "contact/getParticipantState", customer, `{"value":"connected"}`},
		{contactNamespace, "contact/getParticipantState", `{"participantId":7}`, "InvalidParameterException: unexpected number in the parameter participantId"},
		{contactNamespace, "contact/addParticipant", contactParam, "BadEndpointException: the endpoint is missing"},
		{contactNamespace, "contact/addParticipant", `{"contactId":"c1_2","quickConnect":7}`, "InvalidParameterException: unexpected number in the parameter quickConnect"},
		{voiceNamespace, "voice/isSelfOnHold", contactParam, `{"isOnHold":false}`},
		{voiceNamespace, "voice/canResumeSelf", contactParam, `{"canResumeSelf":false}`},
		{voiceNamespace, "voice/canResumeParticipant", customer, `{"canResumeParticipant":false}`},
		{voiceNamespace, "voice/getInitialCustomerPhoneNumber", contactParam, `{"phoneNumber":"+4930123456"}`},
		{voiceNamespace, "contact/getPhoneNumber", contactParam, `{"phoneNumber":"+4930123456"}`},
		{voiceNamespace, "voice/getOutboundCallPermission", "", `{"outboundCallPermission":false}`},
		{voiceNamespace, "voice/listDialableCountries", "", `[]`},
		{voiceNamespace, "voice/getVoiceEnhancementMode", "", `{"voiceEnhancementMode":"NONE"}`},
		{voiceNamespace, "voice/conferenceParticipants", contactParam, "InvalidStateException: nobody is being consulted"},
		{voiceNamespace, "voice/holdParticipant", `{"participantId":"c9_1"}`, "ConnectionNotFound: they are not in this contact any more"},
		{agentNamespace, "agent/getName", "", `{"name":"ana"}`},
		{contactNamespace, "agent/getName", "", `{"name":"ana"}`},
		{contactNamespace, "agent/getExtension", "", `{"extension":""}`},
		{contactNamespace, "agent/getChannelConcurrency", "", `{"CHAT":0,"TASK":0,"VOICE":1}`},
		{contactNamespace, "agent/getDialableCountries", "", `{"dialableCountries":[]}`},
		{contactNamespace, "agent/listSecurityProfilePermissions", "", `{"permissions":[]}`},
		{contactNamespace, "agent/setAvailabilityStateByName", `{"agentStateName":"Coffee"}`, `InvalidAgentStateException: no agent can choose to be "Coffee"`},
	}
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		ana := onTheSDK(t, w)
		for _, test := range tests {
			if got := ana.commands(test.namespace, test.command, test.params); !slices.Equal(got, []string{test.want}) {
				t.Errorf("%s %s:\ngot  %q\nwant %q", test.command, test.params, got, test.want)
			}
		}
	})
}

// The agent's state, at once and after the customer.
func TestSDKAgentState(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		ana := w.open(t, "ana", "window-1")
		ana.says(subscribe{Namespace: contactNamespace, Key: "agent/availabilityStateChanged"})
		ana.hears()
		lunch := arn(stateARN, "not-ready:Lunch")
		heard := ana.commands(contactNamespace, "agent/setAvailabilityState", fmt.Sprintf(`{"agentStateARN":%q}`, lunch))
		for _, want := range []string{`contact agent/availabilityStateChanged  {"state":{"agentStateARN":"` + lunch, `{"status":"updated","current":{"agentStateARN":"` + lunch} {
			if !slices.ContainsFunc(heard, func(line string) bool { return strings.HasPrefix(line, want) }) {
				t.Errorf("heard %q, and not %q", heard, want)
			}
		}
		ana.commands(contactNamespace, "agent/setAvailabilityStateByName", `{"agentStateName":"Available"}`)
		w.customerCalls("c1", agentNamed("ana"))
		heard = ana.commands(contactNamespace, "agent/setOffline", `{}`)
		for _, want := range []string{`contact agent/nextAvailabilityStateChanged  {"nextState":{`, `{"status":"queued","current":{"type":"system","name":"PendingBusy"`} {
			if !slices.ContainsFunc(heard, func(line string) bool { return strings.HasPrefix(line, want) }) {
				t.Errorf("heard %q, and not %q", heard, want)
			}
		}
		if agent, _ := w.dispatcher.Agent("ana"); agent.Next.State != routing.Offline {
			t.Errorf("the next state is %s", agent.Next.State)
		}
		if got := ana.commands(contactNamespace, "agent/listQuickConnects", `{"queueARNs":["x"]}`); len(got) != 1 || !strings.Contains(got[0], `"nextToken":null`) || strings.Count(got[0], `"endpointARN"`) != 6 {
			t.Errorf("quick connects: %q", got)
		}
	})
}

// allCommands are those of the npm packages at 1.0.12.
const allCommands = `
	aws.connect.contact agent/getARN agent/getName agent/getState agent/getRoutingProfile agent/getChannelConcurrency agent/getExtension
	agent/getDialableCountries agent/setAvailabilityState agent/setAvailabilityStateByName agent/setOffline agent/listAvailabilityStates
	agent/listQuickConnects agent/getNetworkConnectionStatus agent/getDefaultOutboundQueue agent/getRoutingProfileQueues
	agent/getAvailabilityState agent/listSecurityProfilePermissions contact/getAttributes contact/getInitialContactId contact/getType
	contact/getStateDuration contact/getQueue contact/getQueueTimestamp contact/getDescription contact/getReferences
	contact/getChannelType contact/addParticipant contact/transfer contact/accept contact/clear contact/reject contact/disconnectSelf
	contact/isAutoAcceptEnabled contact/isPreviewMode contact/getPreviewConfiguration contact/engagePreviewContact
	contact/getContactRegion contact/getInstanceDetails contact/listParticipants contact/getParticipant contact/getParticipantState
	contact/disconnectParticipant contact/getContact contact/listContacts
	aws.connect.voice contact/getPhoneNumber voice/getInitialCustomerPhoneNumber voice/listDialableCountries voice/createOutboundCall
	voice/getOutboundCallPermission voice/conferenceParticipants voice/holdParticipant voice/resumeParticipant voice/holdSelf
	voice/resumeSelf voice/isParticipantOnHold voice/isSelfOnHold voice/canResumeSelf voice/canResumeParticipant
	voice/getVoiceEnhancementMode voice/setVoiceEnhancementMode voice/getVoiceEnhancementPaths
	aws.connect.activity activity/sendActivity constructor`

// Every command is answered at once, and only those that are not supported with
// handlerNotFound. The document has all of them.
func TestSDKCommands(t *testing.T) {
	document, err := os.ReadFile("../docs/STREAMS.md")
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		ana := onTheSDK(t, w)
		namespace, known := "", 0
		for _, command := range strings.Fields(allCommands) {
			if strings.HasPrefix(command, "aws.") {
				namespace = command
				continue
			}
			_, supported := sdk[namespace][command]
			if supported {
				known++
			}
			if name := command[strings.Index(command, "/")+1:]; namespace != "aws.connect.activity" && !strings.Contains(string(document), "`"+name+"`") {
				t.Errorf("docs/STREAMS.md does not mention %s", name)
			}
			heard := ana.commands(namespace, command, "")
			if got := heard[len(heard)-1]; supported == strings.HasPrefix(got, "handlerNotFound: ") {
				t.Errorf("%s: got %q", command, got)
			}
		}
		if all := len(sdk[contactNamespace]) + len(sdk[voiceNamespace]); all != known {
			t.Errorf("%d commands are supported, and %d of them are the SDK's", all, known)
		}
	})
}
