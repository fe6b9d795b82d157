package certificate

import (
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// shown returns the certificate that a server with these settings shows.
func shown(t *testing.T, settings *tls.Config, theirs *tls.Config) (*x509.Certificate, error) {
	t.Helper()
	l, err := tls.Listen("tcp", "127.0.0.1:0", settings)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() { // ends with the connection
		if conn, err := l.Accept(); err == nil {
			_ = conn.(*tls.Conn).Handshake() // the client has the error
			_ = conn.Close()
		}
	}()
	client, err := tls.DialWithDialer(&net.Dialer{Timeout: 10 * time.Second}, "tcp", l.Addr().String(), theirs)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	return client.ConnectionState().PeerCertificates[0], nil
}

func selfMade(t *testing.T, dir string, names ...string) tls.Certificate {
	t.Helper()
	c, _, err := SelfMade(dir, names)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestSelfMade(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	first, settings, err := SelfMade(dir, []string{"localhost", "192.0.2.1"})
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(first.Leaf)
	for name, trusted := range map[string]bool{"localhost": true, "192.0.2.1": true, "evil.example": false} {
		_, err := shown(t, settings, &tls.Config{RootCAs: roots, ServerName: name})
		if (err == nil) != trusted {
			t.Errorf("as %s: %v", name, err)
		}
	}
	if _, err := shown(t, settings, &tls.Config{RootCAs: roots, ServerName: "localhost", MaxVersion: tls.VersionTLS11}); err == nil {
		t.Error("TLS 1.1 is spoken")
	}
	for _, name := range []string{SelfMadeFile, selfMadeKeyFile} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode() != 0o600 {
			t.Errorf("%s has the mode %s", name, info.Mode())
		}
	}
	if again := selfMade(t, dir, "localhost"); !again.Leaf.Equal(first.Leaf) {
		t.Error("a restart makes another certificate")
	}
	named := selfMade(t, dir, "localhost", "holdfast.example.com")
	if named.Leaf.Equal(first.Leaf) || named.Leaf.VerifyHostname("holdfast.example.com") != nil {
		t.Error("a certificate that lacks a name is not made anew")
	}
	if err := os.WriteFile(filepath.Join(dir, selfMadeKeyFile), []byte("nonsense"), 0o644); err != nil {
		t.Fatal(err)
	}
	if repaired := selfMade(t, dir, "localhost"); repaired.Leaf.Equal(named.Leaf) {
		t.Error("a broken key stays in use")
	}
}

// Files that change are read again; broken ones are named in the log once, and change
// nothing.
func TestFilesChange(t *testing.T) {
	var log strings.Builder
	now := time.Now()
	one, two, used := t.TempDir(), t.TempDir(), t.TempDir()
	first, second := selfMade(t, one, "localhost"), selfMade(t, two, "localhost")
	certFile, keyFile := filepath.Join(used, "cert.pem"), filepath.Join(used, "key.pem")
	put := func(file, from string) {
		t.Helper()
		content, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, content, 0o600); err != nil {
			t.Fatal(err)
		}
		now = now.Add(lookEvery)
		if err := os.Chtimes(file, now, now); err != nil {
			t.Fatal(err)
		}
	}
	put(certFile, filepath.Join(one, SelfMadeFile))
	put(keyFile, filepath.Join(one, selfMadeKeyFile))
	f, err := Open(certFile, keyFile, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	f.now = func() time.Time { return now }
	shows := func(what string, want tls.Certificate) {
		t.Helper()
		got, err := shown(t, f.Config(), &tls.Config{InsecureSkipVerify: true}) // only which one it is matters
		if err != nil || !got.Equal(want.Leaf) {
			t.Errorf("%s: %v; the log has %s", what, err, &log)
		}
	}
	shows("at first", first)
	put(certFile, filepath.Join(two, SelfMadeFile))
	shows("with the key of another", first)
	shows("still", first)
	if n := strings.Count(log.String(), "cannot be used"); n != 1 {
		t.Errorf("the log names it %d times:\n%s", n, &log)
	}
	put(keyFile, filepath.Join(two, selfMadeKeyFile))
	shows("when both have changed", second)
	if err := os.Remove(certFile); err != nil {
		t.Fatal(err)
	}
	now = now.Add(lookEvery)
	shows("without a file", second)
	put(certFile, filepath.Join(one, SelfMadeFile))
	put(keyFile, filepath.Join(one, selfMadeKeyFile))
	shows("as at first", first)
}

func TestOpenNothing(t *testing.T) {
	if _, err := Open("none.pem", "none.key", slog.Default()); err == nil || !strings.Contains(err.Error(), "none.pem") {
		t.Errorf("got %v", err)
	}
}
