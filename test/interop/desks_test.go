package interop

import (
	"slices"
	"strings"
	"testing"
)

// A desk is an agent's desk phone, which transfers by its own key.
type desk interface {
	partner
	URI() string
	answers() // picks up the call that rings, which is the customer's from then on

	refers()       // blind: sends REFER for the customer's call
	consults()     // calls the target on a second line
	hasConsulted() // the second line is answered, as far as the phone knows
	handsOver()    // has the second line take the place of the customer's call
	hangsUp()      // ends the customer's call
	hangsUpSecond()

	Referral() Referral
	seen() []message
	lines() (first, second string) // their Call-IDs
}

// A baresipDesk is a desk phone whose calls are told from each other by Call-ID. Its
// key is the command transfer; it has none that names its second call, so that the
// agent types Replaces themselves.
type baresipDesk struct {
	*baresip
	to            string // where it transfers and calls
	first, second string
}

func (d *baresipDesk) seen() []message               { return d.messages() }
func (d *baresipDesk) lines() (first, second string) { return d.first, d.second }
func (d *baresipDesk) undisturbed()                  { d.t.Helper(); lineIsUp(d.t, d) }
func (d *baresipDesk) closes()                       { d.t.Helper(); lineEnds(d.t, d) }

// answers waits for the ring among what the phone tells of calls that have ended.
func (d *baresipDesk) answers() {
	d.t.Helper()
	for e := d.awaits(Incoming, Closed); ; e = d.awaits(Incoming, Closed) {
		if e.Type == Incoming {
			d.first = e.Call
			break
		}
	}
	d.answer()
	d.awaits(Established)
}

func (d *baresipDesk) refers() { d.t.Helper(); must(d.t, d.Transfer(d.to)) }

func (d *baresipDesk) consults() {
	d.t.Helper()
	d.hold()
	d.dial(d.to)
	d.second = d.awaits(Ringing, Closed).Call
}

func (d *baresipDesk) hasConsulted() { d.t.Helper(); d.awaits(Established) }

func (d *baresipDesk) handsOver() {
	d.t.Helper()
	to, err := d.replacing(d.to, d.second)
	must(d.t, err)
	must(d.t, d.Select(d.first))
	must(d.t, d.Transfer(to))
}

func (d *baresipDesk) hangsUp() {
	d.t.Helper()
	must(d.t, d.Select(d.first))
	d.hangUp()
}

func (d *baresipDesk) hangsUpSecond() {
	d.t.Helper()
	must(d.t, d.Select(d.second))
	d.hangUp()
}

// A sippDesk is a desk phone that plays scenario "refers" or "consults".
type sippDesk struct{ *sipp }

func (d sippDesk) seen() []message { return d.messages() }
func (d sippDesk) undisturbed()    { d.t.Helper(); lineIsUp(d.t, d) }
func (d sippDesk) closes()         { d.t.Helper(); lineEnds(d.t, d) }

func (d sippDesk) lines() (first, second string) {
	id := callID.FindStringSubmatch(d.trace())
	if id == nil {
		d.t.Fatal(errNotInvited)
	}
	return id[1], "consults///" + id[1]
}

func (d sippDesk) answers()      { d.t.Helper(); d.saw("<ACK", 1) }
func (d sippDesk) refers()       { d.t.Helper(); d.nudge() }
func (d sippDesk) handsOver()    { d.t.Helper(); d.nudge() }
func (d sippDesk) hasConsulted() { d.t.Helper(); d.saw(">ACK", 1) }

// consults waits until the second line rings or has been refused.
func (d sippDesk) consults() {
	d.t.Helper()
	d.nudge()
	_, second := d.lines()
	awaits(d.t, "the second line to ring", func() bool {
		return slices.ContainsFunc(d.messages(), func(m message) bool {
			return !m.sent && m.isAbout(second) && !strings.HasPrefix(m.text, "SIP/2.0 100")
		})
	})
}

func (d sippDesk) hangsUp()       { d.t.Helper(); must(d.t, d.HangUp()) }
func (d sippDesk) hangsUpSecond() { d.t.Helper(); d.nudge() }

// isAbout reports whether a message belongs to a call.
func (m message) isAbout(id string) bool {
	if !strings.Contains(m.text, id) {
		return false
	}
	call := callID.FindStringSubmatch(m.text)
	return call != nil && call[1] == id
}

// over reports whether a phone's line has ended, by BYE or because its INVITE was
// refused.
func over(d desk, id string) bool {
	return slices.ContainsFunc(d.seen(), func(m message) bool {
		if !m.isAbout(id) {
			return false
		}
		word, cseq := firstWord.FindStringSubmatch(m.text), cseqOf.FindStringSubmatch(m.text)
		return word != nil && cseq != nil && (word[2] == "BYE" || cseq[2] == "INVITE" && word[1] >= "300")
	})
}

func lineIsUp(t *testing.T, d desk) {
	t.Helper()
	if first, _ := d.lines(); over(d, first) {
		t.Fatal("the agent's line has ended")
	}
}

func lineEnds(t *testing.T, d desk) {
	t.Helper()
	first, _ := d.lines()
	awaits(t, "the agent's line to end", func() bool { return over(d, first) })
}

func secondEnds(t *testing.T, d desk) {
	t.Helper()
	_, second := d.lines()
	awaits(t, "the agent's second line to end", func() bool { return over(d, second) })
}
