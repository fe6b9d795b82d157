package journal

import (
	"bytes"
	"fmt"
	"io"
	"sync"

	"github.com/klauspost/compress/flate"
)

// inflatedMost is how long a text is at most that is inflated.
const inflatedMost = 32 << 20

var (
	deflaters = sync.Pool{New: func() any {
		w, err := flate.NewWriter(nil, flate.DefaultCompression)
		if err != nil { // the level is wrong
			panic(err)
		}
		return w
	}}
	inflaters = sync.Pool{New: func() any { return flate.NewReader(nil) }}
)

// deflate compresses data (RFC 1951) for a reader that has a text in which much
// of the data occurs. Of that, the last 32 kB count.
func deflate(data, known []byte) ([]byte, error) {
	var short bytes.Buffer
	w := deflaters.Get().(*flate.Writer)
	defer deflaters.Put(w)
	w.ResetDict(&short, known)
	if _, err := w.Write(data); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return short.Bytes(), nil
}

// inflate is the opposite of deflate.
func inflate(short, known []byte) ([]byte, error) {
	r := inflaters.Get().(io.ReadCloser)
	defer inflaters.Put(r)
	if err := r.(flate.Resetter).Reset(bytes.NewReader(short), known); err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(r, inflatedMost+1))
	if err != nil {
		return nil, fmt.Errorf("inflating: %w", err)
	}
	if len(data) > inflatedMost {
		return nil, fmt.Errorf("inflating: it is longer than %d bytes", inflatedMost)
	}
	return data, nil
}
