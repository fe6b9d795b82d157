package journal

import (
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// startServer starts a JetStream server in this process that keeps its files
// in dir. When it returns, everything in dir has been recovered.
func startServer(dir string, syncInterval time.Duration, log *slog.Logger) (*server.Server, error) {
	s, err := server.NewServer(&server.Options{
		ServerName:             "holdfast",
		DontListen:             true,
		NoSigs:                 true,
		JetStream:              true,
		DisableJetStreamBanner: true,
		StoreDir:               dir,
		SyncAlways:             syncInterval == 0,
		SyncInterval:           syncInterval,
	})
	if err != nil {
		return nil, err
	}
	l := &serverLog{log: log}
	s.SetLoggerV2(l, false, false, false)
	s.Start()
	if fatal := l.fatal.Load(); fatal != nil {
		s.Shutdown()
		return nil, *fatal
	}
	if !s.ReadyForConnections(10*time.Second) || !s.JetStreamEnabled() {
		s.Shutdown()
		return nil, errors.New("its server does not come up")
	}
	return s, nil
}

// serverLog passes on what the embedded server says. Its notices are
// interesting only to those who debug.
type serverLog struct {
	log   *slog.Logger
	fatal atomic.Pointer[error] // why it could not start
}

func (l *serverLog) Fatalf(format string, v ...any) {
	err := fmt.Errorf(format, v...)
	l.fatal.Store(&err)
}
func (l *serverLog) Errorf(format string, v ...any) {
	l.log.Error("journal: " + fmt.Sprintf(format, v...))
}
func (l *serverLog) Warnf(format string, v ...any) {
	l.log.Warn("journal: " + fmt.Sprintf(format, v...))
}
func (l *serverLog) Noticef(format string, v ...any) {
	l.log.Debug("journal: " + fmt.Sprintf(format, v...))
}
func (l *serverLog) Debugf(string, ...any) {}
func (l *serverLog) Tracef(string, ...any) {}
