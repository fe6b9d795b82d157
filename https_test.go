package holdfast_test

import (
	"crypto/tls"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"holdfast"
	"holdfast/certificate"
	"holdfast/client"
	"holdfast/config"
)

const httpsConfig = `
[sip]
listen = "127.0.0.1:0"
[api]
listen = "127.0.0.1:0"
[panel]
listen = "127.0.0.1:0"
[[agent]]
name = "ana"
login = "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$iBLAHFT6jhtC9lFPMb3n9A"
[journal]
dir = "DIR"
[http]
`

// startHTTPS starts a server with these lines in [http].
func startHTTPS(t *testing.T, dir, lines string, log io.Writer) *holdfast.Server {
	t.Helper()
	c, err := config.Parse("f.toml", []byte(strings.Replace(httpsConfig, "DIR", dir, 1)+lines))
	if err != nil {
		t.Fatal(err)
	}
	server, err := holdfast.Start(t.Context(), holdfast.Options{Config: c, Log: slog.New(slog.NewTextHandler(log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close(t.Context()) })
	return server
}

// asked returns the head of a response of the server, whatever its certificate.
func asked(t *testing.T, method, url, body string, header ...string) (status int, h http.Header) {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}} // other checks look at it
	defer transport.CloseIdleConnections()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	answer, err := transport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	if err := answer.Body.Close(); err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, answer.Header
}

// trusts returns what comes of asking the API with a certificate that the client
// trusts.
func trusts(t *testing.T, server, certFile string) error {
	t.Helper()
	pem, err := os.ReadFile(certFile)
	if err != nil {
		t.Fatal(err)
	}
	c := client.New(server)
	if err := c.Trust(pem); err != nil {
		t.Fatal(err)
	}
	_, err = c.Contacts(t.Context())
	return err
}

// Page and API speak only HTTPS: with a self-made certificate that the log calls
// self-made and a restart keeps, or with a given one. Strict-Transport-Security is sent
// only with the given one.
func TestHTTPS(t *testing.T) {
	dir := t.TempDir()
	made := filepath.Join(dir, certificate.SelfMadeFile)
	for range 2 {
		var log strings.Builder
		server := startHTTPS(t, dir, "self_made = true\n", &log)
		checkHTTPS(t, server, "")
		if err := trusts(t, server.URL(server.APIAddress()), made); err != nil {
			t.Errorf("with the self-made certificate: %v", err)
		}
		if err := server.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(log.String(), "self-made certificate, for trying out only") { // read when the server writes no more
			t.Errorf("the log does not name it: %s", &log)
		}
	}

	// A client that knows the certificate itself does not care about its name.
	other := t.TempDir()
	if _, _, err := certificate.SelfMade(other, []string{"holdfast.example.com"}); err != nil {
		t.Fatal(err)
	}
	certFile := filepath.Join(other, certificate.SelfMadeFile)
	server := startHTTPS(t, t.TempDir(), "cert_file = '"+certFile+"'\nkey_file = '"+filepath.Join(other, "self-made-key.pem")+"'\n", io.Discard)
	checkHTTPS(t, server, "max-age=31536000")
	if err := trusts(t, server.URL(server.APIAddress()), certFile); err != nil {
		t.Errorf("with the given certificate: %v", err)
	}
	if err := trusts(t, server.URL(server.APIAddress()), made); err == nil {
		t.Error("another certificate is trusted")
	}
	if _, err := client.New(server.URL(server.APIAddress())).Contacts(t.Context()); err == nil {
		t.Error("an unknown certificate is trusted")
	}
}

// checkHTTPS checks what page and API answer over HTTPS and plain HTTP.
func checkHTTPS(t *testing.T, server *holdfast.Server, strict string) {
	t.Helper()
	for _, at := range []netip.AddrPort{server.APIAddress(), server.PageAddress()} {
		_, h := asked(t, "GET", server.URL(at)+"/healthz", "")
		if got := h.Get("Strict-Transport-Security"); got != strict {
			t.Errorf("%s: Strict-Transport-Security %q", at, got)
		}
		if plain, _ := asked(t, "GET", "http://"+at.String()+"/", ""); plain != http.StatusBadRequest {
			t.Errorf("%s answers plain HTTP with %d", at, plain)
		}
	}
	status, h := asked(t, "POST", server.URL(server.PageAddress())+"/ccp-v2/login", `{"name":"ana","password":"sesame"}`)
	if cookie := h.Get("Set-Cookie"); status != http.StatusOK || !strings.Contains(cookie, "; Secure;") {
		t.Errorf("logging in: %d, cookie %q", status, cookie)
	}
	page := server.URL(server.PageAddress())
	if status, _ := asked(t, "GET", page+"/ccp-v2/socket?page=window-1", "", "Origin", page, "Cookie", strings.Split(h.Get("Set-Cookie"), ";")[0], "Connection", "Upgrade",
		"Upgrade", "websocket", "Sec-WebSocket-Version", "13", "Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA=="); status != http.StatusSwitchingProtocols {
		t.Errorf("a WebSocket over HTTPS: %d", status)
	}
}
