package journal

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"holdfast/call"
)

// askArchive finds in ARCHIVE which contacts in doubt have ended, and which sequences of
// CONTACTS have been used. It begins with the last block and reads no further than it must:
// a contact is archived after its last entry, so the blocks before one that knows only
// earlier entries do not have it.
func (s *survey) askArchive(ctx context.Context) error {
	all, err := blocks(s.dir, s.archive.name)
	if err != nil {
		return err
	}
	doubts := s.doubtful()
	for ; len(all) > 0; all = all[:len(all)-1] {
		until, err := s.askBlock(ctx, all[len(all)-1], doubts)
		if err != nil {
			return err
		}
		if until == 0 { // no entry can be read in it
			continue
		}
		s.contacts.used = max(s.contacts.used, until)
		maps.DeleteFunc(doubts, func(id call.ContactID, newest uint64) bool { return s.ended[id] > 0 || newest > until })
		if len(doubts) == 0 {
			return nil
		}
	}
	return nil
}

// askBlock looks for the ends of contacts in a block of ARCHIVE, and returns up to which
// sequence CONTACTS was used when the last of its entries were archived.
func (s *survey) askBlock(ctx context.Context, b block, doubts map[call.ContactID]uint64) (until uint64, err error) {
	d := s.decoder(ctx)
	for p, err := range partsIn(ctx, []block{b}) {
		if err != nil {
			return 0, err
		}
		if p.err != nil || !p.isMessage() {
			continue
		}
		seq := p.headerNumber(headerSeq)
		until = max(until, seq, p.headerNumber(headerUntil))
		id := contactOf(p.subject)
		if _, asked := doubts[id]; !asked {
			continue
		}
		if e, err := d.read(messageOf(p.record).message); err == nil && e.Contact.Stage == call.Over {
			s.ended[id] = max(s.ended[id], seq)
		}
	}
	return until, nil
}

// doubtful returns the contacts for which CONTACTS and copies differ, each with its newest
// entry: ARCHIVE must be asked if they have ended.
func (s *survey) doubtful() map[call.ContactID]uint64 {
	all := map[call.ContactID]uint64{}
	for subject, seq := range s.contacts.newest() {
		if _, has := s.copies[subject]; !has {
			all[contactOf(subject)] = seq
		}
	}
	for subject, c := range s.copies {
		if _, has := s.contacts.kept[c.seq]; !has && streamOf(subject) == s.contacts.name {
			id := contactOf(subject)
			all[id] = max(all[id], c.seq)
		}
	}
	return all
}

// decoder reads the messages in ARCHIVE. The entry that another builds on is near it, and
// most doubts are about the last contacts, so the decoder searches from the end.
func (s *survey) decoder(ctx context.Context) *decoder {
	return &decoder{fetch: func(subject string, seq uint64) (message, error) {
		all, err := blocks(s.dir, s.archive.name)
		if err != nil {
			return message{}, fmt.Errorf("looking for entry %d: %w", seq, err)
		}
		for _, b := range slices.Backward(all) {
			for p, err := range partsIn(ctx, []block{b}) {
				if err != nil {
					return message{}, fmt.Errorf("looking for entry %d: %w", seq, err)
				}
				if p.err == nil && p.isMessage() && p.subject == subject && p.headerNumber(headerSeq) == seq {
					return messageOf(p.record).message, nil
				}
			}
		}
		return message{}, errNoEntry
	}}
}
