package journal

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"holdfast/call"
)

// archiveWithin limits one Archive. It must be shorter than archiveSlack.
const archiveWithin = 30 * time.Second

// Archive implements [switchboard.Journal]. If it fails on its way, nothing is
// lost, the contact stays among the living, and archiving it again goes on
// where it stopped. While ARCHIVE is being read after a start, it returns
// [switchboard.ErrUnavailable] at once. It refuses a contact whose last entry is not Over, or cannot be
// read now, and has nothing to do for one that is not among the living.
func (j *Journal) Archive(ctx context.Context, id call.ContactID) error {
	if err := checkToken("contact id", string(id)); err != nil {
		return err
	}
	if !isClosed(j.past.opened) {
		return errArchiveIsRead
	}
	ctx, cancel := context.WithTimeout(ctx, archiveWithin)
	defer cancel()
	j.bases.forget(id)
	if err := j.archiveContact(ctx, id); err != nil {
		return fmt.Errorf("archiving contact %s: %w", id, err)
	}
	return nil
}

func (j *Journal) archiveContact(ctx context.Context, id call.ContactID) error {
	archive, err := j.archive(ctx)
	if err != nil {
		return err
	}
	entries, err := j.collect(ctx, j.contacts, contactSubject(id))
	if err != nil || len(entries) == 0 {
		return err
	}
	last := entries[len(entries)-1]
	e, err := j.decoder(ctx).entry(messageIn(last))
	switch {
	case unfetched(err):
		return err
	case err == nil && e.Contact.Stage != call.Over: // one that will never be readable is archived
		return fmt.Errorf("it is not over, it is %s", e.Contact.Stage)
	}
	until, err := lastSeq(ctx, j.contacts)
	if err != nil {
		return err
	}
	if err := j.copyTo(ctx, archive, archiveSubject(id), entries, until); err != nil {
		return err
	}
	if err := j.forgetCopy(ctx, id); err != nil {
		return err
	}
	// Up to the last entry copied: entries written after that stay.
	return j.contacts.Purge(ctx, jetstream.WithPurgeSubject(contactSubject(id)), jetstream.WithPurgeSequence(sequence(last)+1))
}

// forgetCopy removes the copy of a contact that is in ARCHIVE. It goes before the
// contact leaves CONTACTS: a copy without a contact is one that was lost.
func (j *Journal) forgetCopy(ctx context.Context, id call.ContactID) error {
	if j.copies == nil {
		return nil
	}
	if j.past.embedded.lost() {
		return errLost
	}
	if err := j.markArchive(ctx); err != nil {
		return err
	}
	return j.copies.drop(contactSubject(id))
}

func (j *Journal) copyTo(ctx context.Context, archive jetstream.Stream, subject string, entries []jetstream.Msg, until uint64) error {
	last, err := archive.GetLastMsgForSubject(ctx, subject)
	if err != nil && !errors.Is(err, jetstream.ErrMsgNotFound) {
		return err
	}
	var place uint64 // of the last one that is there
	there := map[shelf]bool{}
	if last != nil {
		place = last.Sequence
		copied, err := j.collect(ctx, archive, subject)
		if err != nil {
			return err
		}
		for _, m := range copied {
			there[shelfOf(m.Headers())] = true
		}
	}
	for _, m := range toArchive(subject, entries, until) {
		if there[shelfOf(m.Header)] {
			continue
		}
		ack, err := j.past.pub.PublishMsg(ctx, m, jetstream.WithExpectLastSequencePerSubject(place))
		if err != nil {
			return err
		}
		place = ack.Sequence
	}
	return nil
}

// A shelf is where an entry is in ARCHIVE: in its place, or a second time.
type shelf struct {
	seq   uint64
	again bool
}

func shelfOf(h nats.Header) shelf { return shelf{number(h, headerSeq), h.Get(headerAgain) != ""} }

// toArchive returns the messages that keep the entries of a contact in ARCHIVE.
// Whole ones on which others build are there twice: a damaged message loses no other entry.
// The last message is that of the last entry, which names the owner.
func toArchive(subject string, entries []jetstream.Msg, until uint64) (all []*nats.Msg) {
	bases := map[uint64]bool{}
	for _, m := range entries {
		all = append(all, archived(subject, m, until))
		bases[number(m.Headers(), headerBase)] = true
	}
	last := all[len(all)-1]
	all = all[:len(all)-1]
	for _, m := range entries {
		if bases[sequence(m)] {
			again := archived(subject, m, until)
			again.Header.Set(headerAgain, "1")
			all = append(all, again)
		}
	}
	return append(all, last)
}

func archived(subject string, m jetstream.Msg, until uint64) *nats.Msg {
	h := nats.Header{
		headerSeq:   {strconv.FormatUint(sequence(m), 10)},
		headerUntil: {strconv.FormatUint(until, 10)},
	}
	for _, name := range []string{headerOwner, headerEpoch, headerStep, headerBase} {
		if value := m.Headers().Get(name); value != "" {
			h.Set(name, value)
		}
	}
	return &nats.Msg{Subject: subject, Header: h, Data: m.Data()}
}
