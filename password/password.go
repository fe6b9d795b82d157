// Package password hashes the passwords of agents and checks them, with argon2id
// (RFC 9106). A hash is written as a PHC string:
//
//	$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2g
//
// It never keeps a password.
package password

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/crypto/argon2"
)

// The parameters of New: the least memory that OWASP recommends, because the
// machine that checks a password carries calls at the same time.
const (
	memory  = 19 << 10 // KiB
	passes  = 2
	threads = 1
	saltLen = 16
	keyLen  = 32
)

// The limits of Parse, so that checking one password cannot exhaust the machine.
const (
	mostMemory  = 256 << 10 // KiB
	mostPasses  = 16
	mostThreads = 16
)

// Longest is how long a password may be, in bytes.
const Longest = 1024

// A Hash is the stored form of a password. No password matches the zero value.
type Hash struct {
	memory, passes uint32
	threads        uint8
	salt, key      []byte
}

// New hashes a password with a salt of its own.
func New(password string) (Hash, error) {
	if password == "" || len(password) > Longest {
		return Hash{}, fmt.Errorf("a password has 1 to %d bytes", Longest)
	}
	h := Hash{memory: memory, passes: passes, threads: threads, salt: make([]byte, saltLen)}
	rand.Read(h.salt)
	h.key = h.hash(password, keyLen)
	return h, nil
}

// Matches reports whether the password is the one that was hashed.
func (h Hash) Matches(password string) bool {
	if h.IsZero() || len(password) > Longest {
		return false
	}
	return subtle.ConstantTimeCompare(h.hash(password, uint32(len(h.key))), h.key) == 1
}

func (h Hash) hash(password string, length uint32) []byte {
	return argon2.IDKey([]byte(password), h.salt, h.passes, h.memory, h.threads, length)
}

// IsZero reports whether no password is set.
func (h Hash) IsZero() bool { return len(h.key) == 0 }

// String keeps the hash out of logs. See PHC.
func (Hash) String() string { return "(secret)" }

// GoString keeps the hash out of logs.
func (Hash) GoString() string { return "(secret)" }

// PHC is the hash as Parse reads it.
func (h Hash) PHC() string {
	encode := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s",
		argon2.Version, h.memory, h.passes, h.threads, encode(h.salt), encode(h.key))
}

// Parse reads a PHC string.
func Parse(written string) (Hash, error) {
	parts := strings.Split(written, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" {
		return Hash{}, errors.New(`not an argon2id hash, which begins with "$argon2id$"`)
	}
	if parts[2] != "v="+strconv.Itoa(argon2.Version) {
		return Hash{}, fmt.Errorf("unsupported argon2 version %q: want v=%d", parts[2], argon2.Version)
	}
	h, err := parseCost(parts[3])
	if err != nil {
		return Hash{}, err
	}
	if h.salt, err = base64.RawStdEncoding.DecodeString(parts[4]); err != nil || len(h.salt) < 8 || len(h.salt) > 64 {
		return Hash{}, errors.New("the salt must be 8 to 64 bytes in base64")
	}
	if h.key, err = base64.RawStdEncoding.DecodeString(parts[5]); err != nil || len(h.key) < 16 || len(h.key) > 64 {
		return Hash{}, errors.New("the hash must be 16 to 64 bytes in base64")
	}
	return h, nil
}

// parseCost reads "m=19456,t=2,p=1".
func parseCost(written string) (Hash, error) {
	most := []struct {
		name string
		most uint64
	}{{"m=", mostMemory}, {"t=", mostPasses}, {"p=", mostThreads}}
	fields := strings.Split(written, ",")
	var values [3]uint64
	for i, limit := range most {
		if len(fields) != len(most) || !strings.HasPrefix(fields[i], limit.name) {
			return Hash{}, fmt.Errorf("invalid cost %q: want m=…,t=…,p=…", written)
		}
		n, err := strconv.ParseUint(fields[i][len(limit.name):], 10, 32)
		if err != nil || n == 0 || n > limit.most {
			return Hash{}, fmt.Errorf("invalid cost %q: want %s1 to %s%d", fields[i], limit.name, limit.name, limit.most)
		}
		values[i] = n
	}
	if values[0] < 8*values[2] {
		return Hash{}, fmt.Errorf("invalid cost %q: m must be at least 8 times p", written)
	}
	return Hash{memory: uint32(values[0]), passes: uint32(values[1]), threads: uint8(values[2])}, nil
}
