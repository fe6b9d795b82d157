package journal

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"holdfast/call"
)

// A survey is the contents of the files of an embedded server's journal, and the entries
// they have lost.
type survey struct {
	dir      string
	copies   map[string]secondCopy
	contacts *stream
	archive  *stream
	routing  *stream
	ended    map[call.ContactID]uint64 // of contacts in doubt, their last entry if ARCHIVE has it
	mark     mark
	gaps     []gap // in ARCHIVE, also those that were known
	damage   []string
}

// A stream is the contents of a stream's blocks.
type stream struct {
	name    string
	kept    map[uint64]kept // messages; not of ARCHIVE, which may be large
	removed map[uint64]int  // messages, and the block that notes it
	gone    map[uint64]kept // of these, the messages still in a block
	firsts  map[int]uint64  // the first message of each block that has any
	reached uint64          // the last sequence as the server will see it
	used    uint64          // the last sequence that was ever used, as far as is known

	// The losses.
	bad         map[int]bool    // blocks with bytes that are not a record
	restored    []record        // comes from copies, in order
	revived     map[uint64]bool // were removed, and are not in ARCHIVE
	orphans     map[uint64]bool // build on an entry that is lost
	dropped     map[call.ContactID]bool
	undescribed bool
	hurt        bool // the server's index of its blocks is not true any more
}

// kept has the data needed of a message in a block.
type kept struct {
	subject string
	step    uint64
	base    uint64 // the entry it builds on
	block   int
}

func newStream(name string) *stream {
	return &stream{
		name: name, kept: map[uint64]kept{}, removed: map[uint64]int{}, gone: map[uint64]kept{}, firsts: map[int]uint64{},
		bad: map[int]bool{}, revived: map[uint64]bool{}, orphans: map[uint64]bool{}, dropped: map[call.ContactID]bool{},
	}
}

func newSurvey(dir string) *survey {
	return &survey{
		dir: dir, ended: map[call.ContactID]uint64{},
		contacts: newStream("CONTACTS"), archive: newStream("ARCHIVE"), routing: newStream("ROUTING"),
	}
}

// examine reads a journal's directory, and changes nothing.
func examine(ctx context.Context, dir string) (*survey, error) {
	s := newSurvey(dir)
	err := s.examineLive(ctx)
	if err == nil {
		err = s.examineArchive(ctx)
	}
	return s, err
}

// examineLive reads CONTACTS, ROUTING and the copies, and no more of ARCHIVE than is needed
// for these.
func (s *survey) examineLive(ctx context.Context) (err error) {
	if s.copies, err = (&copies{dir: s.dir}).all(); err != nil {
		return err
	}
	for _, st := range []*stream{s.contacts, s.routing} {
		if err := s.read(ctx, st); err != nil {
			return err
		}
	}
	if err := s.askArchive(ctx); err != nil {
		return err
	}
	s.findDescription(s.contacts)
	s.findDescription(s.routing)
	s.drop()
	s.restore()
	s.findOrphans()
	s.findLostSteps()
	return nil
}

func (s *survey) findDescription(st *stream) {
	if st.used > 0 && !isDescribed(s.dir, st.name) {
		st.undescribed = true
		s.found(st, "stream %s: its description (meta.inf) cannot be read; the server makes it anew", st.name)
	}
}

func (s *survey) found(st *stream, format string, args ...any) {
	st.hurt = true
	s.damage = append(s.damage, fmt.Sprintf(format, args...))
}

// read reads CONTACTS or ROUTING.
func (s *survey) read(ctx context.Context, st *stream) error {
	for p, err := range parts(ctx, s.dir, st.name) {
		if err != nil {
			return err
		}
		s.take(st, p)
		if p.err == nil && p.isMessage() {
			st.kept[p.seq] = keptIn(p.record, p.block.number)
		}
	}
	for seq := range st.removed {
		if k, has := st.kept[seq]; has {
			st.gone[seq] = k
			delete(st.kept, seq)
		}
	}
	return nil
}

// take notes a part of a block, alike for every stream.
func (s *survey) take(st *stream, p part) {
	if p.err != nil {
		st.bad[p.block.number] = true
		s.found(st, "%s", p.damage())
		return
	}
	st.used = max(st.used, p.seq)
	_, begun := st.firsts[p.block.number]
	switch {
	case !p.removes:
		if st.reached = max(st.reached, p.seq); !begun {
			st.firsts[p.block.number] = p.seq
		}
	case !begun: // a block with messages makes the server forget its last removals
		st.reached = max(st.reached, p.seq)
		fallthrough
	default:
		st.removed[p.seq] = p.block.number
	}
}

// damage describes a part that is not a record. Its subject may be readable
// still.
func (p part) damage() string {
	if errors.Is(p.err, errDirectory) {
		return fmt.Sprintf("%s: unreadable: %v", p.block, p.err)
	}
	text := fmt.Sprintf("%s, bytes %d to %d: unreadable: %v", p.block, p.from, p.to, p.err)
	if subject := []byte(p.subject); bytes.HasPrefix(subject, []byte(prefixes[p.stream])) {
		text += fmt.Sprintf(" (it seems to be entry %d of %s)", p.seq, named(p.subject))
	}
	return text
}

