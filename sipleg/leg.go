package sipleg

import (
	"net/netip"
	"time"

	"github.com/emiago/sipgo/sip"

	"holdfast/call"
	"holdfast/media"
	"holdfast/sipua"
	"holdfast/switchboard"
)

// A leg is one SIP line into a contact, as a value (see switchboard.Leg).
//
//	caller (we call):    Dial ──▶ Rang… ──▶ Answered ──▶ HungUp, Lost
//	                       └────────┴─────▶ Failed
//	callee (they call):  Arrived, Dialled ──▶ [Ring] [Answer] ──▶ HungUp, Lost
//	                                   └─▶ [Refuse]
//
// Drop ends it from everywhere. After its end it reports nothing more, but lives
// until the dialog needs it no more.
type leg struct {
	*anchor
	dialog   *sipua.Dialog
	session  session
	latched  netip.AddrPort // where the peer's audio really comes from
	way      way            // in which the peer sends keys, once it has
	answered bool           // by them, or by us
	ended    bool           // nothing more is reported

	referrals []referral // granted, the oldest first, until their last Report
	asks      uint32     // CSeq of the REFER whose outcome follows in the same transition
	refusedAt time.Time  // when the phone last learned that a transfer is refused or has failed
}

// A role is which side made the call.
type role string

const (
	caller role = "caller" // we called
	callee role = "callee" // we were called
)

// Receive implements switchboard.Leg.
func (l leg) Receive(now time.Time, in switchboard.Incoming) switchboard.Plan {
	t := step{leg: l, now: now}
	switch in := in.(type) {
	case arrival:
		t.from = l.lines.local.HostOf(in.Received)
		if in.begins != nil {
			t.emit(in.begins)
		}
		t.run(in.step)
	case message:
		t.from, t.source = l.lines.local.HostOf(in.Received), in.From
		t.run(l.dialog.Receive(now, in.Received))
	case unreachable:
		t.run(l.dialog.Unreachable(now, in.addr))
	case latched:
		t.latched = in.peer
	case pressed:
		t.key(in.key, byEvents)
	case silent:
		t.ask()
	case played:
		t.emit(call.Played{Connection: l.connection})
	case switchboard.Tick:
		t.run(l.dialog.Tick(now))
	case switchboard.Resumed:
		t.resume()
	case switchboard.Granted:
		t.granted()
	case switchboard.Refused:
		t.rejectReferral(in.Err)
	default:
		l.lines.log.Error("a SIP leg cannot receive this", "what", in, "contact", l.contact)
	}
	return t.plan(l)
}

// Plan implements switchboard.Leg.
func (l leg) Plan(now time.Time, c call.Command) switchboard.Plan {
	t := step{leg: l, now: now}
	ringing := l.role == callee && !l.answered && !l.ended
	switch c := c.(type) {
	case call.Ring:
		if ringing {
			t.run(l.dialog.Ring(now))
		}
	case call.Answer, call.Join:
		if ringing {
			t.answer()
		}
	case call.Refuse:
		if ringing {
			t.ended = true
			status, phrase := statusFor(c.Reason)
			t.run(l.dialog.Reject(now, status, phrase, refusalReason(c.Reason)))
		}
	case call.Dial:
		if l.role == caller && l.session.Local == "" && !l.ended {
			t.invite(false)
		}
	case call.Drop:
		if !l.ended {
			t.ended = true
			t.run(l.dialog.HangUp(now, goodbye(c.Reason)))
		}
	case call.Digits:
		t.press(c.Digits)
	case call.Introduce:
		t.introduce(c.Party)
	case call.Report:
		t.report(c)
	case call.Notify: // is for eyes, not for a phone
	default:
		l.lines.log.Error("a SIP leg does not support this command", "command", c, "contact", l.contact)
	}
	return t.plan(l)
}

// Deadline implements switchboard.Leg.
func (l leg) Deadline() time.Time { return l.dialog.Deadline() }

// Gone implements switchboard.Leg.
func (l leg) Gone() bool { return l.dialog.Gone() }

