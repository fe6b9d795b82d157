package holdfast

import (
	"context"
	"fmt"
	"testing"
	"time"

	"holdfast/api"
	"holdfast/config"
	"holdfast/directory"
	"holdfast/sipleg"
	"holdfast/sipua"
)

// TestPhonesFollow: who follows gets each change, and who reads none is cut off.
func TestPhonesFollow(t *testing.T) {
	p := newPhones(config.Config{}, directory.New(config.Config{}))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	events, slow := p.Follow(ctx), p.Follow(ctx)
	p.changed(sipleg.PhoneChange{Account: "ben", Places: 1, Binding: sipua.Binding{Address: "sip:b@192.0.2.7"}})
	p.changed(sipleg.PhoneChange{Account: "ben", Lost: sipua.Expired, At: time.Unix(1, 0)})
	var got []api.PhoneEvent
	for e := range events {
		if got = append(got, e); len(got) == 2 {
			break
		}
	}
	if got[0].Registered.Address != "sip:b@192.0.2.7" || got[0].Lost != nil || got[0].Registrations != 1 {
		t.Errorf("first came %+v", got[0])
	}
	if got[1].Registered != nil || got[1].Lost.Reason != "expired" || !got[1].Lost.At.Equal(time.Unix(1, 0)) {
		t.Errorf("then came %+v", got[1])
	}
	for range slowPhoneReader {
		p.changed(sipleg.PhoneChange{Account: "ben"})
	}
	n := 0
	for range slow { // ends by itself
		n++
	}
	if n != slowPhoneReader || len(p.readers) != 0 {
		t.Errorf("the slow reader got %d events, and %d readers are left", n, len(p.readers))
	}
}

func TestPhoneKinds(t *testing.T) {
	c := config.Config{Agents: []config.Agent{{Name: "ana", Address: "sip:ana@192.0.2.7"}, {Name: "ben", User: "200"}, {Name: "cem"}}}
	p := newPhones(c, directory.New(c))
	for agent, want := range map[string]api.Phone{
		"ana": {Kind: api.Fixed, Address: "sip:ana@192.0.2.7"},
		"ben": {Kind: api.Registers},
		"cem": {Kind: api.Browser},
	} {
		if got := p.Phone(agent); fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) {
			t.Errorf("%s has %+v, want %+v", agent, got, want)
		}
	}
}
