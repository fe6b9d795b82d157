package client

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net/http"
	"net/url"
)

// Trust makes the client accept only servers that show one of these certificates
// (PEM), such as a self-made one, under any name, and servers whose certificate is
// signed by one of them. Call it before the first request.
func (c *Client) Trust(certificates []byte) error {
	server, err := url.Parse(c.server)
	if err != nil {
		return err
	}
	roots, own := x509.NewCertPool(), [][]byte{}
	for block, rest := pem.Decode(certificates); block != nil; block, rest = pem.Decode(rest) {
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return err
		}
		roots.AddCert(cert)
		own = append(own, cert.Raw)
	}
	if len(own) == 0 {
		return errors.New("the file contains no certificate in PEM form")
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = &tls.Config{
		MinVersion:         tls.VersionTLS12,
		InsecureSkipVerify: true, // VerifyConnection does it: the name does not matter for a certificate that is known
		VerifyConnection: func(s tls.ConnectionState) error {
			return verify(s.PeerCertificates, own, roots, server.Hostname())
		},
	}
	c.http.Transport = transport
	return nil
}

// verify checks the certificate of a server, and those that it has sent with it.
func verify(shown []*x509.Certificate, own [][]byte, roots *x509.CertPool, host string) error {
	for _, known := range own {
		if bytes.Equal(shown[0].Raw, known) {
			return nil
		}
	}
	between := x509.NewCertPool()
	for _, cert := range shown[1:] {
		between.AddCert(cert)
	}
	_, err := shown[0].Verify(x509.VerifyOptions{Roots: roots, Intermediates: between, DNSName: host})
	return err
}
