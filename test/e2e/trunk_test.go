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
	"holdfast/holdfasttest"
	"holdfast/sipua"
	"holdfast/softphone"
	"holdfast/switchboard"
)

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
	sent := &routes{over: map[netip.AddrPort]string{}}
	h := open(t, func(b *holdfasttest.Bed) {
		b.Options.Config.SIP.Transports = []sipua.Transport{sipua.TCP}
		b.Add("customer", softphone.Options{Transport: sipua.TCP})
		b.Add("cardiology", softphone.Options{Transport: sipua.TCP})
		holdfasttest.WatchSIP(&b.Options, func(s holdfast.SIPTransport) holdfast.SIPTransport {
			sent.SIPTransport = s
			return sent
		})
	})
	h.Phone("cardiology").Answering(softphone.Behaviour{After: 200 * time.Millisecond})
	h.Talk()
	h.transfer()
	h.Hears("customer", "cardiology")
	h.Hears("cardiology", "customer")
	h.Ended("ana")
	stopped := time.Now()
	h.Restart()
	down := time.Since(stopped)
	h.Hears("customer", "cardiology")
	if gap := h.Heard("customer").LongestGap(); gap > down+2*time.Second {
		t.Errorf("the customer had no audio for %s, and the server was down for %s", gap, down)
	}
	h.leaves()
	h.completed()
	sent.mu.Lock()
	defer sent.mu.Unlock()
	for to, over := range sent.over {
		want := "tcp"
		if to == h.Phone("ana").Address() {
			want = "udp"
		}
		if strings.Trim(strings.ReplaceAll(over, want, ""), " ") != "" {
			t.Errorf("to %s messages went over %s", to, over)
		}
	}
	if sent.over[h.Phone("cardiology").Address()] == "" || sent.over[h.Phone("customer").Address()] == "" {
		t.Errorf("messages went over %v", sent.over)
	}
}

// TestTargetOverTCPIsNotThere: a connection that is refused is told at once.
func TestTargetOverTCPIsNotThere(t *testing.T) {
	h := open(t, func(b *holdfasttest.Bed) {
		b.Options.Config.SIP.Transports = []sipua.Transport{sipua.TCP}
		b.Options.Config.Endpoints[2].Address += ";transport=tcp"
	})
	h.Talk()
	h.Transfer(client.TransferRequest{Target: "nowhere"})
	c := h.Settled()
	if last := c.Past[0]; last.Reason != call.Unreachable || last.Attempts[0].Detail != "127.0.0.1:9 is unreachable" {
		t.Errorf("the transfer failed: %s, %s", last.Reason, last.Attempts[0].Detail)
	}
	h.goodbye()
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

// behindGateway has cardiology be a number, and its phone the gateway that wants
// to know who calls; we answer with that password.
func behindGateway(b *holdfasttest.Bed, challenge softphone.Challenge, ours config.Secret) {
	challenge.User, challenge.Password = "holdfast", password
	trunk := &b.Options.Config.Trunks[0]
	trunk.Gateway.AddrPort = b.Add("cardiology", softphone.Options{Challenge: &challenge}).Address()
	trunk.User, trunk.Password = challenge.User, ours
	b.Options.Config.Endpoints[0].Address = "+4930123"
}

// TestGatewayThatAsksWhoCalls: it finds our first answer stale, takes the
// second, and asks again after a restart.
func TestGatewayThatAsksWhoCalls(t *testing.T) {
	log, kept := &lockedBuffer{}, &secretive{}
	h := open(t, func(b *holdfasttest.Bed) {
		behindGateway(b, softphone.Challenge{Algorithm: "SHA-256", Stale: true}, password)
		b.Phone("cardiology").Answering(softphone.Behaviour{After: 200 * time.Millisecond})
		b.Options.Log = slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		holdfasttest.WatchJournal(&b.Options, func(j holdfast.Journal) holdfast.Journal {
			kept.Journal = j
			return kept
		})
	})
	h.Talk()
	h.transfer()
	h.Hears("customer", "cardiology")
	h.Ended("ana")
	h.Restart() // and a re-INVITE in the next epoch
	h.Hears("customer", "cardiology")
	h.leaves() // and a BYE
	h.completed()
	for _, entry := range kept.bad {
		t.Errorf("this was written down: %s", entry)
	}
	if strings.Contains(log.String(), password) {
		t.Error("the password was logged")
	}
}

// TestGatewayThatDoesNotKnowUs: a wrong password is a failed attempt.
func TestGatewayThatDoesNotKnowUs(t *testing.T) {
	h := open(t, func(b *holdfasttest.Bed) {
		behindGateway(b, softphone.Challenge{}, "shut sesame")
	})
	h.Talk()
	h.Transfer(client.TransferRequest{Target: "cardiology"})
	c := h.Settled()
	if last := c.Past[0]; last.Reason != call.LineError || last.Attempts[0].Detail != "401 Who are you" {
		t.Errorf("the transfer failed: %s, %s", last.Reason, last.Attempts[0].Detail)
	}
	h.goodbye()
}
