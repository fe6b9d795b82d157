package directory

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"holdfast/config"
	"holdfast/switchboard"
)

// A cupboard is a Store with a shelf for each kind.
type cupboard map[string]*shelf

func (c cupboard) Put(_ context.Context, kind, name string, data []byte, after uint64) (uint64, error) {
	if c[kind] == nil {
		c[kind] = &shelf{}
	}
	if len(c[kind].kept) > 0 || after != 0 {
		return 0, switchboard.ErrFenced
	}
	c[kind].kept = []switchboard.Item{{Name: name, Data: data, Seq: 1}}
	return 1, nil
}

func (c cupboard) All(_ context.Context, kind string) ([]switchboard.Item, error) {
	if c[kind] == nil {
		return nil, nil
	}
	return c[kind].kept, nil
}

// oldPhones has ten agents whose phones register; those of the first old ones know only MD5.
func oldPhones(t *testing.T, store switchboard.Store, old int) *Directory {
	t.Helper()
	c := config.Config{SIP: config.SIP{Digest: []string{"SHA-256", "MD5"}}}
	for i := range 10 {
		a := config.Agent{Name: fmt.Sprint("Agent ", i), User: fmt.Sprint("20", i), Password: "hush"}
		if i < old {
			a.Digest = []string{"MD5"}
		}
		c.Agents = append(c.Agents, a)
	}
	d := New(c)
	if err := d.KeepPhones(t.Context(), store); err != nil {
		t.Fatal(err)
	}
	return d
}

func TestDigestOfAnAgent(t *testing.T) {
	d := oldPhones(t, cupboard{}, 3)
	for user, want := range map[string][]string{
		"200": {"MD5"}, "agent 2": {"MD5"}, "203": {"SHA-256", "MD5"}, "Agent 9": {"SHA-256", "MD5"},
	} {
		if got := d.Digest(user); !slices.Equal(got, want) {
			t.Errorf("%s is offered %v, want %v", user, got, want)
		}
	}
}

// TestDigestOfAnUnknownUser: unknown users get challenges as agents do, as often, and a
// restart changes none of them.
func TestDigestOfAnUnknownUser(t *testing.T) {
	store := cupboard{}
	d := oldPhones(t, store, 3)
	again := oldPhones(t, store, 3)
	elsewhere := oldPhones(t, cupboard{}, 3)
	old, other := 0, 0
	for i := range 1000 {
		user := fmt.Sprint("stranger", i)
		got := d.Digest(user)
		if len(got) == 1 {
			old++
		}
		if !slices.Equal(got, again.Digest(user)) || !slices.Equal(got, d.Digest("STRANGER"+user[8:])) {
			t.Fatalf("the challenge of %s changes", user)
		}
		if !slices.Equal(got, elsewhere.Digest(user)) {
			other++
		}
	}
	if old < 200 || old > 400 {
		t.Errorf("%d of 1000 unknown users are offered only MD5, want about 300 as of agents", old)
	}
	if other == 0 {
		t.Error("who is offered what does not depend on the key, so anyone can compute it")
	}
}

// TestNoChallengeKey: nothing is written down for challenges that are all the same.
func TestNoChallengeKey(t *testing.T) {
	store := cupboard{}
	d := oldPhones(t, store, 0)
	if len(store) > 0 || len(d.Digest("stranger")) != 2 {
		t.Errorf("it keeps %v, and offers a stranger %v", store, d.Digest("stranger"))
	}
}
