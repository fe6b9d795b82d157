package softphone

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/emiago/sipgo/sip"

	"holdfast/sipua"
)

// maxNotified is how many unread statuses of a transfer are kept; further ones are lost.
const maxNotified = 64

// A transfer is a REFER that this phone has sent in a call.
type transfer struct {
	answered chan error // the final response, or nil once a NOTIFY has come
	notified chan int
}

// Refer asks the peer to connect its party with uri in our place (REFER, RFC 3515) and
// waits for the answer; a refusal is a *Refused. The channel gets the status of each
// NOTIFY, such as 100, 180 and 200, and is closed after the last one, or when the dialog
// is gone. The call may be hung up before that.
func (c *Call) Refer(ctx context.Context, uri string) (<-chan int, error) {
	var to sip.Uri
	if err := sip.ParseUri(uri, &to); err != nil {
		return nil, fmt.Errorf("transferring %s to %q: %w", c.peer, uri, err)
	}
	return c.refer(ctx, to, nil)
}

// ReferReplacing asks the peer to connect its party with that of other, a call of the same
// phone that may still ring: an attended transfer (RFC 5589). See Refer.
func (c *Call) ReferReplacing(ctx context.Context, other *Call) (<-chan int, error) {
	var to sip.Uri
	if err := sip.ParseUri(other.peer, &to); err != nil {
		return nil, fmt.Errorf("transferring %s to %q: %w", c.peer, other.peer, err)
	}
	return c.refer(ctx, to, other)
}

func (c *Call) refer(ctx context.Context, to sip.Uri, other *Call) (<-chan int, error) {
	t := &transfer{answered: make(chan error, 1), notified: make(chan int, maxNotified)}
	send := func() {
		var replaces *sipua.Replaces
		if other != nil {
			named := other.dialog.Named()
			if replaces = &named; named.ToTag == "" {
				t.answered <- errors.New("the call to the target does not ring yet")
				return
			}
		}
		id, step := c.dialog.Refer(time.Now(), to, replaces)
		if id == 0 {
			t.answered <- errors.New("the call is over, or has not been answered")
			return
		}
		c.transfers[id] = t
		c.apply(step)
	}
	err := ErrClosed
	if c.phone.do(send) {
		select {
		case err = <-t.answered:
		case <-c.phone.closed:
		case <-ctx.Done():
			err = context.Cause(ctx)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("transferring %s to %s: %w", c.peer, to.String(), err)
	}
	return t.notified, nil
}

func (c *Call) referralAnswered(e sipua.ReferralAnswered) {
	t := c.transfers[e.ID]
	if t == nil {
		return
	}
	if e.Status >= 200 && e.Status < 300 {
		t.answer(nil)
		return
	}
	delete(c.transfers, e.ID)
	t.answer(&Refused{Status: e.Status, Text: e.Text})
}

// answer notes the answer to the REFER. The first counts: a NOTIFY, which accepts it, may
// come before the 202 (RFC 6665 §4.1.2.4).
func (t *transfer) answer(err error) {
	select {
	case t.answered <- err:
	default:
	}
}

func (c *Call) notified(e sipua.Notified) {
	t := c.transfers[e.ID]
	if t == nil {
		return
	}
	t.answer(nil)
	select {
	case t.notified <- e.Status:
	default:
	}
	if e.Over {
		delete(c.transfers, e.ID)
		close(t.notified)
	}
}

// endTransfers closes the channels of transfers for which no NOTIFY can come any more.
func (c *Call) endTransfers() {
	for id, t := range c.transfers {
		delete(c.transfers, id)
		close(t.notified)
	}
}
