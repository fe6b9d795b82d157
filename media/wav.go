package media

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
)

const wavHeaderSize = 44

// WriteWAV writes samples as a WAV file of 16-bit PCM. With two channels the
// samples of left and right alternate.
func WriteWAV(w io.Writer, samples []int16, rate, channels int) error {
	if int64(len(samples))*2 > math.MaxUint32-wavHeaderSize {
		return errors.New("writing WAV: too long for its header")
	}
	header := wavHeader(rate, channels, uint32(len(samples)*2))
	if _, err := w.Write(header[:]); err != nil {
		return fmt.Errorf("writing WAV: %w", err)
	}
	if err := binary.Write(w, binary.LittleEndian, samples); err != nil {
		return fmt.Errorf("writing WAV: %w", err)
	}
	return nil
}

// wavHeader is the header before size bytes of samples.
func wavHeader(rate, channels int, size uint32) (h [wavHeaderSize]byte) {
	le := binary.LittleEndian
	copy(h[0:], "RIFF")
	le.PutUint32(h[4:], size+wavHeaderSize-8)
	copy(h[8:], "WAVEfmt ")
	le.PutUint32(h[16:], 16)
	le.PutUint16(h[20:], formatPCM)
	le.PutUint16(h[22:], uint16(channels))
	le.PutUint32(h[24:], uint32(rate))
	le.PutUint32(h[28:], uint32(rate*channels*2))
	le.PutUint16(h[32:], uint16(channels*2))
	le.PutUint16(h[34:], 16)
	copy(h[36:], "data")
	le.PutUint32(h[40:], size)
	return h
}

const (
	formatPCM        = 1
	formatExtensible = 0xfffe // its first bytes of sub-format tell whether it is PCM
)

// ReadWAV reads a WAV file of 16-bit PCM in one or two channels; with two, the
// samples of left and right alternate. An error names the place in the file.
func ReadWAV(r io.Reader) (samples []int16, rate, channels int, err error) {
	samples, rate, channels, err = readWAV(r)
	if err != nil {
		return nil, 0, 0, fmt.Errorf("reading WAV: %w", err)
	}
	return samples, rate, channels, nil
}

func readWAV(r io.Reader) (samples []int16, rate, channels int, err error) {
	var riff [12]byte
	if _, err := io.ReadFull(r, riff[:]); err != nil {
		return nil, 0, 0, fmt.Errorf("RIFF header: %w", err)
	}
	if string(riff[:4]) != "RIFF" || string(riff[8:]) != "WAVE" {
		return nil, 0, 0, errors.New("RIFF header: this is not a WAV file")
	}
	for {
		var head [8]byte
		if _, err := io.ReadFull(r, head[:]); err != nil {
			return nil, 0, 0, fmt.Errorf("looking for the data chunk: %w", err)
		}
		name, size := string(head[:4]), binary.LittleEndian.Uint32(head[4:])
		switch name {
		case "fmt ":
			rate, channels, err = readFormat(r, size)
		case "data":
			if channels == 0 {
				return nil, 0, 0, errors.New("data chunk: comes before the fmt chunk")
			}
			samples, err = readSamples(r, size, channels)
			return samples, rate, channels, err
		default:
			_, err = io.CopyN(io.Discard, r, int64(size)+int64(size%2))
		}
		if err != nil {
			return nil, 0, 0, fmt.Errorf("%q chunk: %w", name, err)
		}
	}
}

func readFormat(r io.Reader, size uint32) (rate, channels int, err error) {
	if size < 16 || size > 1024 {
		return 0, 0, fmt.Errorf("%d bytes long, not 16 to 1024", size)
	}
	f := make([]byte, size+size%2)
	if _, err := io.ReadFull(r, f); err != nil {
		return 0, 0, err
	}
	le := binary.LittleEndian
	format := le.Uint16(f)
	if format == formatExtensible && size >= 26 {
		format = le.Uint16(f[24:])
	}
	channels, rate = int(le.Uint16(f[2:])), int(le.Uint32(f[4:]))
	switch depth := le.Uint16(f[14:]); {
	case format != formatPCM:
		return 0, 0, fmt.Errorf("format %d, not PCM (1)", format)
	case depth != 16:
		return 0, 0, fmt.Errorf("%d bits a sample, not 16", depth)
	case channels != 1 && channels != 2:
		return 0, 0, fmt.Errorf("%d channels, not 1 or 2", channels)
	case rate == 0 || rate > 384000:
		return 0, 0, fmt.Errorf("%d samples a second", rate)
	}
	return rate, channels, nil
}

// readSamples reads the data chunk. Programs that do not know the size yet
// write all ones: then all that follows is audio.
func readSamples(r io.Reader, size uint32, channels int) ([]int16, error) {
	var data bytes.Buffer
	n, err := io.Copy(&data, io.LimitReader(r, int64(size)))
	if err != nil {
		return nil, fmt.Errorf("data chunk: %w", err)
	}
	if n < int64(size) && size != math.MaxUint32 {
		return nil, fmt.Errorf("data chunk: ends after %d of %d bytes", n, size)
	}
	whole := n - n%int64(2*channels)
	samples := make([]int16, whole/2)
	for i := range samples {
		samples[i] = int16(binary.LittleEndian.Uint16(data.Bytes()[2*i:]))
	}
	return samples, nil
}
