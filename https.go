package holdfast

import (
	"crypto/sha256"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"path/filepath"
	"slices"

	"holdfast/certificate"
	"holdfast/config"
	"holdfast/hostcheck"
)

// stay makes browsers use only HTTPS for this name for a year. It is sent with a given
// certificate and not with a self-made one, which may be replaced tomorrow.
const stay = "max-age=31536000"

// openHTTPS reads or makes the certificate, if the configuration has one.
func (s *Server) openHTTPS(c config.Config) error {
	switch {
	case c.HTTP.SelfMade:
		cert, settings, err := certificate.SelfMade(c.Journal.Dir, selfMadeNames(c))
		if err != nil {
			return fmt.Errorf("%w ([http] self_made asks for it)", err)
		}
		s.tls = settings
		s.log.Warn("HTTPS uses a self-made certificate, for trying out only: browsers warn of it",
			"file", filepath.Join(c.Journal.Dir, certificate.SelfMadeFile), "sha256", fmt.Sprintf("%X", sha256.Sum256(cert.Certificate[0])))
	case c.HTTP.TLS():
		files, err := certificate.Open(c.HTTP.CertFile, c.HTTP.KeyFile, s.log)
		if err != nil {
			return fmt.Errorf("%w ([http] cert_file and key_file name them)", err)
		}
		s.tls, s.strict = files.Config(), true
	}
	return nil
}

// selfMadeNames are the names and addresses by which the server may be asked.
func selfMadeNames(c config.Config) []string {
	all := []string{"localhost", "127.0.0.1", "::1"}
	for _, at := range []netip.AddrPort{c.API.Listen, c.Panel.Listen} {
		if at.IsValid() && !at.Addr().IsUnspecified() && !slices.Contains(all, at.Addr().String()) {
			all = append(all, at.Addr().String())
		}
	}
	return append(all, c.HTTP.Names...)
}

// names are the host names that a server at an address accepts in requests.
func names(c config.Config, at netip.AddrPort) hostcheck.Names {
	return hostcheck.Names{Address: at.Addr(), Public: c.HTTP.Names}
}

// overTLS is a listener for HTTPS, if the configuration has a certificate.
func (s *Server) overTLS(l net.Listener) net.Listener {
	if s.tls == nil {
		return l
	}
	return tls.NewListener(l, s.tls)
}

// strictly adds the header that keeps browsers with HTTPS, if it is to be sent.
func (s *Server) strictly(next http.Handler) http.Handler {
	if !s.strict {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Strict-Transport-Security", stay)
		next.ServeHTTP(w, r)
	})
}

// URL is the URL of the HTTP server at an address: with https if it has a certificate.
func (s *Server) URL(at netip.AddrPort) string {
	if s.tls != nil {
		return "https://" + at.String()
	}
	return "http://" + at.String()
}
