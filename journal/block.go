package journal

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/minio/highwayhash"
	"github.com/nats-io/nats.go"
)

// A record in a block of nats-server 2.15.2, in little endian:
//
//	length 4, sequence 8, time 8, length of the subject 2, subject,
//	length of the header 4, header (both only with withHeader), data, checksum 8
//
// The checksum covers sequence, time, subject, header and data; the lengths, which
// it does not cover, are checked by the fields they delimit.
const (
	fixedSize    = 22
	checksumSize = 8
	leastSize    = fixedSize + checksumSize
	mostSize     = 32 << 20

	withHeader = 1 << 31 // in the length
	erasedBit  = 1 << 63 // in the sequence: the message was overwritten
	removesBit = 1 << 62 // in the sequence: an earlier message was removed

	headerBegin = "NATS/1.0\r\n"
	headerEnd   = "\r\n\r\n"
)

// A record is a message in a block, or the note that one was removed.
type record struct {
	seq          uint64
	time         uint64
	removes      bool // the message seq, which was written before, was removed
	erased       bool // the message seq was overwritten
	subject      string
	header, data []byte
	raw          []byte // all of it
}

// isMessage reports whether there is a message in the record.
func (r record) isMessage() bool { return !r.removes && !r.erased && r.seq != 0 }

// base returns the sequence of the whole entry that the message builds on, or zero.
func (r record) base() uint64 { return r.headerNumber(headerBase) }

// clone returns the record without the block it was read from.
func (r record) clone() record {
	r.header, r.data, r.raw = bytes.Clone(r.header), bytes.Clone(r.data), nil
	return r
}

var (
	errNoRecord = errors.New("not a record")
	errShort    = errors.New("cut short")
	errChecksum = errors.New("its checksum is wrong")
)

// A format reads the records of one block, each of which has checksums of its
// own.
type format struct {
	prefix string // of all subjects
	hash   *highwayhash.Digest64
}

func formatOf(stream string, block int) *format {
	return &format{prefixes[stream], hashOf(fmt.Sprintf("%s-%d", stream, block))}
}

// hashOf makes the checksums of a file with that name.
func hashOf(name string) *highwayhash.Digest64 {
	key := sha256.Sum256([]byte(name))
	hash, err := highwayhash.NewDigest64(key[:])
	if err != nil { // the key is of the wrong size
		panic(err)
	}
	return hash
}

// headerNumber returns the number that the header of a message gives a name, or
// zero.
func (r record) headerNumber(name string) uint64 {
	_, text, _ := bytes.Cut(r.header, []byte("\r\n"+name+": "))
	text, _, _ = bytes.Cut(text, []byte("\r\n"))
	n, err := strconv.ParseUint(string(text), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// parse reads the record at the beginning of b. The error is the reason why it is
// invalid; errShort means that b ends before the record does.
func (f *format) parse(b []byte) (r record, err error) {
	if len(b) < leastSize {
		return r, errShort
	}
	length := binary.LittleEndian.Uint32(b)
	size := int(length &^ withHeader)
	subjectEnd := fixedSize + int(binary.LittleEndian.Uint16(b[20:]))
	switch {
	case size < leastSize || size > mostSize || subjectEnd > size-checksumSize:
		return r, errNoRecord
	case size > len(b):
		return r, errShort
	}
	seq := binary.LittleEndian.Uint64(b[4:])
	r.time = binary.LittleEndian.Uint64(b[12:])
	r.seq, r.erased, r.removes = seq&^(erasedBit|removesBit), seq&erasedBit != 0, seq&removesBit != 0
	// Compute a checksum only of bytes that are likely to be a record.
	if !bytes.HasPrefix(b[fixedSize:subjectEnd], []byte(f.prefix)) && (r.isMessage() || size != leastSize) {
		return r, errNoRecord
	}
	r.subject, r.raw = string(b[fixedSize:subjectEnd]), b[:size]
	if r.data = b[subjectEnd : size-checksumSize]; length&withHeader != 0 {
		if r.header, r.data, err = cutHeader(r.data); err != nil {
			return r, err
		}
	}
	if !bytes.Equal(f.checksum(r), b[size-checksumSize:size]) {
		return r, errChecksum
	}
	return r, nil
}

// cutHeader separates a header, with its length before it, from the data.
func cutHeader(b []byte) (header, data []byte, err error) {
	if len(b) < 4 {
		return nil, nil, errNoRecord
	}
	length := int(binary.LittleEndian.Uint32(b))
	if b = b[4:]; length > len(b) || !bytes.HasPrefix(b, []byte(headerBegin)) ||
		bytes.Index(b, []byte(headerEnd))+len(headerEnd) != length {
		return nil, nil, errNoRecord
	}
	return b[:length], b[length:], nil
}

// checksum is that of a record of which raw is all but the checksum.
func (f *format) checksum(r record) []byte {
	f.hash.Reset()
	for _, part := range [][]byte{r.raw[4:20], []byte(r.subject), r.header, r.data} {
		_, _ = f.hash.Write(part) // a hash takes everything
	}
	return f.hash.Sum(nil)
}

// encode writes a record that is not erased, whatever its raw is.
func (f *format) encode(r record) []byte {
	size, seq := leastSize+len(r.subject)+len(r.data), r.seq
	if len(r.header) > 0 {
		size += 4 + len(r.header)
	}
	length := uint32(size)
	if len(r.header) > 0 {
		length |= withHeader
	}
	if r.removes {
		seq |= removesBit
	}
	b := binary.LittleEndian.AppendUint32(make([]byte, 0, size), length)
	b = binary.LittleEndian.AppendUint64(b, seq)
	b = binary.LittleEndian.AppendUint64(b, r.time)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(r.subject)))
	b = append(b, r.subject...)
	if len(r.header) > 0 {
		b = binary.LittleEndian.AppendUint32(b, uint32(len(r.header)))
		b = append(b, r.header...)
	}
	r.raw = append(b, r.data...)
	return append(r.raw, f.checksum(r)...)
}

// recordOf is the record that the server makes of m when it is message seq.
func recordOf(m *nats.Msg, seq uint64, now time.Time) record {
	header := []byte(headerBegin)
	for _, name := range slices.Sorted(maps.Keys(m.Header)) {
		header = fmt.Appendf(header, "%s: %s\r\n", name, m.Header.Get(name))
	}
	return record{
		seq: seq, time: uint64(now.UnixNano()), subject: m.Subject,
		header: append(header, "\r\n"...), data: m.Data,
	}
}

// A piece of a block is a record or, if err is set, the bytes between two records,
// and err describes the damage.
type piece struct {
	record
	from, to int
	err      error
}

// pieces yields all of a block, in order. After bytes that are not a record it goes
// on with the next whole record.
func (f *format) pieces(block []byte) iter.Seq[piece] {
	return func(yield func(piece) bool) {
		for at := 0; at < len(block); {
			r, err := f.parse(block[at:])
			end := at + len(r.raw)
			if err != nil {
				end = f.resume(block, at+1)
			}
			if !yield(piece{r, at, end, err}) {
				return
			}
			at = end
		}
	}
}

// resume finds the first whole record from at on, or the end of the block.
func (f *format) resume(block []byte, at int) int {
	for ; at < len(block); at++ {
		if _, err := f.parse(block[at:]); err == nil {
			break
		}
	}
	return at
}
