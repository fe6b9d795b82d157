package config

import (
	"fmt"
	"net/netip"
	"strings"

	"holdfast/certificate"
)

// http checks the settings that the HTTP interface and the agents' page have in
// common. It reads the certificate.
func (c *checker) http(d *document) HTTP {
	h := HTTP{CertFile: string(d.HTTP.CertFile), KeyFile: string(d.HTTP.KeyFile), SelfMade: d.HTTP.SelfMade}
	for i, n := range d.HTTP.Names {
		name := strings.ToLower(string(n))
		ip, err := netip.ParseAddr(name)
		switch {
		case err == nil && ip.Zone() == "":
			name = ip.Unmap().String()
		case !isHostName(name):
			c.wrong(fmt.Sprintf("http.names[%d]", i), `%q is neither a host name nor an IP address; write it like "holdfast.example.com", without scheme and port, and with "xn--" instead of letters beyond ASCII`, n)
		}
		h.Names = append(h.Names, name)
	}
	switch {
	case h.SelfMade && h.CertFile+h.KeyFile != "":
		c.wrong("http.self_made", "cert_file and key_file name a certificate already; remove them or self_made")
	case (h.CertFile == "") != (h.KeyFile == ""):
		c.wrong("http", "cert_file and key_file belong together: give both, or neither")
	case h.CertFile != "":
		if _, err := certificate.Read(h.CertFile, h.KeyFile); err != nil {
			c.wrong("http.cert_file", "%s", err)
		}
	}
	return h
}
