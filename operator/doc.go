// Package operator carries out the decisions of package call on a desk that it does
// not own: a page of Amazon Connect, of which it sees snapshots and to which it
// sends one command at a time. It reads no clock, starts no goroutine and sends
// nothing itself: a message of the page goes in, and messages for the page come
// out.
//
//	for _, m := range o.Take(message) {
//		post(m)
//	}
//
// Messages are plain values of JavaScript: nil, bool, float64, string, []any and
// map[string]any. message.go lists those that come in, report.go those that go out.
//
// The rules are few:
//
//   - Only a snapshot is a fact. The library's answer to a command is a hint: a
//     hold that was refused counts if the customer is on hold, and one that
//     succeeded is tried again if they are not.
//   - One command at a time. The next one follows when a snapshot shows the effect
//     of the last one and the library has answered it, or when its own deadline
//     has passed.
//   - A target is never dialled a second time for one attempt. A line that appears
//     late is adopted by the attempt it belongs to, or dropped.
//   - The agent is released only after a conference, when a snapshot shows customer
//     and target connected.
//   - Tries are limited. Then the transfer fails and the customer goes back to the
//     agent; if that cannot be done either, stuck asks the agent to do the step by
//     hand.
package operator
