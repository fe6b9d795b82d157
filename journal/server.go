package journal

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// mendAfter is how long a server that has failed is left alone before another
// one is started in its place.
const mendAfter = time.Second

// mostStored is more than any disk holds. A server without a limit takes three
// quarters of the space free when it starts as its limit for ever: one that was
// started on a full disk would never store anything.
const mostStored = 1 << 60

// embedded is a JetStream server in this process. When the disk has failed it
// once, a server refuses every write for ever, even if the disk is well again;
// and when its directory is removed it goes on as if nothing had happened. In
// both cases embedded starts another one in its place, as soon as the disk accepts
// writes.
type embedded struct {
	hold         *hold
	dir          string   // in the directory: where the server keeps its streams
	streams      []string // that it keeps
	repair       func(context.Context) (*survey, error)
	syncInterval time.Duration
	log          *slog.Logger

	mu     sync.Mutex
	damage []string // that was found when servers were started
	gaps   []gap    // in ARCHIVE, when the last one was
	cause  error    // why the server is being replaced; nil: it is not

	failures atomic.Uint64      // how often a server has failed
	broken   chan struct{}      // holds a value when the server has failed
	quit     context.CancelFunc // nil: no server was started
	done     chan struct{}
	current  atomic.Pointer[server.Server] // nil while there is none
	held     atomic.Pointer[os.File]       // the file that the hold had locked when the current server started
}

func newEmbedded(h *hold, dir string, syncInterval time.Duration, log *slog.Logger) *embedded {
	return &embedded{
		hold: h, dir: dir, syncInterval: syncInterval, log: log,
		broken: make(chan struct{}, 1), done: make(chan struct{}),
	}
}

// begin starts the first server, and replaces it when it fails.
func (e *embedded) begin(ctx context.Context) error {
	s, err := e.start(ctx)
	if err != nil {
		return err
	}
	e.current.Store(s)
	mending, quit := context.WithCancel(context.Background())
	e.quit = quit
	go e.mend(mending)
	return nil
}

// InProcessConn implements nats.InProcessConnProvider.
func (e *embedded) InProcessConn() (net.Conn, error) {
	s := e.current.Load()
	if s == nil {
		return nil, cmp.Or(e.why(), errors.New("the journal's server is being started again"))
	}
	return s.InProcessConn()
}

// lost reports whether the directory is gone, and with it everything written there,
// even just now; then another server will be started.
func (e *embedded) lost() bool {
	if e.hold.intact() && e.hold.file.Load() == e.held.Load() {
		return false
	}
	e.failed(errLost)
	return true
}

// why returns why the server is being replaced, or nil.
func (e *embedded) why() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.cause
}

// failed makes mend replace the server.
func (e *embedded) failed(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.cause = err
	e.failures.Add(1)
	select {
	case e.broken <- struct{}{}:
	default:
	}
}

// notStarted sets why a server was not started, and reports whether that is new.
func (e *embedded) notStarted(err error) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	known := e.cause != nil && e.cause.Error() == err.Error()
	e.cause = err
	return !known
}

// started puts the server into use. If it failed while it started, its cause stays,
// and it is replaced next.
func (e *embedded) started(s *server.Server) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.current.Store(s)
	if len(e.broken) == 0 {
		e.cause = nil
	}
}

// close stops the server.
func (e *embedded) close() {
	if e.quit == nil {
		return
	}
	e.quit()
	<-e.done
	stop(e.current.Swap(nil))
}

// mend replaces servers that have failed, until ctx ends.
func (e *embedded) mend(ctx context.Context) {
	defer close(e.done)
	for {
		select {
		case <-ctx.Done():
			return
		case <-e.broken:
		}
		e.log.Error("the journal cannot be written; starting it again", "dir", e.hold.dir, "error", e.why())
		stop(e.current.Swap(nil))
		if !e.replace(ctx) {
			return
		}
		e.log.Info("the journal is started again", "dir", e.hold.dir)
	}
}

// replace starts a server, as often as it takes. It reports false when ctx ends. An
// error is logged when it is another one than before.
func (e *embedded) replace(ctx context.Context) bool {
	for {
		select {
		case <-ctx.Done():
			return false
		case <-time.After(mendAfter):
		}
		select {
		case <-e.broken: // a last word of the one before
		default:
		}
		s, err := e.again(ctx)
		if err == nil {
			e.started(s)
			return true
		}
		if ctx.Err() == nil && e.notStarted(err) {
			e.log.Error("the journal does not start again", "dir", e.hold.dir, "error", err)
		}
	}
}

