package journal

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"holdfast/call"
)

// follow collects n entries after a sequence.
func follow(t testing.TB, j *Journal, after uint64, n int) string {
	t.Helper()
	var got []string
	for e, err := range j.Follow(t.Context(), after) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprintf("%d:%s/%d", e.Seq, e.Contact.ID, e.Step))
		if len(got) == n {
			break
		}
	}
	return strings.Join(got, " ")
}

func TestFollowGoesOnAsEntriesAreWritten(t *testing.T) {
	j := open(t, t.TempDir())
	last := live(t, j, "a", 2)
	var got []uint64
	for e, err := range j.Follow(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, e.Seq)
		if e.Step == 5 {
			break
		}
		if e.Step >= 2 {
			last = mustAppend(t, j, entry("a", e.Step+1), last)
		}
	}
	if want := "[1 2 3 4 5]"; fmt.Sprint(got) != want {
		t.Errorf("got %v, want %s", got, want)
	}
}

func TestFollowFindsWhatIsArchived(t *testing.T) {
	j := open(t, t.TempDir())
	a := live(t, j, "a", 1) // 1
	archive(t, j, "b", 2)   // 2, 3
	mustAppend(t, j, entry("a", 2), a)
	c := live(t, j, "c", 1) // 5
	archive(t, j, "d", 2)   // 6, 7
	mustAppend(t, j, over("c", 2), c)
	if err := j.Archive(t.Context(), "c"); err != nil { // 5 and 8, after 7 in the archive
		t.Fatal(err)
	}
	all := strings.Fields("1:a/1 2:b/1 3:b/2 4:a/2 5:c/1 6:d/1 7:d/2 8:c/2")
	for after := range all {
		want := strings.Join(all[after:], " ")
		if got := follow(t, j, uint64(after), len(all)-after); got != want {
			t.Errorf("after %d: %s, want %s", after, got, want)
		}
	}
}

// An interrupted stream does not return a message by its sequence, so many times.
type interrupted struct {
	jetstream.Stream
	times int
}

func (s *interrupted) GetMsg(ctx context.Context, seq uint64, opts ...jetstream.GetMsgOpt) (*jetstream.RawStreamMsg, error) {
	if len(opts) == 0 && s.times > 0 {
		s.times--
		return nil, context.DeadlineExceeded
	}
	return s.Stream.GetMsg(ctx, seq, opts...)
}

// forgetful has the journal ask the stream for the entry that those of a contact build
// on, which fails so many times.
func forgetful(t testing.TB, j *Journal, id call.ContactID, times int) {
	t.Helper()
	j.bases.forget(id)
	if err := j.copies.drop(contactSubject(id)); err != nil {
		t.Fatal(err)
	}
	j.contacts = &interrupted{j.contacts, times}
}

