package journal

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// damagedDir is where blocks are kept as they were found.
const damagedDir = "damaged"

// repair makes CONTACTS and ROUTING in a directory whole again as far as that can be
// done, before a server opens them: that would cut each block at its first bad record. It
// returns its findings. It keeps the original of every file that it changes.
func repair(ctx context.Context, c *copies) (*survey, error) {
	s := newSurvey(c.dir)
	if err := s.examineLive(ctx); err != nil {
		return nil, err
	}
	if err := s.repairAll(ctx, s.contacts, s.routing); err != nil {
		return nil, err
	}
	if err := s.renew(ctx, c); err != nil { // the journal can do without
		c.log.Error("the second copies in the journal are not up to date", "error", err)
	}
	return s, nil
}

// repairArchive does so with ARCHIVE.
func repairArchive(ctx context.Context, dir string) (*survey, error) {
	s := newSurvey(dir)
	if err := s.examineArchive(ctx); err != nil {
		return nil, err
	}
	return s, s.repairAll(ctx, s.archive)
}

func (s *survey) repairAll(ctx context.Context, streams ...*stream) error {
	aside := filepath.Join(s.dir, damagedDir, time.Now().UTC().Format("20060102T150405.000Z"))
	for _, st := range streams {
		if err := s.repair(ctx, st, aside); err != nil {
			return fmt.Errorf("repairing stream %s: %w", st.name, err)
		}
	}
	return nil
}

// repair replaces a stream's blocks with its undamaged records and the restored ones.
func (s *survey) repair(ctx context.Context, st *stream, aside string) error {
	all, err := blocks(s.dir, st.name)
	if err != nil {
		return err
	}
	if st.hurt {
		index := filepath.Join(streamDir(s.dir, st.name), "msgs", "index.db")
		if err := os.Remove(index); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if st.undescribed {
		if err := s.undescribe(st, aside); err != nil {
			return err
		}
	}
	if len(all) == 0 && len(st.restored) > 0 {
		all = append(all, s.firstBlock(st))
	}
	added := st.whereTo(all)
	for _, b := range all {
		if err := ctx.Err(); err != nil {
			return err
		}
		if st.bad[b.number] || len(added[b.number]) > 0 || len(st.dropped) > 0 {
			if err := s.rewrite(st, b, added[b.number], aside); err != nil {
				return err
			}
		}
	}
	return s.remember(st, all)
}

// undescribe removes a description that the server would stumble over: it makes
// a new one for the blocks when the stream is opened.
func (s *survey) undescribe(st *stream, aside string) error {
	for _, name := range []string{server.JetStreamMetaFile, server.JetStreamMetaFileSum} {
		file := filepath.Join(streamDir(s.dir, st.name), name)
		if err := keepAside(s.dir, file, filepath.Join(aside, st.name, name)); err != nil {
			return err
		}
		if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

func (s *survey) firstBlock(st *stream) block {
	return block{stream: st.name, file: filepath.Join(streamDir(s.dir, st.name), "msgs", "1.blk"), number: 1}
}

// whereTo returns which of the restored messages go to which block, so that the
// sequences in blocks and from block to block ascend.
func (st *stream) whereTo(all []block) map[int][]record {
	to := map[int][]record{}
	for _, r := range st.restored {
		number := all[0].number
		for _, b := range all {
			if first, has := st.firsts[b.number]; has && first < r.seq {
				number = b.number
			}
		}
		to[number] = append(to[number], r)
	}
	return to
}

// rewrite writes a block again with its readable records and the restored ones.
func (s *survey) rewrite(st *stream, b block, added []record, aside string) error {
	old, err := readBlock(b.file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.EISDIR) {
		return err
	}
	f := formatOf(st.name, b.number)
	var whole []byte
	for p := range f.pieces(old) {
		if p.err != nil || p.removes && st.revived[p.seq] || p.isMessage() && (st.dropped[contactOf(p.subject)] || st.orphans[p.seq]) {
			continue
		}
		for len(added) > 0 && !p.removes && added[0].seq < p.seq {
			whole = append(whole, f.encode(added[0])...)
			added = added[1:]
		}
		whole = append(whole, p.raw...)
	}
	for _, r := range added {
		whole = append(whole, f.encode(r)...)
	}
	// In this order: on a full disk nothing is put aside, again with each try.
	if err := writeNew(b.file, whole); err != nil {
		return err
	}
	if err := keepAside(s.dir, b.file, filepath.Join(aside, st.name, filepath.Base(b.file))); err != nil {
		return errors.Join(err, os.Remove(b.file+newFile))
	}
	return takeNew(b.file)
}

// remember makes the server go on after the last sequence ever used, so that no sequence
// means two messages. It writes the same record that the server leaves when it removes
// its last block.
func (s *survey) remember(st *stream, all []block) error {
	reached := st.reached
	if len(st.restored)+len(st.dropped)+len(st.orphans) > 0 {
		reached = 0
		for seq := range st.kept {
			reached = max(reached, seq)
		}
	}
	if reached >= st.used {
		return nil
	}
	b := s.firstBlock(st)
	if len(all) > 0 {
		b.number = all[len(all)-1].number + 1
		b.file = filepath.Join(filepath.Dir(b.file), fmt.Sprintf("%d.blk", b.number))
	}
	r := record{seq: st.used, time: uint64(time.Now().UnixNano()), removes: true}
	if err := writeNew(b.file, formatOf(st.name, b.number).encode(r)); err != nil {
		return err
	}
	return takeNew(b.file)
}

// renew brings the copies up to date, and removes those that are not needed.
func (s *survey) renew(ctx context.Context, c *copies) error {
	needed := map[string]bool{url.PathEscape(markSubject): true}
	for _, st := range []*stream{s.contacts, s.routing} {
		var stale []uint64
		for subject, seq := range st.newest() {
			needed[url.PathEscape(subject)] = true
			if c := s.copies[subject]; c.seq != seq || !c.complete {
				stale = append(stale, seq)
			}
		}
		if err := s.renewOf(ctx, c, st, stale); err != nil {
			return err
		}
	}
	return c.dropOthers(needed)
}

// renewOf makes the copies of newest messages anew, each with the entry it builds on.
func (s *survey) renewOf(ctx context.Context, c *copies, st *stream, stale []uint64) error {
	if len(stale) == 0 {
		return nil
	}
	wanted, bases := map[uint64]bool{}, map[uint64]record{}
	for _, seq := range stale {
		wanted[seq], bases[st.kept[seq].base] = true, record{}
	}
	for p, err := range parts(ctx, s.dir, st.name) {
		if err != nil {
			return err
		}
		if p.err != nil || !p.isMessage() {
			continue
		}
		if _, needed := bases[p.seq]; needed {
			bases[p.seq] = p.clone()
		}
		if !wanted[p.seq] {
			continue
		}
		messages := []record{p.record}
		if base := p.base(); base != 0 { // which came before it
			messages = []record{bases[base], p.record}
			delete(bases, base)
		}
		if err := c.begin(messages...); err != nil {
			return err
		}
	}
	return nil
}
