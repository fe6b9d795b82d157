package kill

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"holdfast/softphone"
	"holdfast/test/interop"
)

// A customer is the phone that calls: ours, or one that others wrote.
type customer interface {
	// call calls uri until somebody answers.
	call(ctx context.Context, uri string) error
	heard() *softphone.Recording
	hangUp() error
	// ended is closed when the line has ended; why then says how.
	ended() <-chan struct{}
	why() string
}

// ours is a customer with a phone of ours.
type ours struct {
	*softphone.Phone
	line *softphone.Call
}

// call calls again if there is nobody at the address, as a person would.
func (c *ours) call(ctx context.Context, uri string) (err error) {
	for {
		c.line, err = c.Dial(ctx, uri)
		if refused := new(softphone.Refused); !errors.As(err, &refused) || refused.Status != 0 {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func (c *ours) heard() *softphone.Recording { return c.line.Recording() }
func (c *ours) hangUp() error               { c.line.HangUp(); return nil }
func (c *ours) ended() <-chan struct{}      { return c.line.Ended() }
func (c *ours) why() string                 { return fmt.Sprintf("%s: %v", c.line.EndedBy(), c.line.Err()) }

// foreign is a customer at a baresip.
type foreign struct {
	*interop.Baresip
	over chan struct{}
	last string // what the phone told at the end, once over
}

func startForeign(ctx context.Context, t *testing.T) (*foreign, error) {
	b, err := interop.StartBaresip(ctx, t.TempDir(), "customer", customerTone)
	if err != nil {
		return nil, err
	}
	t.Cleanup(b.Close)
	return &foreign{Baresip: b, over: make(chan struct{})}, nil
}

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

func (c *foreign) heard() *softphone.Recording { return c.Heard() }
func (c *foreign) hangUp() error               { return c.HangUp() }
func (c *foreign) ended() <-chan struct{}      { return c.over }
func (c *foreign) why() string                 { return c.last }
