package journal

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"holdfast/call"
)

// openAtOnce opens a journal and does not wait for its archive.
func openAtOnce(t testing.TB, dir string) *Journal {
	t.Helper()
	j, err := Open(t.Context(), Options{Dir: dir, Owner: "one", Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := j.Close(); err != nil {
			t.Error(err)
		}
	})
	return j
}

// endless puts a block before all others of ARCHIVE that takes for ever to be read, until
// the function that it returns is called.
func endless(t testing.TB, dir string) (end func()) {
	t.Helper()
	file := filepath.Join(streamDir(dir, "ARCHIVE"), "msgs", "0.blk")
	if err := syscall.Mkfifo(file, 0o600); err != nil {
		t.Fatal(err)
	}
	return func() {
		t.Helper()
		w, err := os.OpenFile(file, os.O_WRONLY, 0) // as soon as somebody reads
		if err := errors.Join(err, os.Remove(file), w.Close()); err != nil {
			t.Fatal(err)
		}
	}
}

// A start reads those who live, and does not wait until all of the archive is read. What is
// damaged there is named afterwards.
func TestAStartDoesNotWaitForTheArchive(t *testing.T) {
	dir := t.TempDir()
	town(t, dir)
	change(t, theBlock(t, dir, "ARCHIVE").file, flip(100))
	end := endless(t, dir)
	j := openAtOnce(t, dir)
	if got := steps(j.Live(t.Context())); got != townLives {
		t.Errorf("live: %s, want %s", got, townLives)
	}
	itemsAre(t, j, "agent", "ana=busy")
	if seq := mustAppend(t, j, over("a", 4), 9); seq != 11 {
		t.Errorf("the next entry is %d, want 11", seq)
	}
	soon, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	for what, err := range map[string]error{
		"waiting for it": j.AwaitArchive(soon),
		"archiving":      j.Archive(soon, "a"),
		"a history":      lastError(soon, j),
	} {
		if !errors.Is(err, errArchiveIsRead) {
			t.Errorf("%s, while the archive is being read: %v", what, err)
		}
	}
	if damage := j.Damage(); len(damage) > 0 {
		t.Errorf("damage is told that was not found yet: %q", damage)
	}
	end()
	awaitArchive(t, j)
	if got, want := short(j.Damage()), "unreadable (1), entry 1 is missing"; got != want {
		t.Errorf("damage: %s, want %s", got, want)
	}
	if err := j.Archive(t.Context(), "a"); err != nil {
		t.Error(err)
	}
	if got, want := history(t, j, "a"), "3:a/1 7:a/2 9:a/3 11:a/4"; got != want {
		t.Errorf("history: %s, want %s", got, want)
	}
}

func lastError(ctx context.Context, j *Journal) (last error) {
	for _, last = range j.History(ctx, "c") {
	}
	return last
}

// A journal can be closed while its archive is being read.
func TestClosedWhileTheArchiveIsRead(t *testing.T) {
	dir := t.TempDir()
	town(t, dir)
	end := endless(t, dir)
	j := openAtOnce(t, dir)
	closed := make(chan error, 1)
	go func() { closed <- j.Close() }()
	end()
	if err := <-closed; err != nil {
		t.Error(err)
	}
	if err := j.AwaitArchive(t.Context()); !errors.Is(err, errClosed) {
		t.Errorf("got %v", err)
	}
}

// An archive that cannot be opened is named, keeps nobody from being heard, and is opened
// as soon as that can be done.
func TestAnArchiveThatCannotBeOpened(t *testing.T) {
	dir := t.TempDir()
	town(t, dir)
	inTheWay := filepath.Join(streamDir(dir, "ARCHIVE"), "msgs", "0.blk")
	if err := os.Symlink(inTheWay, inTheWay); err != nil {
		t.Fatal(err)
	}
	j := openAtOnce(t, dir)
	if got := steps(j.Live(t.Context())); got != townLives {
		t.Errorf("live: %s, want %s", got, townLives)
	}
	for len(j.Damage()) == 0 {
		<-time.After(time.Millisecond) // until it was tried
	}
	if got := j.Damage(); len(got) != 1 || !strings.Contains(got[0], inTheWay) {
		t.Errorf("damage: %q", got)
	}
	if err := os.Remove(inTheWay); err != nil {
		t.Fatal(err)
	}
	awaitArchive(t, j)
	if got := j.Damage(); len(got) > 0 {
		t.Errorf("in the end damage: %q", got)
	}
}

