package e2e

import (
	"testing"
	"time"

	"holdfast/call"
	"holdfast/client"
	"holdfast/holdfasttest"
	"holdfast/softphone"
)

// inTheAudioOrByInfo are phones by how they say and hear keys: whether they do so
// in their signalling only.
var inTheAudioOrByInfo = map[string]bool{"in the audio": false, "by INFO": true}

// withCardiology has cardiology at another phone.
func withCardiology(o softphone.Options) func(*holdfasttest.Bed) {
	return func(b *holdfasttest.Bed) { b.Add("cardiology", o) }
}

// presses has cardiology press keys.
func (h *house) presses(keys string) {
	h.t.Helper()
	must(h.t, h.Call("cardiology").SendDigits(keys))
}

func TestPromptIsAnsweredByPressing1(t *testing.T) {
	for name, noEvents := range inTheAudioOrByInfo {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := open(t, withCardiology(softphone.Options{NoEvents: noEvents}))
			h.Talk()
			h.Transfer(client.TransferRequest{Target: "cardiology", Confirm: true})
			h.Rung("cardiology")
			h.Hears("cardiology", "prompt")
			h.presses("2")
			h.HearsOnly("customer", "hold audio")
			h.NeverHears("customer", "cardiology")
			h.NeverHears("cardiology", "customer")
			h.presses("1")
			h.handedOver()
		})
	}
}

// A voicemail answers and talks, and presses nothing.
func TestPromptMeansNothingToAVoicemail(t *testing.T) {
	t.Parallel()
	h := open(t, func(b *holdfasttest.Bed) { b.Options.Config.Rules.AcceptWithin = call.Duration(2 * time.Second) })
	h.Talk()
	h.Transfer(client.TransferRequest{Target: "cardiology", Confirm: true, Resume: true})
	h.Rung("cardiology")
	h.Hears("cardiology", "prompt")
	c := h.Settled()
	wantAttempts(t, c.Past[0], call.TransferFailed, call.NotAccepted)
	h.Ended("cardiology")
	h.HearsOnly("customer", "ana")
	h.NeverHears("customer", "cardiology")
	h.NeverHears("ana", "cardiology")
	h.goodbye()
}

func TestPromptIsHeardBeforeTheCustomer(t *testing.T) {
	t.Parallel()
	h := open(t, nil)
	h.Talk()
	h.Transfer(client.TransferRequest{Target: "cardiology", Whisper: true})
	h.Rung("cardiology")
	h.Hears("cardiology", "whisper")
	h.NeverHears("cardiology", "customer")
	h.handedOver()
}

// Who shall press 1 and knows so need not hear the whisper out.
func TestPromptIsCutShortByPressing1(t *testing.T) {
	t.Parallel()
	h := open(t, nil)
	h.Talk()
	h.Transfer(client.TransferRequest{Target: "cardiology", Whisper: true, Confirm: true})
	h.Rung("cardiology")
	h.Hears("cardiology", "whisper")
	h.presses("1")
	h.handedOver()
	h.NeverHears("cardiology", "prompt")
}

// In a warm transfer the target who has heard the whisper and pressed 1 talks to
// the agent first.
func TestPromptsAreHeardBeforeAConsultation(t *testing.T) {
	t.Parallel()
	h := open(t, nil)
	h.Talk()
	h.Transfer(client.TransferRequest{Target: "cardiology", Kind: call.Warm, Whisper: true, Confirm: true})
	h.Rung("cardiology")
	h.Hears("cardiology", "whisper")
	h.Hears("cardiology", "prompt")
	h.presses("1")
	h.hearsConsultation()
	h.Do(h.Client.Complete)
	h.handedOver()
}

// Who hears a prompt while the server goes hears it from the beginning when it
// comes again, and can press 1 then.
func TestPromptBeginsAgainAfterARestart(t *testing.T) {
	t.Parallel()
	h := open(t, nil)
	h.Talk()
	h.Transfer(client.TransferRequest{Target: "cardiology", Confirm: true})
	h.Rung("cardiology")
	h.Hears("cardiology", "prompt")
	h.Restart()
	h.Hears("cardiology", "prompt")
	h.presses("1")
	h.handedOver()
}
