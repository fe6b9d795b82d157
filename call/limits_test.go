package call

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// A tried is a contact whose agent goes on transferring the customer to targets who
// cannot be reached.
type tried struct {
	t   *testing.T
	c   Contact
	now time.Time
}

func (x *tried) step(ev Event) error {
	x.now = x.now.Add(time.Second)
	c, _, err := Step(x.c, x.now, ev)
	x.c = c
	return err
}

func (x *tried) fact(ev Event) {
	x.t.Helper()
	if err := x.step(ev); err != nil {
		x.t.Fatal(err)
	}
}

// transfer transfers the customer to n targets that cannot be reached.
func (x *tried) transfer(targets int) error {
	ev := TransferRequested{By: 2, Kind: Cold, Target: target(0)}
	for i := 1; i < targets; i++ {
		ev.Others = append(ev.Others, target(i))
	}
	if err := x.step(ev); err != nil {
		return err
	}
	for x.c.Transfer != nil {
		x.fact(Failed{Connection: x.c.LastConnection, Reason: Unreachable, Detail: "503 " + strings.Repeat("é", 40_000)})
	}
	return nil
}

func target(i int) Endpoint {
	return Endpoint{Kind: URI, Address: fmt.Sprintf("sip:target%d@192.0.2.1", i)}
}

func talking(t *testing.T) *tried {
	x := &tried{t: t, now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), c: Contact{ID: "c"}}
	x.fact(Arrived{Customer: Endpoint{Kind: PhoneNumber, Address: "+4930123"}, Agent: Endpoint{Kind: AgentEndpoint, Address: "ana"}})
	x.fact(Answered{Connection: 2})
	return x
}

// What a contact has behind it is bounded, and then refused with a sentence; the
// customer stays with the agent.
func TestTransfersAreBounded(t *testing.T) {
	for _, test := range []struct {
		targets, transfers int
		code               Code
		text               string
	}{
		{20, 10, TooManyAttempts, "200 targets have been tried for this customer, and no more than 200 can be"},
		{15, 13, TooManyAttempts, "195 targets have been tried for this customer, and no more than 200 can be"},
		{1, 50, TooManyTransfers, "there have been 50 transfers of this customer, and there can be no more"},
	} {
		x := talking(t)
		for i := range test.transfers {
			if err := x.transfer(test.targets); err != nil {
				t.Fatalf("transfer %d: %v", i, err)
			}
		}
		var refusal *Refusal
		if err := x.transfer(test.targets); !errors.As(err, &refusal) || refusal.Code != test.code || refusal.Text != test.text {
			t.Errorf("after %d transfers to %d: %v", test.transfers, test.targets, err)
		}
		if x.c.Stage != Talking || len(x.c.Past) != test.transfers {
			t.Errorf("the contact is %s after %d transfers", x.c.Stage, len(x.c.Past))
		}
		for _, transfer := range x.c.Past {
			for _, a := range transfer.Attempts {
				if len(a.Detail) > detailMost+len("…") || !strings.HasPrefix(a.Detail, "503 éé") || !strings.HasSuffix(a.Detail, "é…") {
					t.Fatalf("the detail of an attempt is %q", a.Detail)
				}
			}
		}
		x.fact(HungUp{Connection: 1})
	}
}
