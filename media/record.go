package media

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

const (
	waiting   = 100 // frames that wait for the disk before any is dropped: 2 s
	headEvery = 100 // frames after which the WAV header is made true again
)

// A recording writes the audio that a leg sends (left) and hears (right) into a
// WAV file, in a goroutine of its own, so that a slow disk costs a piece of the
// recording and never of the call. A kill leaves a file that can be read.
type recording struct {
	requested bool
	heard     voice
	frames    chan stereo
	dropped   int // frames; the writer reads it after the end
	log       *slog.Logger
}

// A stereo is one frame, left and right alternating, as it stands in the file.
type stereo [4 * frame]byte

// startRecording begins to record the leg, on request or whatever is asked for,
// if the engine records and it is not recorded so already.
func (l *Leg) startRecording(requested bool) {
	e := l.room.engine
	if e.options.RecordDir == "" || slices.ContainsFunc(l.recordings, recordedAs(requested)) {
		return
	}
	name := fmt.Sprintf("%s-leg%d", fileName(string(l.room.id)), l.number)
	if requested {
		name += "-requested"
	}
	r := &recording{
		requested: requested,
		frames:    make(chan stereo, waiting),
		log:       e.options.Log.With("recording", name),
	}
	l.recordings = append(l.recordings, r)
	e.running.Go(func() { r.write(e.options.RecordDir, name) })
}

// recordOnRequest brings the leg's recording on request to be, or to its end.
func (l *Leg) recordOnRequest() {
	if l.record {
		l.startRecording(true)
		return
	}
	l.recordings = slices.DeleteFunc(l.recordings, func(r *recording) bool {
		if r.requested {
			r.end()
		}
		return r.requested
	})
}

func recordedAs(requested bool) func(*recording) bool {
	return func(r *recording) bool { return r.requested == requested }
}

// tick passes on the audio that l has sent and heard in this slot.
func (r *recording) tick(l *Leg) {
	var s stereo
	var heard [frame]int16
	r.heard.take(&heard)
	for i := range heard {
		binary.LittleEndian.PutUint16(s[4*i:], uint16(l.said[i]))
		binary.LittleEndian.PutUint16(s[4*i+2:], uint16(heard[i]))
	}
	select {
	case r.frames <- s:
	default:
		r.dropped++
	}
}

// end ends the recording; waiting frames are still written. No tick may follow.
func (r *recording) end() { close(r.frames) }

// write writes frames until the recording ends. Frames that cannot be written
// are reported once and then dropped: the call is more important.
func (r *recording) write(dir, name string) {
	if err := r.writeTo(dir, name); err != nil {
		r.log.Error("recording", "error", err)
	}
	for range r.frames {
	}
	if r.dropped > 0 {
		r.log.Warn("the disk was too slow: parts of the recording are missing", "seconds", float64(r.dropped)/50)
	}
}

func (r *recording) writeTo(dir, name string) (err error) {
	f, err := create(dir, name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := bufio.NewWriterSize(f, 64<<10)
	size := uint32(0)
	w.Write(make([]byte, wavHeaderSize))
	for n := 0; ; n++ {
		if n%headEvery == 0 {
			if err := head(f, w, size); err != nil {
				return err
			}
		}
		s, more := <-r.frames
		if !more {
			return head(f, w, size)
		}
		w.Write(s[:]) // an error stays with w until head
		size += uint32(len(s))
	}
}

// head writes into the file's header that size bytes of audio follow it.
func head(f *os.File, w *bufio.Writer, size uint32) error {
	if err := w.Flush(); err != nil {
		return err
	}
	h := wavHeader(rate, 2, size)
	_, err := f.WriteAt(h[:], 0)
	return err
}

// create makes a file that was not there before: name.wav, or after a restart
// name-2.wav and so on.
func create(dir, name string) (*os.File, error) {
	path := filepath.Join(dir, name)
	for n := 2; ; n++ {
		f, err := os.OpenFile(path+".wav", os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if !errors.Is(err, fs.ErrExist) {
			return f, err
		}
		path = filepath.Join(dir, fmt.Sprintf("%s-%d", name, n))
	}
}

// fileName keeps the characters of a room's id that any file system allows in a
// name.
func fileName(id string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.ContainsRune("-_.@", c):
			return c
		}
		return '_'
	}, id)
}
