package browser

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"holdfast/call"
	"holdfast/softphone"
)

// byOurs is our own server. The customer and the target are at softphones there, so where
// the customer ends is what they hear.
var byOurs = door{name: "our server"}

// An ourTry is a failure that is played on our server.
type ourTry struct {
	*stage
	way      way
	reloaded bool
}

// ourScenes has what people do, by the names of failures. Others cannot happen there.
var ourScenes = map[string]func(*ourTry){
	"normal": func(o *ourTry) { o.rung(rings).Answer() },
	"ii":     func(o *ourTry) { o.rung(rings) },
	"iii":    func(o *ourTry) { o.rung(declines) },
	"iii'":   func(o *ourTry) { o.begin("nowhere") },
	"v-a": func(o *ourTry) {
		o.rung(rings)
		o.HangUp("customer")
	},
	"vi": func(o *ourTry) {
		target := o.rung(rings)
		o.ana.tab.Reload()
		o.reloaded = true
		o.ana.isThere()
		o.hears("ana", "ringback") // her audio is back
		target.Answer()
	},
}

// oursOften has those that make test plays, too.
var oursOften = []string{"normal", "iii", "vi"}

func (o *ourTry) begin(to string) { o.ana.tab.Do("void crm.handOver('" + to + "')") }

// rung has the page transfer to cardiology, and waits until it rings there.
func (o *ourTry) rung(does softphone.Behaviour) *softphone.Call {
	o.t.Helper()
	o.cardiology(does)
	o.begin("cardiology")
	return o.Rung("cardiology")
}

// playOurs plays what can go wrong with our server, by each way to transfer.
func playOurs(t *testing.T) {
	s := openStage(t, "ring_for = \"6s\"\n") // time enough to load a page again
	s.crm.serveConnect(t)
	s.opensIn("ana", s.crm.Page)
	for _, w := range ways {
		if !All() && !w.adopts {
			continue
		}
		s.ana.page = func(ccp string) string { return s.crm.at(w.page, ccp) }
		s.ana.tab.Load(s.ana.page(s.ana.ccp()))
		s.ana.isThere()
		for _, f := range failures {
			if ourScenes[f.name] != nil && (All() || slices.Contains(oursOften, f.name)) {
				s.talk()
				o := &ourTry{stage: s, way: w}
				s.ana.tab.Do("crm.ringFor = " + f.ringFor())
				ourScenes[f.name](o)
				amazonTable.add(t, byOurs, w, f, o.place())
				o.ends()
			}
		}
	}
}

// place waits until nothing changes any more, and returns where the customer is.
func (o *ourTry) place() string {
	o.t.Helper()
	if o.way.ends && !o.reloaded {
		o.ana.tab.Await("crm.isSettled()")
	}
	var last string
	since := time.Now()
	c := o.Await(func(c call.Contact) bool {
		now, err := json.Marshal(c)
		if err != nil {
			o.t.Fatal(err)
		}
		if string(now) != last {
			last, since = string(now), time.Now()
		}
		return c.Stage == call.Over || time.Since(since) > time.Second && others(c) != theTargetRings
	})
	if c.Stage == call.Over {
		return "gone"
	}
	r := o.Heard("customer")
	from := r.Length()
	if err := r.AwaitLength(o.Soon(), from+listen); err != nil {
		o.t.Fatal(err)
	}
	for source, place := range map[string]string{"ana": "with the agent", "cardiology": "with the target", "hold audio": "on hold; " + others(c)} {
		if o.hearsOnly(r, from, []string{source}) {
			return place
		}
	}
	return "somewhere else: " + r.Summary(o.voices())
}

const (
	theTargetRings     = "the target rings"
	agentAndTargetTalk = "agent and target talk"
)

// others describes agent and target while the customer is on hold.
func others(c call.Contact) string {
	for _, x := range c.Connections {
		if x.Party == call.Target && x.State == call.Connected {
			return agentAndTargetTalk
		}
		if x.Party == call.Target && x.State == call.Connecting {
			return theTargetRings
		}
	}
	return "the agent is alone"
}

// ends ends the contact.
func (o *ourTry) ends() {
	o.t.Helper()
	c := o.Await(func(call.Contact) bool { return true })
	if c.Stage != call.Over {
		o.HangUp("customer")
	}
	if others(c) == agentAndTargetTalk {
		o.HangUp("cardiology") // they talk on
	}
	o.over()
}
