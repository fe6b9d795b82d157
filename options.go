package holdfast

import (
	"context"
	"log/slog"
	"net/netip"
	"os"
	"strings"

	"holdfast/call"
	"holdfast/config"
	"holdfast/journal"
	"holdfast/media"
	"holdfast/siptransport"
	"holdfast/sipua"
	"holdfast/switchboard"
)

// Options configure a Server. The zero value with a Config is enough.
type Options struct {
	// Config comes from config.Default, Load or Parse. Without an API address
	// the server has no HTTP interface.
	Config config.Config
	// Node names this process in the journal: contacts that a process of the
	// same name left behind are its own. Empty: the host's name.
	Node string
	// Log is where the server logs; nil: slog.Default().
	Log *slog.Logger

	// OpenJournal opens the journal, which Close closes; nil: the embedded one
	// in Config.Journal.Dir.
	OpenJournal func(context.Context) (Journal, error)
	// ListenSIP opens the transport of SIP messages; nil: UDP, and TCP where
	// Config.SIP has it.
	ListenSIP func(SIPOptions) (SIPTransport, error)
}

// A Journal keeps contacts, agents, queues and registrations.
type Journal interface {
	switchboard.Journal
	switchboard.Store
	// Damage returns the entries that the journal has lost or found again since
	// they were written, with their place, a line each. The journal logs them
	// itself.
	Damage() []string
	// Stop ends all writing and reading, but keeps other processes out until
	// Close: a server that waits for the journal finds its ports free.
	Stop()
	Close() error
}

// A SIPTransport carries SIP messages.
type SIPTransport interface {
	// Send sends one message, and does not wait for the far end.
	Send(sipua.Message) error
	// Address is where it listens.
	Address() netip.AddrPort
	// Close stops it. When it returns, no message is delivered any more.
	Close() error
}

// SIPOptions are the address of a SIPTransport and the receiver of its
// messages.
type SIPOptions = siptransport.Options

// ListenSIP opens the SIP transport of a server whose Options name none.
func ListenSIP(o SIPOptions) (SIPTransport, error) {
	t, err := siptransport.Listen(o)
	if err != nil {
		return nil, err
	}
	return t, nil
}

// openJournal opens the journal of a server whose Options name none.
func (o Options) openJournal(ctx context.Context) (Journal, error) {
	j, err := journal.Open(ctx, journal.Options{Dir: o.Config.Journal.Dir, Owner: o.Node, Log: o.Log})
	if err != nil {
		return nil, err
	}
	return j, nil
}

// filled is the options with a value for everything that was left out.
func (o Options) filled() Options {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Node == "" {
		o.Node = hostName()
	}
	if o.OpenJournal == nil {
		o.OpenJournal = o.openJournal
	}
	if o.ListenSIP == nil {
		o.ListenSIP = ListenSIP
	}
	return o
}

// hostName is the host's name as a journal takes it: dots separate subjects.
func hostName() string {
	name, err := os.Hostname()
	if err != nil {
		return "holdfast"
	}
	return strings.ReplaceAll(name, ".", "-")
}

// rooms is the media engine as the switchboard wants it.
type rooms struct{ *media.Engine }

// Room implements switchboard.Rooms.
func (r rooms) Room(id call.ContactID) switchboard.Room { return r.Engine.Room(id) }
