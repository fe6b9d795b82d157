package e2e

import (
	"testing"
	"time"

	"holdfast"
	"holdfast/call"
	"holdfast/client"
	"holdfast/softphone"
)

// openHouseOf is a house whose cardiology has another phone.
func openHouseOf(t *testing.T, cardiology *softphone.Phone, change func(*holdfast.Options)) *house {
	t.Helper()
	h := openHouse(t, func(o *holdfast.Options) {
		for i := range o.Config.Endpoints {
			if e := &o.Config.Endpoints[i]; e.Name == "cardiology" {
				e.Address = cardiology.URI()
			}
		}
		if change != nil {
			change(o)
		}
	})
	h.cardiology = cardiology
	return h
}

// infoPhone says and hears keys in its signalling only.
func infoPhone(t *testing.T, user string, tone float64) *softphone.Phone {
	t.Helper()
	p, err := softphone.Start(softphone.Options{User: user, Tone: tone, NoEvents: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

// press has somebody press keys.
func press(t *testing.T, c *softphone.Call, keys string) {
	t.Helper()
	if err := c.SendDigits(keys); err != nil {
		t.Fatal(err)
	}
}

// neverHears checks that a tone is nowhere in what was heard, for longer than the
// click with which another begins or a packet is missed.
func neverHears(t *testing.T, who string, heard *softphone.Recording, tone float64) {
	t.Helper()
	for _, s := range heard.Heard(tone) {
		if len(s.Tones) > 0 && s.To-s.From > 100*time.Millisecond {
			t.Errorf("%s has heard %.0f Hz from %s to %s", who, tone, s.From, s.To)
		}
	}
}

func TestPromptIsAnsweredByPressing1(t *testing.T) {
	for name, phoneOf := range map[string]func(*testing.T, string, float64) *softphone.Phone{
		"in the audio": phone, "by INFO": infoPhone,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := openHouseOf(t, phoneOf(t, "cardiology", cardiologyTone), nil)
			h.talk(t)
			h.asks(t, client.TransferRequest{Target: "cardiology", Confirm: true})
			h.cardiologyCall = rung(t, h.cardiology)
			hears(t, "cardiology", h.cardiologyCall, softphone.ConfirmTone)
			press(t, h.cardiologyCall, "2")
			hearsOnly(t, "the customer", h.customerCall, softphone.HoldTone)
			neverHears(t, "the customer", h.customerCall.Recording(), cardiologyTone)
			neverHears(t, "cardiology", h.cardiologyCall.Recording(), customerTone)
			press(t, h.cardiologyCall, "1")
			h.handedOver(t)
		})
	}
}

// A voicemail answers and talks, and presses nothing.
func TestPromptMeansNothingToAVoicemail(t *testing.T) {
	t.Parallel()
	h := openHouse(t, func(o *holdfast.Options) { o.Config.Rules.AcceptWithin = call.Duration(2 * time.Second) })
	h.talk(t)
	h.asks(t, client.TransferRequest{Target: "cardiology", Confirm: true, Resume: true})
	h.cardiologyCall = rung(t, h.cardiology)
	hears(t, "cardiology", h.cardiologyCall, softphone.ConfirmTone)
	c := h.await(t, func(c call.Contact) bool { return c.Transfer == nil && len(c.Past) == 1 })
	wantAttempts(t, c.Past[0], call.TransferFailed, call.NotAccepted)
	ended(t, h.cardiologyCall)
	hearsOnly(t, "the customer", h.customerCall, anaTone)
	neverHears(t, "the customer", h.customerCall.Recording(), cardiologyTone)
	neverHears(t, "ana", h.anaCall.Recording(), cardiologyTone)
	h.customerCall.HangUp()
	h.over(t)
}

func TestPromptIsHeardBeforeTheCustomer(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	h.talk(t)
	h.asks(t, client.TransferRequest{Target: "cardiology", Whisper: true})
	h.cardiologyCall = rung(t, h.cardiology)
	hears(t, "cardiology", h.cardiologyCall, softphone.WhisperTone)
	neverHears(t, "cardiology", h.cardiologyCall.Recording(), customerTone)
	h.handedOver(t)
}

// Who shall press 1 and knows so need not hear the whisper out.
func TestPromptIsCutShortByPressing1(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	h.talk(t)
	h.asks(t, client.TransferRequest{Target: "cardiology", Whisper: true, Confirm: true})
	h.cardiologyCall = rung(t, h.cardiology)
	hears(t, "cardiology", h.cardiologyCall, softphone.WhisperTone)
	press(t, h.cardiologyCall, "1")
	h.handedOver(t)
	neverHears(t, "cardiology", h.cardiologyCall.Recording(), softphone.ConfirmTone)
}

// In a warm transfer the target who has heard the whisper and pressed 1 talks to
// the agent first.
func TestPromptsAreHeardBeforeAConsultation(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	h.talk(t)
	h.asks(t, client.TransferRequest{Target: "cardiology", Kind: call.Warm, Whisper: true, Confirm: true})
	h.cardiologyCall = rung(t, h.cardiology)
	hears(t, "cardiology", h.cardiologyCall, softphone.WhisperTone)
	hears(t, "cardiology", h.cardiologyCall, softphone.ConfirmTone)
	press(t, h.cardiologyCall, "1")
	h.hearsConsultation(t)
	h.does(t, h.client.Complete)
	h.handedOver(t)
}

// Who hears a prompt while the server goes hears it from the beginning when it
// comes again, and can press 1 then.
func TestPromptBeginsAgainAfterARestart(t *testing.T) {
	t.Parallel()
	h := openHouse(t, nil)
	h.talk(t)
	h.asks(t, client.TransferRequest{Target: "cardiology", Confirm: true})
	h.cardiologyCall = rung(t, h.cardiology)
	hears(t, "cardiology", h.cardiologyCall, softphone.ConfirmTone)
	h.restart(t)
	hears(t, "cardiology", h.cardiologyCall, softphone.ConfirmTone)
	press(t, h.cardiologyCall, "1")
	h.handedOver(t)
}
