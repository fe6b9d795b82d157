package sipua

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// transfer carries out a directive about a transfer:
//
//	accept-referral
//	reject-referral 403 Forbidden: a sentence
//	report 2 180 [final]           on the REFER with CSeq 2
//	refer sip:c@h [replaces]       of ours; with a call to take the place of
//
// A NOTIFY of the peer's is a request with frag=180.
func (s *script) transfer(words []string) {
	number := func(i int) int {
		n, err := strconv.Atoi(words[i])
		if err != nil {
			s.t.Fatal(err)
		}
		return n
	}
	switch words[0] {
	case "accept-referral":
		s.take(s.d.AcceptReferral(s.now))
	case "reject-referral":
		phrase, warning, _ := strings.Cut(strings.Join(words[2:], " "), ": ")
		s.take(s.d.RejectReferral(s.now, number(1), phrase, warning))
	case "report":
		s.take(s.d.Report(s.now, uint32(number(1)), number(2), "Whatever", words[len(words)-1] == "final"))
	case "refer":
		var replaces *Replaces
		if words[len(words)-1] == "replaces" {
			replaces = &Replaces{CallID: "c2@192.0.2.2", ToTag: "x", FromTag: "y"}
		}
		_, step := s.d.Refer(s.now, uri(s.t, words[1]), replaces)
		s.take(step)
	default:
		s.t.Fatalf("unknown directive %q", words[0])
	}
}

// transferText is what a request of ours has to say about a transfer.
func transferText(req *sip.Request) string {
	text := ""
	if req.Method == sip.REFER {
		text += " Refer-To: " + headerValue(req, "Refer-To")
	}
	if req.Method == sip.NOTIFY {
		status, _, _ := strings.Cut(string(req.Body()), "\r\n")
		text += fmt.Sprintf(" %s, %s: %s", headerValue(req, "Event"), headerValue(req, "Subscription-State"), status)
	}
	return text
}

func transferEventText(ev Event) string {
	switch ev := ev.(type) {
	case Referred:
		text := fmt.Sprintf("referred %d to %s", ev.CSeq, ev.To.String())
		if by := ev.By.String(); by != "sip:bob@192.0.2.2" {
			text += " by " + by
		}
		if ev.Replaces != nil {
			text += " replacing " + ev.Replaces.String()
		}
		return text
	case ReferralAnswered:
		return fmt.Sprintf("referral %d answered %d: %s", ev.ID, ev.Status, ev.Text)
	case Notified:
		over := ""
		if ev.Over {
			over = ", over"
		}
		return fmt.Sprintf("notified of %d: %d%s", ev.ID, ev.Status, over)
	}
	return fmt.Sprintf("%T", ev)
}
