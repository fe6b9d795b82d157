package sipleg

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/emiago/sipgo/sip"

	"holdfast/call"
)

// reasonFor returns why a party could not be reached from the final status of our INVITE;
// 0 means no answer at all.
func reasonFor(status int) call.Reason {
	switch status {
	case 486, 600:
		return call.Busy
	case 403, 480, 603, 607, 608:
		return call.Declined
	case 408, 487:
		return call.NoAnswer
	case 404, 410, 484, 485, 604:
		return call.NotFound
	case 0, 500, 502, 503, 504:
		return call.Unreachable
	}
	return call.LineError
}

// statusFor is the status, with its reason phrase, for a customer who rings at us when no
// agent answers.
func statusFor(r call.Reason) (status int, phrase string) {
	switch r {
	case call.Busy:
		return 486, "Busy Here"
	case call.NotFound:
		return 404, "Not Found"
	case call.Declined:
		return 603, "Decline"
	case call.NoAnswer, call.Unreachable, call.Denied, call.LeftEarly, call.CustomerLeft, call.CancelledByAgent,
		call.NotAccepted, call.Elsewhere, call.Superseded, call.TooLong, call.Goodbye, call.LineLost, call.Requested,
		call.Transferred, call.LineError:
	}
	return 480, "Temporarily Unavailable"
}

// A cause is why a line ends, as SIP and the telephone network number it.
type cause struct {
	sip  int // a status (RFC 3326); 0: the Q.850 cause has it all
	q850 int // a cause of ITU-T Q.850; 0: none fits, or phones might take it for the SIP one
	text string
}

// causeFor returns the cause of the end of a line.
func causeFor(r call.Reason) cause {
	switch r {
	case call.Elsewhere:
		return cause{200, 0, "Call completed elsewhere"} // a phone does not show it as missed
	case call.Transferred:
		return cause{200, clearing, "Call transferred"}
	case call.NoAnswer:
		return cause{408, noAnswer, "No answer"}
	case call.TooLong:
		return cause{408, clearing, "Consultation took too long"}
	case call.CustomerLeft:
		return cause{487, clearing, "Customer left"}
	case call.CancelledByAgent:
		return cause{487, clearing, "Cancelled by the agent"}
	case call.Superseded:
		return cause{487, clearing, "Another transfer was asked for"}
	case call.NotAccepted:
		return cause{480, clearing, "Call not accepted"}
	case call.Declined:
		return cause{603, rejected, "Declined"}
	case call.Busy:
		return cause{486, busy, "Busy"}
	case call.NotFound:
		return cause{404, unallocated, "Not found"}
	case call.Denied:
		return cause{403, rejected, "Not allowed"}
	case call.Unreachable:
		return cause{480, notResponding, "Unreachable"}
	case call.LineLost:
		return cause{408, failure, "Line lost"}
	case call.LineError:
		return cause{500, failure, "Line error"}
	case call.LeftEarly, call.Goodbye, call.Requested:
	}
	return cause{q850: clearing}
}

// Causes of ITU-T Q.850.
const (
	unallocated   = 1
	clearing      = 16
	busy          = 17
	notResponding = 18
	noAnswer      = 19
	rejected      = 21
	failure       = 41
)

// q850Texts are the names of these causes in ITU-T Q.850.
var q850Texts = map[int]string{
	unallocated:   "Unallocated number",
	clearing:      "Normal call clearing",
	busy:          "User busy",
	notResponding: "No user responding",
	noAnswer:      "No answer from user",
	rejected:      "Call rejected",
	failure:       "Temporary failure",
}

// goodbye is the Reason header (RFC 3326) with which we end a party's line. The status
// of SIP comes first, because some phones read only one value.
func goodbye(r call.Reason) string {
	c := causeFor(r)
	var values []string
	if c.sip != 0 {
		values = append(values, fmt.Sprintf(`SIP;cause=%d;text="%s"`, c.sip, c.text))
	}
	if c.q850 != 0 {
		values = append(values, q850(c.q850))
	}
	return strings.Join(values, ", ")
}

// noSharedAudio is the Reason header with which we end a line whose audio cannot be agreed
// (RFC 3261 §13.2.2.4, §14.2).
const noSharedAudio = `SIP;cause=488;text="Not Acceptable Here"`

// refusalReason is the Reason header of a response that refuses a call. It has no
// value of SIP, which is the status of the response (RFC 6432).
func refusalReason(r call.Reason) sip.Header {
	return sip.NewHeader("Reason", q850(cmp.Or(causeFor(r).q850, clearing)))
}

func q850(number int) string {
	return fmt.Sprintf(`Q.850;cause=%d;text="%s"`, number, q850Texts[number])
}
