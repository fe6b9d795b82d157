package journal

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"holdfast/switchboard"
)

// Options configure where the journal is kept. Either Dir or URL is set, not both.
type Options struct {
	// Dir keeps the journal in this directory, by a server inside this
	// process that listens nowhere. One process at a time can have it open.
	Dir string
	// URL keeps the journal in a JetStream cluster outside, such as
	// nats://a:4222,nats://b:4222. Its servers must have sync_interval: always, or a
	// power cut can lose acknowledged entries.
	URL string
	// Owner is the name of this node, by which the cluster's monitoring
	// knows it.
	Owner string
	// Replicas is on how many servers of a cluster each entry is kept; zero
	// means one. It applies to streams that do not exist yet.
	Replicas int
	// KeepArchive is how long a contact is kept after it was archived; zero
	// means 30 days.
	KeepArchive time.Duration
	// SyncInterval, in Dir, is how much may be lost in a power cut (never in
	// a crash of the process). Zero means nothing: every entry is on the
	// disk before Append returns.
	SyncInterval time.Duration
	// Log receives what an operator should know; nil means slog.Default.
	Log *slog.Logger
}

// A Journal is a [switchboard.Journal] in NATS JetStream.
type Journal struct {
	log      *slog.Logger
	keep     time.Duration
	replicas int

	hold     *hold     // nil with a cluster
	copies   *copies   // nil with a cluster
	embedded *embedded // of CONTACTS and ROUTING; nil with a cluster
	conn     *nats.Conn
	js       jetstream.JetStream
	pub      publisher

	contacts, routing jetstream.Stream
	past              *archiveStream

	marking chan struct{} // holds a value while ARCHIVE is being marked
	bases   bases         // the whole entries that the next ones build on
	highest atomic.Uint64 // sequence in CONTACTS known to this process
	closing sync.Once
	closed  chan struct{}
}

// publisher is the part of JetStream that Append needs.
type publisher interface {
	PublishMsg(ctx context.Context, m *nats.Msg, opts ...jetstream.PublishOpt) (*jetstream.PubAck, error)
}

var _ switchboard.Journal = (*Journal)(nil)

// Open opens the journal, making it if it does not exist. Every entry that was
// ever acknowledged is there. An error that MayPass is about a disk that does not take
// the journal now. ARCHIVE in a directory is read afterwards: see AwaitArchive.
func Open(ctx context.Context, o Options) (*Journal, error) {
	if (o.Dir == "") == (o.URL == "") {
		return nil, errors.New("a journal needs either a directory or the address of a cluster")
	}
	j := &Journal{
		log: o.Log, keep: o.KeepArchive, replicas: max(o.Replicas, 1),
		marking: make(chan struct{}, 1), closed: make(chan struct{}),
	}
	if j.log == nil {
		j.log = slog.Default()
	}
	if j.keep == 0 {
		j.keep = 30 * 24 * time.Hour
	}
	if err := j.open(ctx, o); err != nil {
		if err = errors.Join(err, j.Close()); !MayPass(err) && !errors.Is(err, errInUse) && o.Dir != "" {
			err = errors.Join(err, failing(o.Dir))
		}
		return nil, err
	}
	return j, nil
}

func (j *Journal) open(ctx context.Context, o Options) (err error) {
	where := nats.Option(nil)
	if o.Dir != "" {
		if j.hold, err = take(ctx, o.Dir, j.log); err != nil {
			return err
		}
		if err = j.startEmbedded(ctx, o.SyncInterval); err != nil {
			return fmt.Errorf("starting the journal in %s: %w", o.Dir, err)
		}
		where = nats.InProcessServer(j.embedded)
	}
	if j.conn, j.js, err = j.connect(o.URL, o.Owner, where); err != nil {
		return err
	}
	j.pub = j.js
	if j.hold == nil {
		if err := j.openArchiveOf(ctx); err != nil {
			return err
		}
	}
	if err := j.openStreams(ctx); err != nil {
		return err
	}
	if j.hold != nil {
		j.beginArchive(o)
	}
	return nil
}

// startEmbedded starts the server that keeps CONTACTS and ROUTING.
func (j *Journal) startEmbedded(ctx context.Context, syncInterval time.Duration) error {
	j.copies = &copies{dir: j.hold.dir, log: j.log}
	j.embedded = newEmbedded(j.hold, "", syncInterval, j.log)
	j.embedded.streams = []string{"CONTACTS", "ROUTING"}
	j.embedded.repair = func(ctx context.Context) (*survey, error) {
		found, err := repair(ctx, j.copies)
		if err == nil {
			j.saw(found.contacts.used)
		}
		return found, err
	}
	return j.embedded.begin(ctx)
}

// connect connects to a server.
func (j *Journal) connect(url, owner string, where nats.Option) (*nats.Conn, jetstream.JetStream, error) {
	conn, err := nats.Connect(url, append(j.connection(owner), where)...)
	if err != nil {
		return nil, nil, fmt.Errorf("connecting to the journal at %s: %w", cmp.Or(withoutPasswords(url), "its directory"), err)
	}
	js, err := jetstream.New(conn)
	if err != nil {
		conn.Close()
		return nil, nil, fmt.Errorf("using the journal: %w", err)
	}
	return conn, js, nil
}

// Exclusive implements [switchboard.Journal]: a directory is locked, a cluster is
// open to others.
func (j *Journal) Exclusive() bool { return j.hold != nil }

// Damage returns the damage found when the journal was opened, with its place, a line
// each: the entries lost, and those found again. ARCHIVE is read later: see AwaitArchive.
// Of a cluster it knows nothing.
func (j *Journal) Damage() []string {
	if j.embedded == nil {
		return nil
	}
	damage, _ := j.embedded.reported()
	return append(damage, j.past.damage()...)
}

func (j *Journal) connection(owner string) []nats.Option {
	return []nats.Option{
		nats.Name("holdfast " + owner),
		nats.MaxReconnects(-1),
		nats.ReconnectWait(100 * time.Millisecond),
		// Without a connection a write must fail now: buffered, it would land when its
		// caller has given it up.
		nats.ReconnectBufSize(-1),
		nats.NoCallbacksAfterClientClose(),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			j.log.Error("the connection to the journal is lost", "error", err)
		}),
		nats.ReconnectHandler(func(c *nats.Conn) {
			j.log.Info("the journal is connected again", "server", c.ConnectedUrlRedacted())
		}),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			j.log.Error("the journal's connection reports", "error", err)
		}),
	}
}

func withoutPasswords(urls string) string {
	var shown []string
	for one := range strings.SplitSeq(urls, ",") {
		u, err := url.Parse(one)
		if err != nil {
			u = &url.URL{Host: "?"}
		}
		shown = append(shown, u.Redacted())
	}
	return strings.Join(shown, ",")
}

// Stop ends every Follow, and nothing is written any more. The directory is still
// locked.
func (j *Journal) Stop() {
	j.closing.Do(func() {
		close(j.closed)
		j.past.close()
		if j.conn != nil {
			j.conn.Close()
		}
		if j.embedded != nil {
			j.embedded.close()
		}
	})
}

// Close stops the journal and unlocks its directory. Acknowledged entries stay.
func (j *Journal) Close() error {
	j.Stop()
	if j.hold == nil {
		return nil
	}
	return j.hold.close()
}
