package certificate

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// The files of a self-made certificate in the directory of the journal.
const (
	SelfMadeFile    = "self-made-certificate.pem"
	selfMadeKeyFile = "self-made-key.pem"
)

const (
	selfMadeFor = 365 * 24 * time.Hour
	renewBefore = 30 * 24 * time.Hour
)

// SelfMade returns a certificate for host names and IP addresses that is signed by
// itself, and the settings with which a server uses it. It is kept in dir, so that a
// restart does not change it, and made anew when it is about to expire or lacks one of
// the names. Only the owner of the files may read them.
func SelfMade(dir string, names []string) (tls.Certificate, *tls.Config, error) {
	certFile, keyFile := filepath.Join(dir, SelfMadeFile), filepath.Join(dir, selfMadeKeyFile)
	c, err := Read(certFile, keyFile)
	if err != nil || !serves(c.Leaf, names) {
		if err := makeFiles(dir, certFile, keyFile, names); err != nil {
			return tls.Certificate{}, nil, fmt.Errorf("making a certificate in %s: %w", dir, err)
		}
		if c, err = Read(certFile, keyFile); err != nil {
			return tls.Certificate{}, nil, err
		}
	}
	return c, &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{c}}, nil
}

// serves reports whether a certificate is for all names for some time to come.
func serves(c *x509.Certificate, names []string) bool {
	for _, name := range names {
		if c.VerifyHostname(name) != nil {
			return false
		}
	}
	return time.Now().Before(c.NotAfter.Add(-renewBefore))
}

func makeFiles(dir, certFile, keyFile string, names []string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return err
	}
	c := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "Holdfast, self-made"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(selfMadeFor),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
	}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			c.IPAddresses = append(c.IPAddresses, ip)
		} else {
			c.DNSNames = append(c.DNSNames, name)
		}
	}
	cert, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		return err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if err := writeFile(keyFile, &pem.Block{Type: "PRIVATE KEY", Bytes: private}); err != nil {
		return err
	}
	return writeFile(certFile, &pem.Block{Type: "CERTIFICATE", Bytes: cert})
}

// writeFile replaces a file: its mode must not be that of an older one.
func writeFile(name string, b *pem.Block) error {
	unfinished := name + ".new"
	if err := os.Remove(unfinished); err != nil && !os.IsNotExist(err) {
		return err
	}
	if err := os.WriteFile(unfinished, pem.EncodeToMemory(b), 0o600); err != nil {
		return err
	}
	return os.Rename(unfinished, name)
}
