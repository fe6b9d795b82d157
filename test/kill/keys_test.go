package kill

import (
	"holdfast/call"
	"holdfast/softphone"
)

// keyEndings have ana transfer by the key of her desk phone.
var keyEndings = []ending{
	{name: "REFER, answered", ask: refers, cardiology: picksUp, play: keyHandsOver, outcome: call.Completed},
	{name: "REFER, busy", ask: refers, cardiology: isBusy, play: keyInVain, outcome: call.TransferFailed, reason: call.Busy, like: true},
	{name: "REFER after a consultation", ask: consults, cardiology: picksUp, play: keyHandsOver, outcome: call.Completed, consults: true},
	{name: "REFER while the consultation rings", ask: consultsBriefly, cardiology: picksUp, play: keyHandsOver, outcome: call.Completed, like: true},
	{name: "REFER after a consultation of an agent at a page", ask: consultsVera, cardiology: picksUp, play: veraHasThem, outcome: call.Completed, like: true},
}

// A key is a transfer key that has been pressed.
type key struct {
	second  *softphone.Call // the call of the same phone that gives its place; nil: blind
	reports <-chan int      // what the phone is told of the transfer
}

// refers: ana's phone has cardiology called in its place. It repeats REFER until a
// server answers.
func refers(c *cell) {
	c.t.Helper()
	reports, err := c.Call("ana").Refer(c.Soon(), "sip:cardiology@"+c.SIP.String())
	if err != nil {
		c.t.Fatalf("ana's key: %v", err)
	}
	c.key = &key{reports: reports}
	c.Rung("cardiology")
}

// consults: ana calls cardiology on a second line, talks to them, and has them and the
// customer go on without her.
func consults(c *cell) {
	c.t.Helper()
	second, err := c.Phone("ana").Dial(c.Soon(), "sip:cardiology@"+c.SIP.String())
	if err != nil {
		c.t.Fatalf("ana calls cardiology: %v", err)
	}
	c.Rung("cardiology")
	c.Hears("cardiology", "ana")
	if err := second.Recording().AwaitTones(c.Soon(), c.Tone("cardiology")); err != nil {
		c.t.Fatalf("ana, on her second line: %v", err)
	}
	c.handsOver(second)
}

// consultsVera: ana calls vera, whose page picks up, and has her and the customer go on
// without her. The page makes the audio anew for that.
func consultsVera(c *cell) {
	c.t.Helper()
	veraWorks(c)
	second, err := c.Phone("ana").Dial(c.Soon(), "sip:"+vera+"@"+c.SIP.String())
	if err != nil {
		c.t.Fatalf("ana calls vera: %v", err)
	}
	c.Hears(vera, "ana")
	if err := second.Recording().AwaitTones(c.Soon(), veraTone); err != nil {
		c.t.Fatalf("ana, on her second line: %v", err)
	}
	c.handsOver(second)
}

// veraHasThem: customer and vera hear each other, and ana's lines have ended.
func veraHasThem(c *cell) {
	c.with(vera)
	c.reported(200)
	c.released()
	c.goodbye()
	c.Idle()
}

// consultsBriefly: ana does not wait until cardiology has answered.
func consultsBriefly(c *cell) {
	c.t.Helper()
	second, err := c.Phone("ana").Ring("sip:cardiology@" + c.SIP.String())
	if err != nil {
		c.t.Fatalf("ana calls cardiology: %v", err)
	}
	select {
	case <-second.Rang():
	case <-c.Soon().Done():
		c.t.Fatalf("ana does not hear that cardiology rings")
	}
	c.Rung("cardiology")
	c.handsOver(second)
}

// handsOver: ana's phone has the peer of its second call take its place.
func (c *cell) handsOver(second *softphone.Call) {
	c.t.Helper()
	reports, err := c.Call("ana").ReferReplacing(c.Soon(), second)
	if err != nil {
		c.t.Fatalf("ana's key: %v", err)
	}
	c.key = &key{second: second, reports: reports}
}

// keyHandsOver: customer and cardiology hear each other, ana's phone is told, and both
// of its lines are ended by us.
func keyHandsOver(c *cell) {
	c.with("cardiology")
	c.reported(200)
	c.released()
	if second := c.key.second; second != nil {
		select {
		case <-second.Ended():
		case <-c.Soon().Done():
			c.t.Fatalf("an orphan: ana's second line does not end")
		}
	}
	c.goodbye()
	c.Idle()
}

// keyInVain: ana's phone is told that cardiology is busy, and she has the customer.
func keyInVain(c *cell) {
	c.reported(486)
	c.with("ana")
	c.withoutCardiology()
	c.goodbye()
}

// reported: what ana's phone is told of her transfer ends with a status. A successor
// may tell it again, and nothing else.
func (c *cell) reported(want int) {
	c.t.Helper()
	var told []int
	for ended := false; !ended; {
		select {
		case status, more := <-c.key.reports:
			if ended = !more; more {
				told = append(told, status)
			}
		case <-c.Soon().Done():
			c.t.Fatalf("ana's phone was told %d, and no end", told)
		}
	}
	for i, status := range told {
		last := i == len(told)-1
		if last && status != want || !last && status >= 200 && status != want {
			c.t.Fatalf("ana's phone was told %d, want %d last", told, want)
		}
	}
	if len(told) == 0 {
		c.t.Fatalf("ana's phone was told nothing")
	}
}
