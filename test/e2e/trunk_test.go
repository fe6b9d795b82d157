package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"holdfast"
	"holdfast/call"
	"holdfast/client"
	"holdfast/config"
	"holdfast/sipua"
	"holdfast/softphone"
	"holdfast/switchboard"
)

// phoneAs is a phone of another kind than the others.
func phoneAs(t *testing.T, o softphone.Options) *softphone.Phone {
	t.Helper()
	o.Address = netip.MustParseAddrPort("127.0.0.1:0")
	p, err := softphone.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

// routes notes over what each address was sent to.
type routes struct {
	holdfast.SIPTransport
	mu   sync.Mutex
	over map[netip.AddrPort]string
}

func (r *routes) Send(m sipua.Message) error {
	r.mu.Lock()
	r.over[m.To] += m.Transport.String() + " "
	r.mu.Unlock()
	return r.SIPTransport.Send(m)
}

// TestTransferOverTCP: the customer and the target speak SIP over TCP, ana over
// UDP. Neither connection outlives the server, but the call does.
func TestTransferOverTCP(t *testing.T) {
	t.Parallel()
	customer := phoneAs(t, softphone.Options{User: "customer", Tone: customerTone, Transport: sipua.TCP})
	cardiology := phoneAs(t, softphone.Options{User: "cardiology", Tone: cardiologyTone, Transport: sipua.TCP})
	sent := &routes{over: map[netip.AddrPort]string{}}
	h := openHouse(t, func(o *holdfast.Options) {
		o.Config.SIP.Transports = []sipua.Transport{sipua.TCP}
		o.Config.Endpoints[0].Address = cardiology.URI()
		watchSIP(o, func(s holdfast.SIPTransport) holdfast.SIPTransport {
			sent.SIPTransport = s
			return sent
		})
	})
	h.customer, h.cardiology = customer, cardiology
	h.cardiology.Answering(softphone.Behaviour{After: 200 * time.Millisecond})
	h.talk(t)
	h.transfer(t)
	hears(t, "customer", h.customerCall, cardiologyTone)
	hears(t, "cardiology", h.cardiologyCall, customerTone)
	ended(t, h.anaCall)
	stopped := time.Now()
	h.restart(t)
	down := time.Since(stopped)
	hears(t, "customer", h.customerCall, cardiologyTone)
	if gap := h.customerCall.Recording().LongestGap(); gap > down+2*time.Second {
		t.Errorf("the customer had no audio for %s, and the server was down for %s", gap, down)
	}
	h.customerCall.HangUp()
	c := h.over(t)
	if last := c.Past[0]; last.Outcome != call.Completed {
		t.Errorf("the transfer is %s %s", last.Outcome, last.Reason)
	}
	sent.mu.Lock()
	defer sent.mu.Unlock()
	for to, over := range sent.over {
		want := "tcp"
		if to == h.ana.Address() {
			want = "udp"
		}
		if strings.Trim(strings.ReplaceAll(over, want, ""), " ") != "" {
			t.Errorf("to %s messages went over %s", to, over)
		}
	}
	if sent.over[cardiology.Address()] == "" || sent.over[customer.Address()] == "" {
		t.Errorf("messages went over %v", sent.over)
	}
}

// TestTargetOverTCPIsNotThere: a connection that is refused is told at once.
func TestTargetOverTCPIsNotThere(t *testing.T) {
	h := openHouse(t, func(o *holdfast.Options) {
		o.Config.SIP.Transports = []sipua.Transport{sipua.TCP}
		o.Config.Endpoints[1].Address += ";transport=tcp"
	})
	h.talk(t)
	if _, err := h.client.Transfer(soon(t), h.contact, client.TransferRequest{Target: "nowhere"}); err != nil {
		t.Fatal(err)
	}
	c := h.await(t, func(c call.Contact) bool { return c.Transfer == nil && len(c.Past) == 1 })
	if last := c.Past[0]; last.Reason != call.Unreachable || last.Attempts[0].Detail != "127.0.0.1:9 is unreachable" {
		t.Errorf("the transfer failed: %s, %s", last.Reason, last.Attempts[0].Detail)
	}
	h.customerCall.HangUp()
	h.over(t)
}

const password = "open sesame"

// secretive is a journal that must not hear the password, nor an answer that
// was made with it.
type secretive struct {
	holdfast.Journal
	mu  sync.Mutex
	bad [][]byte
}

func (j *secretive) Append(ctx context.Context, e switchboard.Entry, after uint64) (uint64, error) {
	text, err := json.Marshal(e)
	if err != nil || bytes.Contains(text, []byte(password)) || bytes.Contains(text, []byte("response=")) {
		j.mu.Lock()
		defer j.mu.Unlock()
		j.bad = append(j.bad, text)
	}
	return j.Journal.Append(ctx, e, after)
}

// TestGatewayThatAsksWhoCalls: it finds our first answer stale, takes the
// second, and asks again after a restart.
func TestGatewayThatAsksWhoCalls(t *testing.T) {
	gateway := phoneAs(t, softphone.Options{User: "gateway", Tone: cardiologyTone, Challenge: &softphone.Challenge{
		User: "holdfast", Password: password, Algorithm: "SHA-256", Stale: true,
	}})
	gateway.Answering(softphone.Behaviour{After: 200 * time.Millisecond})
	log, kept := &lockedBuffer{}, &secretive{}
	h := openHouse(t, func(o *holdfast.Options) {
		o.Config.Trunks[0].Gateway.AddrPort = gateway.Address()
		o.Config.Trunks[0].User, o.Config.Trunks[0].Password = "holdfast", config.Secret(password)
		o.Config.Endpoints[0].Address = "+4930123"
		o.Log = slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		watchJournal(o, func(j holdfast.Journal) holdfast.Journal {
			kept.Journal = j
			return kept
		})
	})
	h.cardiology = gateway
	h.talk(t)
	h.transfer(t)
	hears(t, "customer", h.customerCall, cardiologyTone)
	ended(t, h.anaCall)
	h.restart(t) // and a re-INVITE in the next epoch
	hears(t, "customer", h.customerCall, cardiologyTone)
	h.customerCall.HangUp() // and a BYE
	c := h.over(t)
	if last := c.Past[0]; last.Outcome != call.Completed {
		t.Errorf("the transfer is %s %s", last.Outcome, last.Reason)
	}
	for _, entry := range kept.bad {
		t.Errorf("this was written down: %s", entry)
	}
	if strings.Contains(log.String(), password) {
		t.Error("the password was logged")
	}
}

// TestGatewayThatDoesNotKnowUs: a wrong password is a failed attempt.
func TestGatewayThatDoesNotKnowUs(t *testing.T) {
	gateway := phoneAs(t, softphone.Options{User: "gateway", Challenge: &softphone.Challenge{User: "holdfast", Password: password}})
	h := openHouse(t, func(o *holdfast.Options) {
		o.Config.Trunks[0].Gateway.AddrPort = gateway.Address()
		o.Config.Trunks[0].User, o.Config.Trunks[0].Password = "holdfast", "shut sesame"
		o.Config.Endpoints[0].Address = "+4930123"
	})
	h.talk(t)
	if _, err := h.client.Transfer(soon(t), h.contact, client.TransferRequest{Target: "cardiology"}); err != nil {
		t.Fatal(err)
	}
	c := h.await(t, func(c call.Contact) bool { return c.Transfer == nil && len(c.Past) == 1 })
	if last := c.Past[0]; last.Reason != call.LineError || last.Attempts[0].Detail != "401 Who are you" {
		t.Errorf("the transfer failed: %s, %s", last.Reason, last.Attempts[0].Detail)
	}
	h.customerCall.HangUp()
	h.over(t)
}
