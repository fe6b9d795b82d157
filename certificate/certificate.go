// Package certificate provides the certificate with which a server speaks HTTPS: one
// from files, which it reads again when they change, or a self-made one for trying out.
// It opens no connection and checks no certificate of others.
package certificate

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// Read reads a certificate, with those that lead to its root, and its key from PEM
// files. The error names the file.
func Read(certFile, keyFile string) (tls.Certificate, error) {
	c, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("reading %s with %s: %w", certFile, keyFile, err)
	}
	return c, nil
}

// lookEvery is how often files are looked at, at most.
const lookEvery = time.Second

// Files are a certificate and its key in files. They are looked at when a connection
// begins. If they have changed and cannot be used, the certificate that was read
// before stays in use. The methods may be called by any goroutine.
type Files struct {
	certFile, keyFile string
	log               *slog.Logger
	now               func() time.Time

	mu     sync.Mutex // guards the fields below; reading two small files is all that it waits for
	used   *tls.Certificate
	seen   [2]stamp // of the files when they were read last, whatever came of it
	looked time.Time
}

// A stamp changes with the content of a file.
type stamp struct {
	modified time.Time
	size     int64
}

// Open reads the files for the first time. An error means that they cannot be used.
func Open(certFile, keyFile string, log *slog.Logger) (*Files, error) {
	f := &Files{certFile: certFile, keyFile: keyFile, log: log, now: time.Now}
	f.seen, f.looked = f.stamps(), f.now()
	c, err := Read(certFile, keyFile)
	if err != nil {
		return nil, err
	}
	f.use(c)
	return f, nil
}

// Config returns settings by which a server uses the certificate: TLS 1.2 or newer.
func (f *Files) Config() *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return f.current(), nil },
	}
}

// current returns the certificate in the files as they are now, if it can be used.
func (f *Files) current() *tls.Certificate {
	f.mu.Lock()
	defer f.mu.Unlock()
	if now := f.now(); now.Sub(f.looked) >= lookEvery {
		f.looked = now
		f.look()
	}
	return f.used
}

// look reads the files if they have changed. The caller holds mu.
func (f *Files) look() {
	seen := f.stamps()
	if seen == f.seen {
		return
	}
	f.seen = seen
	c, err := Read(f.certFile, f.keyFile)
	if err != nil {
		f.log.Error("the certificate has changed and cannot be used; the one before stays in use", "err", err)
		return
	}
	f.use(c)
	f.log.Info("the certificate has changed", "file", f.certFile, "until", c.Leaf.NotAfter)
}

func (f *Files) use(c tls.Certificate) {
	f.used = &c
	if f.now().After(c.Leaf.NotAfter) {
		f.log.Warn("the certificate has expired: browsers and programs refuse it", "file", f.certFile, "until", c.Leaf.NotAfter)
	}
}

func (f *Files) stamps() (all [2]stamp) {
	for i, name := range []string{f.certFile, f.keyFile} {
		if info, err := os.Stat(name); err == nil { // the error of reading it has the reason
			all[i] = stamp{info.ModTime(), info.Size()}
		}
	}
	return all
}
