package holdfasttest

import (
	"context"

	"holdfast"
	"holdfast/journal"
)

// WatchJournal has a server write to what wrap makes of the journal that is
// configured: to watch, to delay, to fail.
func WatchJournal(o *holdfast.Options, wrap func(holdfast.Journal) holdfast.Journal) {
	dir := o.Config.Journal.Dir
	o.OpenJournal = func(ctx context.Context) (holdfast.Journal, error) {
		j, err := journal.Open(ctx, journal.Options{Dir: dir})
		if err != nil {
			return nil, err
		}
		return wrap(j), nil
	}
}

// WatchSIP has a server send through what wrap makes of its SIP transport.
func WatchSIP(o *holdfast.Options, wrap func(holdfast.SIPTransport) holdfast.SIPTransport) {
	o.ListenSIP = func(at holdfast.SIPOptions) (holdfast.SIPTransport, error) {
		s, err := holdfast.ListenSIP(at)
		if err != nil {
			return nil, err
		}
		return wrap(s), nil
	}
}