// Of a large archive a start reads what may be about those who live.
func TestDoubtsAreAskedFromTheEnd(t *testing.T) {
	dir := t.TempDir()
	town(t, dir)
	if err := os.Remove(filepath.Join(dir, copiesDir, "contact.a")); err != nil {
		t.Fatal(err)
	}
	old := theBlock(t, dir, "ARCHIVE")
	newer := old
	newer.number, newer.file = 2, filepath.Join(filepath.Dir(old.file), "2.blk")
	var data []byte
	for i := range uint64(4) {
		m := &nats.Msg{Subject: archiveSubject("x"), Data: []byte("{}"), Header: nats.Header{headerSeq: {fmt.Sprint(20 + i)}, headerUntil: {"30"}}}
		data = append(data, formatOf("ARCHIVE", 2).encode(recordOf(m, 7+i, noon))...)
	}
	if err := os.WriteFile(newer.file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	s := newSurvey(dir)
	if err := s.examineLive(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(s.ended) > 0 || s.contacts.used != 30 {
		t.Errorf("ended are %v, and CONTACTS was used up to %d", s.ended, s.contacts.used)
	}
	if until, err := s.askBlock(t.Context(), old, map[call.ContactID]uint64{"c": 2}); err != nil || until >= 9 || s.ended["c"] != 2 {
		t.Errorf("got %d, %v, ended are %v", until, err, s.ended)
	}
}

// BenchmarkOpenBesideArchive opens a journal that was killed, with an archive of some
// megabytes, and reads those who live: opened-ms. The archive takes archive-ms.
func BenchmarkOpenBesideArchive(b *testing.B) {
	for _, megabytes := range []int{0, 500} {
		b.Run(fmt.Sprint(megabytes, "MB"), func(b *testing.B) {
			dir := b.TempDir()
			town(b, dir)
			writeArchive(b, dir, megabytes<<20)
			var opened, archived time.Duration
			for b.Loop() {
				began := time.Now()
				j := openAtOnce(b, dir)
				if got := steps(j.Live(b.Context())); got != townLives {
					b.Errorf("live: %s, want %s", got, townLives)
				}
				opened += time.Since(began)
				awaitArchive(b, j)
				archived += time.Since(began)
				if err := j.Close(); err != nil {
					b.Fatal(err)
				}
				forgetIndex(b, dir)
			}
			b.ReportMetric(float64(opened.Milliseconds())/float64(b.N), "opened-ms")
			b.ReportMetric(float64(archived.Milliseconds())/float64(b.N), "archive-ms")
		})
	}
}

// writeArchive writes blocks of entries into ARCHIVE, as large as the server's.
func writeArchive(t testing.TB, dir string, size int) {
	t.Helper()
	const blockSize = 8 << 20
	seq := uint64(6) // the town's last
	for number := 2; size > 0; number++ {
		f, data := formatOf("ARCHIVE", number), []byte(nil)
		for len(data) < min(size, blockSize) {
			seq++
			e := fat(fmt.Sprint("old", seq/3), seq%3+1, 2)
			m, err := encode(e)
			if err != nil {
				t.Fatal(err)
			}
			m.Subject = archiveSubject(e.Contact.ID)
			m.Header.Set(headerSeq, fmt.Sprint(1))
			m.Header.Set(headerUntil, fmt.Sprint(2))
			data = append(data, f.encode(recordOf(m, seq, time.Now()))...)
		}
		file := filepath.Join(streamDir(dir, "ARCHIVE"), "msgs", fmt.Sprintf("%d.blk", number))
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
		size -= len(data)
	}
	forgetIndex(t, dir)
}

// forgetIndex removes what an orderly stop leaves and a kill does not.
func forgetIndex(t testing.TB, dir string) {
	t.Helper()
	for stream := range prefixes {
		if err := os.Remove(filepath.Join(streamDir(dir, stream), "msgs", "index.db")); err != nil {
			t.Fatal(err)
		}
	}
}
