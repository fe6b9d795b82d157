package sipleg

import (
	"testing"

	"github.com/emiago/sipgo/sip"

	"holdfast/call"
	"holdfast/sipua"
	"holdfast/switchboard"
)

func TestReasons(t *testing.T) {
	for want, all := range map[call.Reason][]int{
		call.Busy:        {486, 600},
		call.Declined:    {403, 480, 603, 607, 608},
		call.NoAnswer:    {408, 487},
		call.NotFound:    {404, 410, 484, 485, 604},
		call.Unreachable: {0, 500, 502, 503, 504},
		call.LineError:   {301, 302, 400, 401, 407, 415, 420, 482, 488, 491, 501, 505, 606},
	} {
		for _, status := range all {
			if got := reasonFor(status); got != want {
				t.Errorf("%d means %s, want %s", status, got, want)
			}
		}
	}
}

func TestRefusals(t *testing.T) {
	for reason, want := range map[call.Reason]int{
		call.Busy: 486, call.NoAnswer: 480, call.NotFound: 404, call.Declined: 603,
		call.Unreachable: 480, call.Denied: 480, call.LineError: 480, call.CancelledByAgent: 480, "": 480, "new": 480,
	} {
		if got, phrase := statusFor(reason); got != want || phrase == "" {
			t.Errorf("%q is told as %d %s, want %d", reason, got, phrase, want)
		}
	}
}

// A line that we end says why by a status of SIP, a cause of Q.850 or both.
func TestGoodbyes(t *testing.T) {
	for reason, want := range map[call.Reason]string{
		call.Elsewhere:        `SIP;cause=200;text="Call completed elsewhere"`,
		call.Transferred:      `SIP;cause=200;text="Call transferred", Q.850;cause=16;text="Normal call clearing"`,
		call.NoAnswer:         `SIP;cause=408;text="No answer", Q.850;cause=19;text="No answer from user"`,
		call.TooLong:          `SIP;cause=408;text="Consultation took too long", Q.850;cause=16;text="Normal call clearing"`,
		call.CustomerLeft:     `SIP;cause=487;text="Customer left", Q.850;cause=16;text="Normal call clearing"`,
		call.CancelledByAgent: `SIP;cause=487;text="Cancelled by the agent", Q.850;cause=16;text="Normal call clearing"`,
		call.Superseded:       `SIP;cause=487;text="Another transfer was asked for", Q.850;cause=16;text="Normal call clearing"`,
		call.NotAccepted:      `SIP;cause=480;text="Call not accepted", Q.850;cause=16;text="Normal call clearing"`,
		call.Declined:         `SIP;cause=603;text="Declined", Q.850;cause=21;text="Call rejected"`,
		call.Busy:             `SIP;cause=486;text="Busy", Q.850;cause=17;text="User busy"`,
		call.NotFound:         `SIP;cause=404;text="Not found", Q.850;cause=1;text="Unallocated number"`,
		call.Denied:           `SIP;cause=403;text="Not allowed", Q.850;cause=21;text="Call rejected"`,
		call.Unreachable:      `SIP;cause=480;text="Unreachable", Q.850;cause=18;text="No user responding"`,
		call.LineLost:         `SIP;cause=408;text="Line lost", Q.850;cause=41;text="Temporary failure"`,
		call.LineError:        `SIP;cause=500;text="Line error", Q.850;cause=41;text="Temporary failure"`,
		call.LeftEarly:        `Q.850;cause=16;text="Normal call clearing"`,
		call.Goodbye:          `Q.850;cause=16;text="Normal call clearing"`,
		call.Requested:        `Q.850;cause=16;text="Normal call clearing"`,
		"":                    `Q.850;cause=16;text="Normal call clearing"`,
		"new":                 `Q.850;cause=16;text="Normal call clearing"`,
	} {
		if got := goodbye(reason); got != want {
			t.Errorf("%q: %s, want %s", reason, got, want)
		}
	}
}

// A refusal has the cause of Q.850 beside its status.
func TestRefusalReasons(t *testing.T) {
	for reason, want := range map[call.Reason]string{
		call.Busy:     `Q.850;cause=17;text="User busy"`,
		call.NoAnswer: `Q.850;cause=19;text="No answer from user"`,
		call.Declined: `Q.850;cause=21;text="Call rejected"`,
		call.NotFound: `Q.850;cause=1;text="Unallocated number"`,
	} {
		if got := refusalReason(reason).Value(); got != want {
			t.Errorf("%q: %s, want %s", reason, got, want)
		}
	}
}

// Every kind of message is of the class that sipua gives it, and one that it
// does not know waits for the record.
func TestClasses(t *testing.T) {
	same := map[sipua.Class]switchboard.Class{
		sipua.Journaled: switchboard.Journaled,
		sipua.Exempt:    switchboard.Exempt,
		sipua.Ending:    switchboard.Ending,
	}
	for kind, class := range sipua.Kinds {
		if got := (outgoing{Message: sipua.Message{Kind: kind}}).Class(); got != same[class] {
			t.Errorf("%s has class %d, want %d", kind, got, same[class])
		}
	}
	if got := (outgoing{Message: sipua.Message{Kind: "new"}}).Class(); got != switchboard.Journaled {
		t.Errorf("an unknown kind has class %d", got)
	}
}

// A line of the record is one line, whatever the far end wrote.
func TestLine(t *testing.T) {
	res := sip.NewResponse(486, "Busy\r\n\x1b[31mHere\u2028")
	res.AppendHeader(&sip.CSeqHeader{SeqNo: 1, MethodName: sip.INVITE})
	if got, want := line("<-", res, "cardio\nlogy"), "<- 486 Busy[31mHere (INVITE) cardiology"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
