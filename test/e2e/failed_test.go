package e2e

import (
	"context"
	"errors"
	"sync"
	"testing"

	"holdfast"
	"holdfast/holdfasttest"
)

// A server whose SIP socket dies says so, so that whoever runs it can start it
// again.
func TestServerWhoseSIPSocketDies(t *testing.T) {
	var failed func(error)
	bed := holdfasttest.Start(t, func(b *holdfasttest.Bed) {
		b.Options.ListenSIP = func(o holdfast.SIPOptions) (holdfast.SIPTransport, error) {
			failed = o.Failed
			return holdfast.ListenSIP(o)
		}
	})
	died := errors.New("receiving SIP over UDP: the socket is gone")
	failed(died)
	failed(errors.New("a second failure does not block"))
	if err := bed.Server.Wait(context.Background()); !errors.Is(err, died) {
		t.Errorf("the server waits with %v, want %v", err, died)
	}
}

// A signal may come while somebody closes the server already.
func TestServerIsClosedTwice(t *testing.T) {
	bed := holdfasttest.Start(t, nil)
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() {
			if err := bed.Server.Close(t.Context()); err != nil {
				t.Errorf("closing the server: %v", err)
			}
		})
	}
	both.Wait()
}
