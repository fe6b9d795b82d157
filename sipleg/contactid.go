package sipleg

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"time"

	"holdfast/call"
)

// digits are in the order of ASCII, so that ids sort as the bytes they stand for.
var digits = base32.NewEncoding("0123456789abcdefghijklmnopqrstuv").WithPadding(base32.NoPadding)

// newContactID returns an id that no other contact has: 26 lower-case letters
// and digits, 48 bits of time and 80 of chance. Later ids sort after those of
// earlier milliseconds.
func newContactID(now time.Time) call.ContactID {
	var b [16]byte
	rand.Read(b[6:])
	var ms [8]byte
	binary.BigEndian.PutUint64(ms[:], uint64(now.UnixMilli()))
	copy(b[:6], ms[2:])
	return call.ContactID(digits.EncodeToString(b[:]))
}
