package sipleg

import (
	"fmt"

	"holdfast/call"
)

// reasonFor says why a party could not be reached from the final status of our
// INVITE; 0 is no answer at all.
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

// statusFor is the status by which a customer who rings at us is told why nobody
// answers, with its reason phrase.
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
		call.LineError:
	}
	return 480, "Temporarily Unavailable"
}

// goodbye is the Reason header (RFC 3326) by which a party is told why its line
// ends, or "" where nothing need be said. A phone that is told of a call
// completed elsewhere does not show it as missed.
func goodbye(r call.Reason) string {
	status, text := 0, ""
	switch r {
	case call.Elsewhere:
		status, text = 200, "Call completed elsewhere"
	case call.NoAnswer:
		status, text = 408, "No answer"
	case call.TooLong:
		status, text = 408, "Consultation took too long"
	case call.CustomerLeft:
		status, text = 487, "Customer left"
	case call.CancelledByAgent:
		status, text = 487, "Cancelled by the agent"
	case call.Superseded:
		status, text = 487, "Another transfer was asked for"
	case call.NotAccepted:
		status, text = 480, "Call not accepted"
	case call.Declined:
		status, text = 603, "Declined"
	case call.Busy, call.Unreachable, call.NotFound, call.Denied, call.LeftEarly, call.Goodbye, call.LineLost,
		call.Requested, call.LineError:
	}
	if status == 0 {
		return ""
	}
	return fmt.Sprintf(`SIP;cause=%d;text="%s"`, status, text)
}