// stream is how the leg sounds: not at all before we have answered the peer,
// and after the end.
func (l leg) stream() media.Stream {
	if l.ended || l.role == callee && !l.answered {
		return media.Stream{}
	}
	return l.session.Stream
}

// holding reports whether the peer holds the call: it does not want to hear us, by
// a direction (RFC 3264 §8.4) or by the address 0.0.0.0.
func (l leg) holding() bool {
	return l.answered && !l.ended && l.session.Stream.Remote.IsValid() && !l.session.Stream.Send
}

// A step is a leg while it takes something in.
type step struct {
	leg
	now   time.Time
	from  netip.Addr // the host of who sent the message that is taken in
	facts []call.Event
	out   []switchboard.Outgoing
	// source is where that message came from.
	source netip.AddrPort
	// resound means that the audio is new in this process and must be made final
	// even if nothing has changed.
	resound bool
}

// plan returns the result of the step. Audio is set before messages are sent: the
// reader of our answer may send audio at once.
func (t *step) plan(before leg) switchboard.Plan {
	if stream := t.stream(); t.resound || stream != before.stream() {
		t.out = append([]switchboard.Outgoing{setting{
			audio: t.audio, stream: stream, was: before.stream(), latched: before.latched,
			answers: t.role == callee && t.answered && !before.answered,
		}}, t.out...)
	}
	switch was, is := before.holding(), t.holding(); {
	case is && !was:
		t.emit(call.HoldBegan{Connection: t.connection})
	case was && !is:
		t.emit(call.HoldEnded{Connection: t.connection})
	}
	return switchboard.Plan{Leg: t.leg, Facts: t.facts, Out: t.out}
}

// run takes over the dialog's step.
func (t *step) run(s sipua.Step) {
	t.dialog = s.Dialog
	for _, m := range s.Out {
		t.out = append(t.out, outgoing{m, t.anchor})
	}
	for _, ev := range s.Events {
		t.happened(ev)
	}
}

func (t *step) happened(ev sipua.Event) {
	switch ev := ev.(type) {
	case sipua.Invited:
		if !ev.Initial { // the first was read before there was a leg
			t.offered(withAddress(ev.SDP, t.from))
		}
	case sipua.Progressed:
		ev.SDP = withAddress(ev.SDP, t.from)
		t.progressed(ev)
	case sipua.Accepted:
		if ev.Initial {
			t.pickedUp(withAddress(ev.SDP, t.from))
		} else if s, err := t.session.agree(withAddress(ev.SDP, t.from)); err == nil { // else the session is as it was
			t.agreed(s)
		}
	case sipua.Rejected:
		if ev.Initial {
			t.end(call.Failed{Connection: t.connection, Reason: reasonFor(ev.Status), Detail: ev.Text})
		}
	case sipua.Confirmed:
		t.confirmed(withAddress(ev.SDP, t.from))
	case sipua.Cancelled:
		t.end(call.HungUp{Connection: t.connection})
	case sipua.Ended:
		t.over(ev)
	case sipua.RefreshDue:
		t.run(t.dialog.Invite(t.now, []byte(t.session.Local)))
	case sipua.Info: // answered already
		t.informed(ev)
	case sipua.Misreferred:
		t.misreferred(ev)
	case sipua.Referred:
		t.referred(ev)
	case sipua.ReferralAnswered, sipua.Notified: // of our REFER, and we send none
	}
}

// answer picks up: with the answer to their offer, or else with an offer.
func (t *step) answer() {
	if t.session.Local == "" {
		t.session = t.session.offer(t.at, false)
		t.session.Waiting = true
	}
	t.answered = true
	t.run(t.dialog.Accept(t.now, []byte(t.session.Local), false))
}

// offered answers a re-INVITE. One that changes nothing is a mere refresh.
func (t *step) offered(offer []byte) {
	if offer == nil {
		t.session = t.session.offer(t.at, false)
		t.session.Waiting = true
		t.run(t.dialog.Accept(t.now, []byte(t.session.Local), false))
		return
	}
	next, err := t.session.answer(t.at, offer)
	if err != nil {
		t.run(t.dialog.Reject(t.now, 488, "Not Acceptable Here"))
		return
	}
	next.Stream.Host = t.from
	unchanged := next == t.session
	t.agreed(next)
	t.run(t.dialog.Accept(t.now, []byte(next.Local), unchanged))
}

