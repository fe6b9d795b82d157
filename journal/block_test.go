package journal

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go/jetstream"
)

// The format of blocks is nats-server's own affair. Whoever takes another version
// reads its filestore.go anew, and the tests here say whether it is still so.
func TestBlocksAreOfTheKnownVersion(t *testing.T) {
	if server.VERSION != "2.15.2" {
		t.Errorf("nats-server is %s; does it write blocks as 2.15.2 did?", server.VERSION)
	}
}

// TestBlocksAsTheServerReadsThem writes and removes at random, in several
// blocks, and compares what is read from the files with what the server has.
func TestBlocksAsTheServerReadsThem(t *testing.T) {
	dir := t.TempDir()
	j, err := Open(t.Context(), Options{Dir: dir, Owner: "one", SyncInterval: 1 << 40})
	if err != nil {
		t.Fatal(err)
	}
	awaitArchive(t, j)
	withSmallBlocks(t, j)
	random := rand.New(rand.NewPCG(1, 2))
	last, step, items, lives := map[string]uint64{}, map[string]uint64{}, map[string]uint64{}, map[string]int{}
	for range 1500 {
		name := fmt.Sprint("c", random.IntN(20))
		id := fmt.Sprintf("%s-%d", name, lives[name])
		switch random.IntN(12) {
		case 0:
			if last[id] > 0 {
				mustAppend(t, j, over(id, step[id]+1), last[id])
				if err := j.Archive(t.Context(), entry(id, 1).Contact.ID); err != nil {
					t.Fatal(err)
				}
				delete(last, id)
				lives[name]++
			}
		case 1:
			items[name] = mustPut(t, j, "agent", name, strings.Repeat("x", random.IntN(6e3)), items[name])
		default:
			e := entry(id, step[id]+1)
			e.Trace = []string{noise(random.IntN(6e3))}
			last[id], step[id] = mustAppend(t, j, e, last[id]), e.Step
		}
	}
	for _, s := range []jetstream.Stream{j.contacts, j.past.stream, j.routing} {
		stream := s.CachedInfo().Config.Name
		all, err := blocks(dir, stream)
		if err != nil || len(all) < 2 {
			t.Errorf("stream %s has only the blocks %v (%v)", stream, all, err)
		}
		if difference := compare(t.Context(), j, s, stream); difference != "" {
			t.Errorf("stream %s: %s", stream, difference)
		}
	}
	again := open(t, killed(t, j))
	if damage := again.Damage(); len(damage) > 0 {
		t.Errorf("damage: %q", damage)
	}
	live := map[string]uint64{}
	for e, err := range again.Live(t.Context()) {
		if err != nil {
			t.Error(err)
		}
		live[string(e.Contact.ID)] = e.Seq
	}
	if !maps.Equal(live, last) {
		t.Errorf("after a kill live are %v, want %v", live, last)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
}

// withSmallBlocks makes the empty streams of a journal anew, with blocks of 32 kB: the
// server takes such blocks for a stream that was small when it was made.
func withSmallBlocks(t *testing.T, j *Journal) {
	t.Helper()
	for _, s := range []jetstream.Stream{j.contacts, j.past.stream, j.routing} {
		js, config := j.js, s.CachedInfo().Config
		if config.Name == "ARCHIVE" {
			js = j.past.js
		}
		config.MaxBytes = 100_000
		if err := js.DeleteStream(t.Context(), config.Name); err != nil {
			t.Fatal(err)
		}
		if _, err := js.CreateStream(t.Context(), config); err != nil {
			t.Fatal(err)
		}
		config.MaxBytes = -1
		if _, err := js.UpdateStream(t.Context(), config); err != nil {
			t.Fatal(err)
		}
	}
}

// compare is the first difference between what the server has of a stream and
// what its files have.
func compare(ctx context.Context, j *Journal, s jetstream.Stream, stream string) string {
	files, removed := map[uint64]record{}, map[uint64]bool{}
	newest := map[string]uint64{}
	for p, err := range parts(ctx, j.hold.dir, stream) {
		switch {
		case err != nil || p.err != nil:
			return fmt.Sprint(err, p.err)
		case p.removes:
			removed[p.seq] = true
		case stream == "ROUTING": // which keeps one message of each subject
			delete(files, newest[p.subject])
			newest[p.subject] = p.seq
			fallthrough
		default:
			files[p.seq] = p.record
		}
	}
	maps.DeleteFunc(files, func(seq uint64, _ record) bool { return removed[seq] })
	for m, err := range j.all(ctx, s, ">", 1, false) {
		if err != nil {
			return err.Error()
		}
		meta, err := m.Metadata()
		if err != nil {
			return err.Error()
		}
		seq := meta.Sequence.Stream
		f := files[seq]
		if f.subject != m.Subject() || !bytes.Equal(f.data, m.Data()) || fmt.Sprint(messageOf(f).header) != fmt.Sprint(m.Headers()) {
			return fmt.Sprintf("the server has %d of %s, the files have %q", seq, m.Subject(), f.subject)
		}
		delete(files, seq)
	}
	// With a block of which all messages were removed the server removes the notes in it that
	// messages of other blocks were.
	for p, err := range parts(ctx, j.hold.dir, "ARCHIVE") {
		if err != nil || p.err != nil {
			return fmt.Sprint(err, p.err)
		}
		if f := files[p.headerNumber(headerSeq)]; stream == "CONTACTS" && contactOf(f.subject) == contactOf(p.subject) {
			delete(files, f.seq)
		}
	}
	if len(files) > 0 {
		return fmt.Sprintf("the server does not have %v", slices.Sorted(maps.Keys(files)))
	}
	return ""
}

// aBlock is one with two entries of contacts, the first of so many bytes.
func aBlock(t testing.TB) (data []byte, f *format, first int) {
	t.Helper()
	dir := t.TempDir()
	j := open(t, dir)
	live(t, j, "a", 1)
	live(t, j, "b", 1)
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	b := theBlock(t, dir, "CONTACTS")
	data, err := os.ReadFile(b.file)
	if err != nil {
		t.Fatal(err)
	}
	f = formatOf("CONTACTS", b.number)
	if r, err := f.parse(data); err != nil || len(r.raw) != len(data)/2 {
		t.Fatalf("the block of %d bytes begins with a record of %d (%v)", len(data), len(r.raw), err)
	}
	return data, f, len(data) / 2
}

// Each bit of a record counts, and costs no other record.
func TestEveryBitOfARecordIsChecked(t *testing.T) {
	data, format, first := aBlock(t)
	for bit := range 8 * first {
		damaged := bytes.Clone(data)
		damaged[bit/8] ^= 1 << (bit % 8)
		got := slices.Collect(format.pieces(damaged))
		if len(got) != 2 || got[0].err == nil || got[1].from != first || got[1].err != nil {
			t.Errorf("bit %d of byte %d: %v", bit%8, bit/8, got)
		}
	}
}

// Whatever is in a block, its pieces are all of it, and those that are records
// are whole.
func FuzzPieces(f *testing.F) {
	data, format, first := aBlock(f)
	f.Add(data)
	f.Add(data[first/2:])
	f.Add(data[:len(data)-1])
	f.Add(append(bytes.Repeat([]byte{0}, 40), data...))
	f.Fuzz(func(t *testing.T, data []byte) {
		at := 0
		for p := range format.pieces(data) {
			if p.from != at || p.to <= at {
				t.Fatalf("bytes %d to %d come after byte %d", p.from, p.to, at)
			}
			at = p.to
			if p.err == nil && !bytes.Equal(p.raw, data[p.from:p.to]) {
				t.Fatalf("the record of bytes %d to %d is of %d bytes", p.from, p.to, len(p.raw))
			}
		}
		if at != len(data) {
			t.Fatalf("the pieces end at %d of %d bytes", at, len(data))
		}
	})
}

// A scratched disk cannot read one page, or none.
type scratched struct {
	text string
	page int64
}

const everyPage = -1

func (s scratched) ReadAt(p []byte, off int64) (int, error) {
	if off/pageSize == s.page || s.page == everyPage {
		return copy(p, "nonsense"), &fs.PathError{Op: "read", Path: "1.blk", Err: syscall.EIO}
	}
	return strings.NewReader(s.text).ReadAt(p, off)
}

// What the disk cannot read of a block is damaged, and the rest is read.
func TestReadAround(t *testing.T) {
	text := strings.Repeat("0123456789", pageSize/4)
	for page := range int64(4) { // the last is behind the end
		data, err := readAround(scratched{text, page}, len(text))
		from, to := min(int(page)*pageSize, len(text)), min(int(page+1)*pageSize, len(text))
		want := text[:from] + strings.Repeat("\x00", to-from) + text[to:]
		if err != nil || string(data) != want {
			t.Errorf("page %d: got %d bytes that are not as they should be (%v)", page, len(data), err)
		}
	}
	if _, err := readAround(scratched{text, everyPage}, len(text)); !MayPass(err) {
		t.Errorf("a disk that reads nothing gives %v", err)
	}
}