// again starts a server in the place of one that has failed.
func (e *embedded) again(ctx context.Context) (*server.Server, error) {
	if err := e.hold.renew(); err != nil {
		return nil, err
	}
	return e.start(ctx)
}

// start starts a server. When it returns, everything in dir has been recovered.
func (e *embedded) start(ctx context.Context) (*server.Server, error) {
	if err := probe(e.hold.dir); err != nil {
		return nil, err
	}
	e.held.Store(e.hold.file.Load())
	if err := writeAgain(e.hold.dir, e.streams...); err != nil {
		return nil, err
	}
	found, err := e.repair(ctx)
	if err != nil {
		return nil, err
	}
	e.report(found)
	s, err := server.NewServer(&server.Options{
		ServerName:             "holdfast",
		DontListen:             true,
		NoSigs:                 true,
		JetStream:              true,
		DisableJetStreamBanner: true,
		StoreDir:               filepath.Join(e.hold.dir, e.dir),
		JetStreamMaxStore:      mostStored,
		SyncAlways:             e.syncInterval == 0,
		SyncInterval:           e.syncInterval,
	})
	if err != nil {
		return nil, err
	}
	l := &serverLog{log: e.log, failed: e.failed}
	s.SetLoggerV2(l, false, false, false)
	s.Start()
	if fatal := l.fatal.Load(); fatal != nil {
		stop(s)
		return nil, *fatal
	}
	if !s.ReadyForConnections(10*time.Second) || !s.JetStreamEnabled() {
		stop(s)
		return nil, errors.New("its server does not come up")
	}
	return s, nil
}

// report logs the damage found and keeps it for reported.
func (e *embedded) report(found *survey) {
	for _, d := range found.damage {
		e.log.Error("the journal is damaged", "damage", d)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.damage, e.gaps = append(e.damage, found.damage...), found.gaps
}

// reported returns the damage found, and the gaps in ARCHIVE.
func (e *embedded) reported() (damage []string, gaps []gap) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.damage), slices.Clone(e.gaps)
}

func stop(s *server.Server) {
	if s != nil {
		s.Shutdown()
		s.WaitForShutdown()
	}
}

// serverLog passes on a server's log lines. Its notices are interesting only to
// those who debug.
type serverLog struct {
	log    *slog.Logger
	fatal  atomic.Pointer[error] // why it could not start
	failed func(error)
}

// Fatalf is called by a server that cannot start.
func (l *serverLog) Fatalf(format string, v ...any) {
	err := fmt.Errorf(format, v...)
	l.fatal.Store(&err)
}

// Errorf also finds out that the server will refuse to write from now on,
// which it reports in no other way.
func (l *serverLog) Errorf(format string, v ...any) { l.passOn(l.log.Error, format, v) }

// refusing are parts of the log lines of a server that will write nothing from now
// on.
var refusing = []string{"critical write error", "will be disabled", "disabling jetstream"}

// passOn passes a line on, and replaces the server if it will refuse to write.
func (l *serverLog) passOn(log func(string, ...any), format string, v []any) {
	text := fmt.Sprintf(format, v...)
	log("journal: " + text)
	said := strings.ToLower(text)
	if slices.ContainsFunc(refusing, func(r string) bool { return strings.Contains(said, r) }) {
		l.failed(errors.New(text))
	}
}

// afterKill is in the warnings of a server that starts after one that was killed, or
// had a full disk, which are harmless: it reads its blocks rather than its index of
// them.
var afterKill = []string{"Stream state outdated", "Stream state too short", "Recovering stream state from index errored"}

// Warnf logs a warning for an operator to look into.
func (l *serverLog) Warnf(format string, v ...any) {
	if slices.ContainsFunc(afterKill, func(text string) bool { return strings.Contains(format, text) }) {
		l.Noticef(format, v...)
		return
	}
	l.passOn(l.log.Warn, format, v)
}

// Noticef is about the server's own life.
func (l *serverLog) Noticef(format string, v ...any) {
	l.log.Debug("journal: " + fmt.Sprintf(format, v...))
}

// Debugf is off.
func (l *serverLog) Debugf(string, ...any) {}

// Tracef is off.
func (l *serverLog) Tracef(string, ...any) {}