// An error that passes costs no entry: it ends Follow, which may go on after the last one.
func TestFollowLosesNothingByAPassingError(t *testing.T) {
	j := open(t, t.TempDir())
	mustAppend(t, j, fat("a", 2, 3), mustAppend(t, j, fat("a", 1, 3), 0))
	forgetful(t, j, "a", 1)
	for e, err := range j.Follow(t.Context(), 1) {
		if err == nil || e.Seq != 0 {
			t.Errorf("got entry %d, %v", e.Seq, err)
			break
		}
	}
	if got, want := follow(t, j, 1, 1), "2:a/2"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	j.bases.forget("a")
	d := j.decoder(t.Context())
	j.contacts.(*interrupted).times = 1
	m, err := j.contacts.GetMsg(t.Context(), 2, jetstream.WithGetMsgSubject("contact.a"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.entry(rawMessage(m, 2)); err == nil {
		t.Error("the entry was read without what it builds on")
	}
	if _, err := d.entry(rawMessage(m, 2)); err != nil {
		t.Errorf("a passing error is remembered: %v", err)
	}
}

// A reader that knows most of it does not look through the whole archive.
func TestFollowSkipsWhatWasArchivedLongAgo(t *testing.T) {
	j := open(t, t.TempDir())
	for c := range 20 {
		archive(t, j, fmt.Sprint("c", c), 3) // three messages in CONTACTS, four in ARCHIVE
	}
	for after, want := range map[uint64]uint64{0: 1, 2: 1, 3: 5, 30: 41, 31: 41, 32: 41, 33: 45, 59: 77, 60: 81, 99: 81} {
		if got, err := j.archivedSince(t.Context(), after, 0); err != nil || got != want {
			t.Errorf("after %d it begins at %d (%v), want %d", after, got, err, want)
		}
		if all, err := j.archivedSince(t.Context(), after, archiveSlack); err != nil || all != 1 {
			t.Errorf("with slack it begins at %d (%v), want 1", all, err)
		}
	}
}

func TestFollowSeesWhatIsArchivedUnderIt(t *testing.T) {
	j := open(t, t.TempDir())
	live(t, j, "a", 1)
	archive(t, j, "b", 2)
	var got []string
	for e, err := range j.Follow(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprintf("%d:%s/%d", e.Seq, e.Contact.ID, e.Step))
		if e.Seq == 1 { // the reader is slow: it sees none of these in time
			archive(t, j, "c", 3)
			archive(t, j, "d", 1)
		}
		if e.Contact.ID == "d" {
			break
		}
	}
	if got, want := strings.Join(got, " "), "1:a/1 2:b/1 3:b/2 4:c/1 5:c/2 6:c/3 7:d/1"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// What the reader has from CONTACTS already, it does not get again because it
// has been archived meanwhile.
func TestFollowYieldsOnceWhatIsArchivedOnItsWay(t *testing.T) {
	j := open(t, t.TempDir())
	live(t, j, "a", 1)    // 1
	archive(t, j, "b", 2) // 2, 3: missing from CONTACTS, so the reader looks into ARCHIVE
	c := live(t, j, "c", 1)
	mustAppend(t, j, over("c", 2), c) // 4, 5
	d := live(t, j, "d", 1)           // 6
	var got []string
	for e, err := range j.Follow(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprintf("%d:%s/%d", e.Seq, e.Contact.ID, e.Step))
		if e.Seq == 1 { // 4 to 6 are on their way to the reader
			if err := j.Archive(t.Context(), "c"); err != nil {
				t.Fatal(err)
			}
		}
		if e.Seq == d {
			break
		}
	}
	if got, want := strings.Join(got, " "), "1:a/1 2:b/1 3:b/2 4:c/1 5:c/2 6:d/1"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// Whoever follows from the last entry on gets what is new, and only that.
func TestFollowFromNowOn(t *testing.T) {
	j := open(t, t.TempDir())
	for _, want := range []uint64{0, 2, 4} {
		last, err := j.Last(t.Context())
		if err != nil || last != want {
			t.Fatalf("the last is %d (%v), want %d", last, err, want)
		}
		archive(t, j, fmt.Sprint("c", want), 2)
	}
	live(t, j, "d", 1)
	if got, want := follow(t, j, 6, 1), "7:d/1"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestFollowSaysWhatItCannotRead(t *testing.T) {
	j := open(t, t.TempDir())
	live(t, j, "a", 1)
	if _, err := j.js.PublishMsg(t.Context(), &nats.Msg{Subject: "contact.b", Data: []byte("{")}); err != nil {
		t.Fatal(err)
	}
	live(t, j, "c", 1)
	var got []string
	for e, err := range j.Follow(t.Context(), 0) {
		got = append(got, fmt.Sprint(e.Seq, err != nil))
		if e.Seq == 3 {
			break
		}
	}
	if got, want := fmt.Sprint(got), "[1 false 2 true 3 false]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestFollowEnds(t *testing.T) {
	t.Run("with its context", func(t *testing.T) {
		j := open(t, t.TempDir())
		live(t, j, "a", 1)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		n := 0
		for _, err := range j.Follow(ctx, 0) {
			if err != nil {
				t.Fatal(err)
			}
			n++
			cancel()
		}
		if n != 1 {
			t.Errorf("%d entries", n)
		}
	})
	t.Run("with the journal", func(t *testing.T) {
		j := open(t, t.TempDir())
		live(t, j, "a", 1)
		var said error
		for _, err := range j.Follow(t.Context(), 0) {
			if said = err; err == nil {
				go func() { _ = j.Close() }()
			}
		}
		if said == nil {
			t.Error("it ended without a word")
		}
	})
	t.Run("with its stream, and may go on", func(t *testing.T) {
		j := open(t, t.TempDir())
		last := live(t, j, "a", 1)
		var said error
		for e, err := range j.Follow(t.Context(), 0) {
			if said = err; err == nil && e.Seq == 1 {
				if err := j.js.DeleteStream(t.Context(), "CONTACTS"); err != nil {
					t.Fatal(err)
				}
			}
		}
		if said == nil {
			t.Error("it ended without a word")
		}
		mustAppend(t, j, entry("a", 2), last)
		if got, want := follow(t, j, last, 1), "2:a/2"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}

// Readers that break off anywhere and follow again, while contacts come, go on
// and are archived, together miss nothing and see nothing twice.
func TestFollowMissesNothingAndRepeatsNothing(t *testing.T) {
	const contacts, entries = 40, 40 * 5
	j := open(t, t.TempDir())
	written := make(chan error)
	for w := range 4 {
		go func() { written <- j.writeContacts(t.Context(), w, contacts/4) }()
	}
	readers := make(chan string)
	for r := range 4 {
		go func() { readers <- j.followBrokenly(t.Context(), rand.New(rand.NewPCG(1, uint64(r))), entries) }()
	}
	for range 4 {
		if err := <-written; err != nil {
			t.Fatal(err)
		}
	}
	for range 4 {
		if wrong := <-readers; wrong != "" {
			t.Error(wrong)
		}
	}
}

// writeContacts writes contacts of five steps and archives each.
func (j *Journal) writeContacts(ctx context.Context, writer, n int) error {
	for c := range n {
		id := fmt.Sprintf("w%dc%d", writer, c)
		var last uint64
		for step := uint64(1); step <= 5; step++ {
			e := entry(id, step)
			if step == 5 {
				e = over(id, step)
			}
			seq, err := j.Append(ctx, e, last)
			if err != nil {
				return err
			}
			last = seq
		}
		if err := j.Archive(ctx, call.ContactID(id)); err != nil {
			return err
		}
	}
	return nil
}

func (j *Journal) followBrokenly(ctx context.Context, r *rand.Rand, entries int) (wrong string) {
	var last uint64
	for last < uint64(entries) {
		left := 1 + r.IntN(60)
		for e, err := range j.Follow(ctx, last) {
			if err != nil {
				return err.Error()
			}
			if e.Seq != last+1 {
				return fmt.Sprintf("after %d came %d", last, e.Seq)
			}
			last = e.Seq
			if left--; left == 0 || last == uint64(entries) {
				break
			}
		}
	}
	return ""
}