// examineArchive reads ARCHIVE, from which nothing is removed but the oldest: an entry
// missing between two others was lost.
func (s *survey) examineArchive(ctx context.Context) error {
	had, marked := (&copies{dir: s.dir}).newest(markSubject)
	if err := json.Unmarshal(had.data, &s.mark); err != nil {
		marked = false
	}
	s.gaps = slices.Clone(s.mark.Gaps)
	var first, last uint64
	for p, err := range parts(ctx, s.dir, s.archive.name) {
		if err != nil {
			return err
		}
		if s.take(s.archive, p); p.err != nil || p.removes {
			continue
		}
		if last != 0 && p.seq > last+1 {
			s.missing(last+1, p.seq-1)
		}
		first, last = cmp.Or(first, p.seq), p.seq
	}
	if marked {
		s.compareWithMark(first, last, had.seq)
	}
	s.findDescription(s.archive)
	return nil
}

// compareWithMark finds entries that are missing in ARCHIVE before the first one
// and after the last one that is there.
func (s *survey) compareWithMark(first, last, marked uint64) {
	s.archive.used = max(s.archive.used, marked)
	if first > s.mark.First && time.Now().Before(s.mark.Until) {
		s.missing(s.mark.First, first-1)
	}
	if last = max(last, s.archive.reached, s.mark.First-1); marked > last {
		s.missing(last+1, marked)
	}
}

// missing notes that entries are missing in ARCHIVE.
func (s *survey) missing(first, last uint64) {
	for _, gap := range (gap{First: first, Last: last, Found: time.Now()}).without(s.mark.Gaps) {
		s.gaps = append(s.gaps, gap)
		s.found(s.archive, "%s", gap)
	}
}

// streamOf returns the stream of a subject; a mark has none.
func streamOf(subject string) string {
	for stream, prefix := range prefixes {
		if strings.HasPrefix(subject, prefix) {
			return stream
		}
	}
	return ""
}

// drop takes out of CONTACTS the remaining entries of contacts that are archived to their
// end. They come back when the note that they were removed is lost.
func (s *survey) drop() {
	for id, ended := range s.ended {
		if newest := s.contacts.newest()[contactSubject(id)]; newest != 0 && newest < ended {
			s.contacts.dropped[id], s.contacts.hurt = true, true
		}
	}
	maps.DeleteFunc(s.contacts.kept, func(_ uint64, k kept) bool { return s.contacts.dropped[contactOf(k.subject)] })
}

// newest returns the newest message of each subject.
func (st *stream) newest() map[string]uint64 {
	all := map[string]uint64{}
	for seq, k := range st.kept {
		all[k.subject] = max(all[k.subject], seq)
	}
	return all
}

// restore finds the copies of the lost messages.
func (s *survey) restore() {
	for _, st := range []*stream{s.contacts, s.routing} {
		newest := st.newest()
		for _, subject := range slices.Sorted(maps.Keys(s.copies)) {
			c := s.copies[subject]
			_, there := st.kept[c.seq]
			switch {
			case streamOf(subject) != st.name || there:
			case st == s.contacts && c.seq <= s.ended[contactOf(subject)]:
			case st == s.routing && c.seq < newest[subject]: // only the newest counts
			default:
				s.restoreRecord(st, c.record)
			}
		}
	}
	s.restoreBases()
	for _, st := range []*stream{s.contacts, s.routing} {
		slices.SortFunc(st.restored, func(a, b record) int { return cmp.Compare(a.seq, b.seq) })
	}
}

// restoreRecord restores a message. One of a contact that was removed and is not in ARCHIVE
// was removed from another journal: files that were copied one by one while a server wrote
// are of different times.
func (s *survey) restoreRecord(st *stream, r record) {
	if block, noted := st.removed[r.seq]; noted {
		delete(st.removed, r.seq)
		st.revived[r.seq], st.bad[block] = true, true
	}
	k, has := st.gone[r.seq]
	if !has {
		k = keptIn(r, 0)
		st.restored = append(st.restored, r)
	}
	st.kept[r.seq] = k
	st.used = max(st.used, r.seq)
	s.found(st, "stream %s: entry %d of %s was missing, and comes from its copy", st.name, r.seq, named(r.subject))
}

// findLostSteps finds the entries that contacts have lost in both places: each step of a
// contact that has not ended must be there.
func (s *survey) findLostSteps() {
	last := map[string]uint64{} // step of each subject
	for _, seq := range slices.Sorted(maps.Keys(s.contacts.kept)) {
		k := s.contacts.kept[seq]
		if before := last[k.subject]; k.step > before+1 && s.ended[contactOf(k.subject)] == 0 {
			what := fmt.Sprintf("steps %d to %d of %s are", before+1, k.step-1, named(k.subject))
			if before+2 == k.step {
				what = fmt.Sprintf("step %d of %s is", before+1, named(k.subject))
			}
			s.found(s.contacts, "stream CONTACTS: %s lost", what)
		}
		if k.step != 0 { // otherwise it is not of an entry
			last[k.subject] = k.step
		}
	}
}
