package journal

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/nats-io/nats-server/v2/server"
)

// prefixes are the beginnings of the subjects of each stream.
var prefixes = map[string]string{"CONTACTS": "contact.", "ARCHIVE": "archive.", "ROUTING": routingPrefix}

// streamDir is where an embedded server keeps a stream.
func streamDir(dir, stream string) string {
	return filepath.Join(storeDir(dir, stream), server.DEFAULT_GLOBAL_ACCOUNT, "streams", stream)
}

// isDescribed reports whether the server will find a stream by its description,
// which has a checksum in a file of its own.
func isDescribed(dir, stream string) bool {
	description, err := os.ReadFile(filepath.Join(streamDir(dir, stream), server.JetStreamMetaFile))
	sum, err2 := os.ReadFile(filepath.Join(streamDir(dir, stream), server.JetStreamMetaFileSum))
	if err != nil || err2 != nil {
		return false
	}
	hash := hashOf(stream)
	_, _ = hash.Write(description)
	return hex.EncodeToString(hash.Sum(nil)) == string(sum)
}

// A block is a file with messages of a stream.
type block struct {
	stream, file string
	number       int
	last         bool // of the stream
}

func (b block) String() string { return fmt.Sprintf("stream %s, block %d", b.stream, b.number) }

// blocks returns the blocks of a stream in their order. A stream that is not
// there has none.
func blocks(dir, stream string) ([]block, error) {
	dir = filepath.Join(streamDir(dir, stream), "msgs")
	files, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("listing the blocks of stream %s: %w", stream, err)
	}
	var all []block
	for _, f := range files {
		name, isBlock := strings.CutSuffix(f.Name(), ".blk")
		if number, err := strconv.Atoi(name); isBlock && err == nil {
			all = append(all, block{stream: stream, file: filepath.Join(dir, f.Name()), number: number})
		}
	}
	slices.SortFunc(all, func(a, b block) int { return cmp.Compare(a.number, b.number) })
	if len(all) > 0 {
		all[len(all)-1].last = true
	}
	return all, nil
}

// A part is a piece of a stream, and in which block it is.
type part struct {
	block
	piece
}

// unfinished reports whether the part is a record cut short because the process was
// killed or the disk was full: the server never acknowledged it.
func (p part) unfinished(size int) bool {
	return p.last && p.to == size && errors.Is(p.err, errShort)
}

// parts yields all of a stream. An error without a part ends it.
func parts(ctx context.Context, dir, stream string) iter.Seq2[part, error] {
	return func(yield func(part, error) bool) {
		all, err := blocks(dir, stream)
		if err != nil {
			yield(part{}, err)
			return
		}
		partsIn(ctx, all)(yield)
	}
}

// partsIn yields all of some blocks, in the same way.
func partsIn(ctx context.Context, all []block) iter.Seq2[part, error] {
	return func(yield func(part, error) bool) {
		for _, b := range all {
			data, err := readBlock(b.file)
			if errors.Is(err, syscall.EISDIR) {
				if !yield(part{b, piece{err: errDirectory}}, nil) {
					return
				}
				continue
			}
			if err := errors.Join(err, ctx.Err()); err != nil {
				yield(part{}, fmt.Errorf("reading %s: %w", b, err))
				return
			}
			for p := range formatOf(b.stream, b.number).pieces(data) {
				if whole := (part{b, p}); !whole.unfinished(len(data)) && !yield(whole, nil) {
					return
				}
			}
		}
	}
}

// errDirectory means that a directory stands in the place of a block.
var errDirectory = errors.New("it is a directory")

// pageSize is how much of a file is lost at least when the disk cannot read a part of it.
const pageSize = 4 << 10

// readBlock reads a file. The parts that the disk cannot read are zeros: damaged like any
// other part of a block.
func readBlock(file string) ([]byte, error) {
	data, err := os.ReadFile(file)
	if !errors.Is(err, syscall.EIO) {
		return data, err
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil {
		data, err = readAround(f, int(info.Size()))
	}
	return data, errors.Join(err, f.Close())
}

// readAround reads so many bytes page by page. If it can read none of several pages, the
// disk fails rather than a part of it, and may recover.
func readAround(r io.ReaderAt, size int) ([]byte, error) {
	data, lost := make([]byte, size), 0
	for at := 0; at < size; at += pageSize {
		page := data[at:min(at+pageSize, size)]
		switch _, err := r.ReadAt(page, int64(at)); {
		case errors.Is(err, syscall.EIO):
			if lost += len(page); lost == size && size > pageSize {
				return nil, err
			}
			clear(page)
		case err != nil && !errors.Is(err, io.EOF):
			return nil, err
		}
	}
	return data, nil
}
