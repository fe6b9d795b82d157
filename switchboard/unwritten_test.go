package switchboard

import (
	"testing"
	"testing/synctest"

	"holdfast/call"
)

// calls begins another contact.
func (b *bench) calls(id call.ContactID) error {
	b.lines.opened(customer)
	err := b.s.Open(id, fakeLeg{lines: b.lines, ID: customer, Epoch: 1}, msg("INVITE"))
	if err != nil {
		b.lines.closed(customer)
	}
	synctest.Wait()
	return err
}

// A new contact whose entry can never be written keeps nobody else out, and is let go of
// when its customer has gone.
func TestAContactThatCannotBeWritten(t *testing.T) {
	inBubble(t, func(b *bench) {
		b.journal.refused = "c1"
		b.open()
		b.pass(appendMost + 2*retryMost)
		if err := b.calls("c2"); err != nil {
			t.Errorf("another contact: %v", err)
		}
		if _, written := b.s.Contact("c2"); !written {
			t.Error("the other contact is not written")
		}
		b.deliver(customer, "CANCEL")
		b.pass(abandonAfter)
		if b.s.desk("c1") == nil {
			t.Error("it is let go of although the journal took nothing for a while")
		}
		if err := b.calls("c3"); err != nil {
			t.Error(err)
		}
		b.pass(2 * retryMost)
		if b.s.desk("c1") != nil {
			t.Error("it is still there")
		}
	})
}