// progressed: the party's line rings, with or without audio of its own. Of
// several descriptions the last counts (RFC 3960 §3). A description without 180
// does not mean that it rings.
func (t *step) progressed(ev sipua.Progressed) {
	s, err := t.session.agree(ev.SDP)
	if err == nil {
		t.agreed(s)
		t.emit(call.Rang{Connection: t.connection, EarlyMedia: true})
	}
	if err != nil || ev.Status == sip.StatusRinging {
		t.emit(call.Rang{Connection: t.connection})
	}
}

// pickedUp: a 200 to our INVITE. Without SDP it means the session agreed while it
// rang.
func (t *step) pickedUp(answer []byte) {
	if answer != nil || !t.session.Stream.Remote.IsValid() {
		s, err := t.session.agree(answer)
		if err != nil {
			t.end(call.Failed{Connection: t.connection, Reason: call.LineError, Detail: err.Error()})
			t.run(t.dialog.HangUp(t.now, noSharedAudio))
			return
		}
		t.agreed(s)
	}
	t.answered = true
	t.emit(call.Answered{Connection: t.connection})
	t.followUp()
}

// confirmed: the ACK to our 200. If that made an offer, this has the answer; in
// a conversation that goes on without one, the session is as it was.
func (t *step) confirmed(answer []byte) {
	if t.session.Waiting {
		s, err := t.session.agree(answer)
		if err != nil && !t.session.Stream.Remote.IsValid() {
			t.end(call.Lost{Connection: t.connection, Detail: err.Error()})
			t.run(t.dialog.HangUp(t.now, noSharedAudio))
			return
		}
		s.Waiting = false
		t.agreed(s)
	}
	t.followUp()
}

// over: the dialog has ended at their hand, or is lost.
func (t *step) over(ev sipua.Ended) {
	switch {
	case t.role == caller && !t.answered:
		t.end(call.Failed{Connection: t.connection, Reason: call.LineError, Detail: ev.Text})
	case ev.Lost:
		t.end(call.Lost{Connection: t.connection, Detail: ev.Text})
	case !t.refusedAt.IsZero() && t.now.Sub(t.refusedAt) < hangsUpWithin:
		t.end(call.Lost{Connection: t.connection, Detail: "the phone hung up because its transfer failed"})
	default:
		t.end(call.HungUp{Connection: t.connection})
	}
}

// resume goes on in another process: first the audio, then messages that may not
// have been sent, then an offer with our present address.
func (t *step) resume() {
	t.resound = true
	t.run(t.dialog.Resume(t.now))
	if !t.ended && t.dialog.Established() {
		t.invite(true)
	}
}

// followUp sends a peer who has just been connected our address for audio, if that
// has changed since we last sent it.
func (t *step) followUp() {
	if !t.ended && t.session.At != t.at {
		t.invite(true)
	}
}

func (t *step) invite(fresh bool) {
	t.session = t.session.offer(t.at, fresh)
	t.run(t.dialog.Invite(t.now, []byte(t.session.Local)))
}

// agreed takes a session over, which the message that is taken in has agreed.
// Anything learned about the peer's audio is void when it is to come from another
// address.
func (t *step) agreed(s session) {
	s.Stream.Host = t.from
	if s.Stream.Remote.Addr().IsUnspecified() && t.session.Stream.Remote.IsValid() {
		s.Stream.Remote = t.session.Stream.Remote // the phone holds; it does not give its address
	}
	if s.Stream.Remote != t.session.Stream.Remote {
		t.latched, t.way = netip.AddrPort{}, ""
	}
	t.session = s
}

// emit states a fact.
func (t *step) emit(fact call.Event) {
	if !t.ended {
		t.facts = append(t.facts, fact)
	}
}

// end states the last fact.
func (t *step) end(fact call.Event) {
	t.emit(fact)
	t.ended = true
}
