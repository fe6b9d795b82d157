package kill

import (
	"context"
	"fmt"

	"holdfast/holdfasttest"
	"holdfast/test/interop"
)

// A foreign is a customer at a baresip.
type foreign struct {
	*interop.Baresip
	over chan struct{} // closed when the line has ended
	last string        // what the phone told at the end, once over
}

// foreignTone is what a baresip says, in Hz.
const foreignTone = 440

func startForeign(t holdfasttest.T) *foreign {
	t.Helper()
	b, err := interop.StartBaresip(t.Context(), t.TempDir(), "customer", foreignTone)
	if err != nil {
		t.Fatalf("%v", err)
	}
	t.Cleanup(b.Close)
	return &foreign{Baresip: b, over: make(chan struct{})}
}

// call calls uri until somebody answers.
func (c *foreign) call(ctx context.Context, uri string) error {
	if err := c.Dial(uri); err != nil {
		return err
	}
	if _, err := c.Await(ctx, interop.Established); err != nil {
		return err
	}
	go func() { // ends with the call, or with the phone
		defer close(c.over)
		e, err := c.Await(context.WithoutCancel(ctx), interop.Closed)
		c.last = fmt.Sprintf("%s (%v)", e.Param, err)
	}()
	return nil
}

// goodbye hangs up, unless the line has ended.
func (c *foreign) goodbye() error {
	select {
	case <-c.over:
		return fmt.Errorf("the customer's line was ended by %s", c.last)
	default:
		return c.HangUp()
	}
}
