package journal

import (
	"context"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"holdfast/switchboard"
)

// archiveDir is where ARCHIVE is kept in the journal's directory.
const archiveDir = "archive"

var errArchiveIsRead = fmt.Errorf("%w: the archive is still being read", switchboard.ErrUnavailable)

// An archiveStream is ARCHIVE. In a directory it has a server of its own, which is
// started when the blocks of ARCHIVE have been read and repaired: that takes as long as
// ARCHIVE is large, and a start does not wait for it.
type archiveStream struct {
	embedded *embedded // nil with a cluster
	quit     context.CancelFunc
	done     chan struct{}         // closed when nothing is opened any more
	failing  atomic.Pointer[error] // why ARCHIVE is not open yet

	survived atomic.Uint64 // failures of the server after which the stream was there

	opened chan struct{} // closed when these are set
	conn   *nats.Conn
	js     jetstream.JetStream
	pub    publisher
	stream jetstream.Stream
}

// archive returns ARCHIVE. It waits for it for a while, also when its server is replaced.
func (j *Journal) archive(ctx context.Context) (jetstream.Stream, error) {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	if err := j.AwaitArchive(ctx); err != nil {
		return nil, err
	}
	for e := j.past.embedded; e != nil && e.why() != nil; {
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("opening the archive again: %w", e.why())
		case <-j.closed:
			return nil, errClosed
		case <-time.After(retryAfter):
		}
	}
	return j.past.stream, j.past.made(ctx, j)
}

// made makes the stream if the server was replaced, which may have been because the
// directory was gone.
func (a *archiveStream) made(ctx context.Context, j *Journal) error {
	if a.embedded == nil {
		return nil
	}
	failures := a.embedded.failures.Load()
	if a.survived.Load() == failures {
		return nil
	}
	if _, err := j.archiveIn(ctx, a.js); err != nil {
		return fmt.Errorf("opening stream ARCHIVE again: %w", err)
	}
	a.survived.Store(failures)
	return nil
}

// lost reports that the directory is gone. Then both servers are replaced.
func (j *Journal) lost() bool {
	if j.embedded == nil || !j.embedded.lost() {
		return false
	}
	if j.past.embedded != nil && isClosed(j.past.opened) {
		j.past.embedded.lost()
	}
	return true
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// AwaitArchive returns when all of the journal has been read, and Damage includes the
// damage found in ARCHIVE. Until then contacts cannot be archived, and the history of
// those that are archived cannot be read.
func (j *Journal) AwaitArchive(ctx context.Context) error {
	select {
	case <-j.past.opened:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%w: %w", errArchiveIsRead, ctx.Err())
	case <-j.closed:
		return errClosed
	}
}

// openArchiveOf opens ARCHIVE in a cluster.
func (j *Journal) openArchiveOf(ctx context.Context) (err error) {
	a := &archiveStream{opened: make(chan struct{}), js: j.js, pub: j.js}
	if a.stream, err = j.archiveIn(ctx, a.js); err != nil {
		return fmt.Errorf("opening stream ARCHIVE: %w", err)
	}
	j.past = a
	close(a.opened)
	return nil
}

// beginArchive has ARCHIVE read and opened in the directory.
func (j *Journal) beginArchive(o Options) {
	ctx, quit := context.WithCancel(context.Background())
	a := &archiveStream{quit: quit, opened: make(chan struct{}), done: make(chan struct{})}
	a.embedded = newEmbedded(j.hold, archiveDir, o.SyncInterval, j.log)
	a.embedded.streams = []string{"ARCHIVE"}
	a.embedded.repair = func(ctx context.Context) (*survey, error) { return repairArchive(ctx, j.hold.dir) }
	j.past = a
	go func() { // ends with Stop
		defer close(a.done)
		j.openArchive(ctx, o.Owner)
	}()
}

// openArchive opens ARCHIVE, as often as it takes, until ctx ends. An error is logged
// when it is another one than before.
func (j *Journal) openArchive(ctx context.Context, owner string) {
	began, said := time.Now(), ""
	for {
		err := j.past.open(ctx, j, owner)
		if err == nil {
			break
		}
		if ctx.Err() != nil {
			return
		}
		j.past.failing.Store(&err)
		if err.Error() != said {
			said = err.Error()
			j.log.Error("the archive is not opened; contacts that end are kept among the living", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(mendAfter):
		}
	}
	if err := j.markArchive(ctx); err != nil && ctx.Err() == nil { // the next contact that is archived does it
		j.log.Warn("the archive is not marked", "error", err)
	}
	j.past.failing.Store(nil)
	damage, _ := j.past.embedded.reported()
	j.log.Info("the archive is read", "damage", len(damage), "took", time.Since(began))
	close(j.past.opened)
}

func (a *archiveStream) open(ctx context.Context, j *Journal, owner string) (err error) {
	if a.embedded.quit == nil {
		if err := a.embedded.begin(ctx); err != nil {
			return fmt.Errorf("opening stream ARCHIVE: %w", err)
		}
	}
	if a.conn == nil {
		if a.conn, a.js, err = j.connect("", owner, nats.InProcessServer(a.embedded)); err != nil {
			return err
		}
		a.pub = a.js
	}
	if a.stream, err = j.archiveIn(ctx, a.js); err != nil {
		return fmt.Errorf("opening stream ARCHIVE: %w", err)
	}
	return nil
}

// damage returns the damage found in ARCHIVE, or why it is not open.
func (a *archiveStream) damage() []string {
	if a == nil || a.embedded == nil {
		return nil
	}
	damage, _ := a.embedded.reported()
	if err := a.failing.Load(); err != nil {
		damage = append(damage, (*err).Error())
	}
	return damage
}

// close closes ARCHIVE, also if it is being opened.
func (a *archiveStream) close() {
	if a == nil || a.embedded == nil {
		return
	}
	a.quit()
	<-a.done
	if a.conn != nil {
		a.conn.Close()
	}
	a.embedded.close()
}

// storeDir is where the server that keeps a stream has its directory.
func storeDir(dir, stream string) string {
	if stream == "ARCHIVE" {
		dir = filepath.Join(dir, archiveDir)
	}
	return filepath.Join(dir, server.JetStreamStoreDir)
}
