package sipua

import (
	"testing"

	"github.com/emiago/sipgo/sip"
)

// A dialog goes to a contact that has had fewer owners: the numbers of its requests rise.
// They rise on when that contact gets another owner.
func TestCSeqNeverSinks(t *testing.T) {
	for _, d := range everyStage(t) {
		last := uint32(0)
		for _, epoch := range []uint16{7, 1, 2, 9, 2} {
			restored, err := Restore(fuzzLocal, epoch, d.Memory())
			if err != nil {
				t.Fatal(err)
			}
			step := restored.Resume(noon)
			step = step.Dialog.Invite(noon, []byte("v=0\r\n"))
			for _, m := range step.Out {
				req, is := m.SIP.(*sip.Request)
				if !is || req.Method != sip.INVITE {
					continue
				}
				if cseq := req.CSeq().SeqNo; cseq <= last {
					t.Errorf("in epoch %d an INVITE has CSeq %d after %d", epoch, cseq, last)
				}
				last = req.CSeq().SeqNo
			}
			d = step.Dialog
		}
	}
}
