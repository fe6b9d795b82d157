package journal

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"holdfast/call"
	"holdfast/switchboard"
)

// mistakesShown is how many mistakes a Report shows.
const mistakesShown = 20

// A Report has the findings of Verify.
type Report struct {
	Live, Archived int // contacts
	Entries        int // of all of them
	Replaced       int // entries that were planned and never acted on
	Wrong          int // entries with a mistake

	Mistakes []Mistake // the first 20, in order
	Damage   []string  // as Look.Damage has it
}

// A Mistake is why an entry cannot be right.
type Mistake struct {
	Seq     uint64 // of the entry
	Subject string // where it is kept
	Text    string
}

func (m Mistake) String() string { return fmt.Sprintf("entry %d of %s: %s", m.Seq, m.Subject, m.Text) }

// Verify reads every entry of every contact. Each must be readable and where it
// belongs, follow the one before it as an owner has to write it, and be true:
// its events, applied to the contact before, must give the contact it contains.
// An error means that the journal could not be read to its end.
//
// It must be of the version that wrote the journal: another one may decide
// otherwise. An entry decided just when the machine's clock was set back can
// look wrong.
func (l *Look) Verify(ctx context.Context) (Report, error) {
	r := Report{Damage: l.Damage()}
	chains, d := map[call.ContactID]*chain{}, l.decoder(ctx)
	for m, err := range l.messages(ctx) {
		if err != nil {
			return r, fmt.Errorf("verifying the journal: %w", err)
		}
		id := contactOf(m.subject)
		if chains[id] == nil {
			chains[id] = &chain{}
		}
		r.take(d, m, chains[id])
	}
	slices.SortFunc(r.Mistakes, func(a, b Mistake) int { return cmp.Compare(a.Seq, b.Seq) })
	for _, c := range chains {
		if c.archived {
			r.Archived++
		} else {
			r.Live++
		}
	}
	return r, nil
}

// take checks the next entry of a contact.
func (r *Report) take(d *decoder, m headed, c *chain) {
	r.Entries++
	c.archived = strings.HasPrefix(m.subject, "archive.")
	var wrong []string
	e, err := d.read(m.message)
	if err != nil {
		wrong = []string{err.Error()}
		*c = chain{archived: c.archived, begun: true}
	} else {
		if c.last != nil && c.last.Step == e.Step {
			r.Replaced++
		}
		wrong = append(disowned(m, e), c.take(e)...)
	}
	if len(wrong) == 0 {
		return
	}
	r.Wrong++
	if len(r.Mistakes) < mistakesShown {
		r.Mistakes = append(r.Mistakes, Mistake{m.seq, m.subject, strings.Join(wrong, "; ")})
	}
}

// disowned reports that a message's headers, by which writers are fenced,
// differ from its entry.
func disowned(m headed, e switchboard.Entry) []string {
	h := m.header
	said := fmt.Sprintf("step %s of epoch %s, written by %q", h.Get(headerStep), h.Get(headerEpoch), h.Get(headerOwner))
	is := fmt.Sprintf("step %d of epoch %d, written by %q", e.Step, e.Epoch, e.Owner)
	if said == is {
		return nil
	}
	return []string{fmt.Sprintf("it is %s, but its headers say %s", is, said)}
}

// A chain is the state of a contact when its next entry comes.
type chain struct {
	archived bool               // where the last entry is
	begun    bool               // there was an entry before
	last     *switchboard.Entry // nil: there was none, or none that could be read
	from     *call.Contact      // the contact in the last entry; nil: not known
}

// take describes the faults of the next entry.
func (c *chain) take(e switchboard.Entry) (wrong []string) {
	last, from := c.last, (*call.Contact)(nil)
	switch {
	case !c.begun && e.Step == 1:
		from = &call.Contact{ID: e.Contact.ID}
	case !c.begun:
		wrong = append(wrong, fmt.Sprintf("it is step %d, and the steps before it are missing", e.Step))
	case last == nil:
	case e.Step == last.Step: // the one before was never acted on
		from = c.from
	case e.Step == last.Step+1:
		from = &last.Contact
	default:
		wrong = append(wrong, fmt.Sprintf("step %d comes after step %d", e.Step, last.Step))
	}
	if last != nil {
		wrong = append(wrong, inherited(*last, e)...)
	}
	if from != nil {
		wrong = append(wrong, retrace(*from, e)...)
	}
	e.Legs, e.Trace, e.Events = nil, nil, nil // not needed any more
	c.begun, c.last, c.from = true, &e, from
	return wrong
}

// inherited describes the faults in an entry's ownership after the one before
// it.
func inherited(last, e switchboard.Entry) []string {
	switch {
	case e.Epoch < last.Epoch:
		return []string{fmt.Sprintf("epoch %d comes after epoch %d", e.Epoch, last.Epoch)}
	case e.Epoch == last.Epoch && e.Owner != last.Owner:
		return []string{fmt.Sprintf("in epoch %d the owner was %q, and here it is %q", e.Epoch, last.Owner, e.Owner)}
	case e.Epoch != last.Epoch && e.Step == last.Step:
		return []string{fmt.Sprintf("step %d is there again in another epoch", e.Step)}
	}
	return nil
}
