package holdfasttest

import (
	"context"

	"holdfast"
	"holdfast/journal"
)

// WatchJournal makes a server use the journal that wrap returns, which may
// watch, delay or fail the calls to the configured journal.
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

// WatchSIP makes a server use the SIP transport that wrap returns, as
// WatchJournal does with the journal.
func WatchSIP(o *holdfast.Options, wrap func(holdfast.SIPTransport) holdfast.SIPTransport) {
	o.ListenSIP = func(at holdfast.SIPOptions) (holdfast.SIPTransport, error) {
		s, err := holdfast.ListenSIP(at)
		if err != nil {
			return nil, err
		}
		return wrap(s), nil
	}
}
