package story

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"time"

	"holdfast/call"
)

// A Scene is a contact in a story, from its beginning.
type Scene struct {
	Beats []Beat `json:"beats"`
	// End is the customer's situation at the end, such as "on hold with ana".
	End string `json:"end"`
}

// A Beat is one line of a story and its effect.
type Beat struct {
	At     call.Duration     `json:"at"`               // since the beginning of the scene
	Note   string            `json:"note,omitempty"`   // the author's remark before it
	Line   string            `json:"line"`             // what happened
	Then   []string          `json:"then,omitempty"`   // the server's commands
	Stage  call.Stage        `json:"stage,omitempty"`  // of the contact, afterwards
	People map[string]Person `json:"people,omitempty"` // by name
	State  string            `json:"state"`            // all of that in one line
}

// A Person is a party and their state in a contact.
type Person struct {
	State call.State `json:"state"`
	Hears string     `json:"hears,omitempty"`
}

// Play plays the stories in a file: a line for each event, "#" before remarks,
// "otherwise" where the story starts over. The expected result, between "----"
// and the next empty line, is skipped. An error names the line that makes no
// sense.
func Play(name string, r io.Reader) ([]Scene, error) {
	p := player{teller: NewTeller()}
	in := bufio.NewScanner(r)
	for n := 1; in.Scan(); n++ {
		if err := p.line(strings.TrimSpace(in.Text())); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, n, err)
		}
	}
	if err := in.Err(); err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	p.curtain()
	return p.scenes, nil
}

type player struct {
	scenes   []Scene
	scene    Scene
	teller   *Teller
	began    time.Time
	note     []string
	expected bool // inside an expected result
}

func (p *player) line(line string) error {
	switch {
	case line == "":
		p.expected = false
	case p.expected:
	case line == "----":
		p.expected = true
	case strings.HasPrefix(line, "#"):
		p.note = append(p.note, strings.TrimSpace(strings.TrimPrefix(line, "#")))
	case line == "otherwise":
		p.curtain()
		p.teller = NewTeller()
	default:
		return p.beat(line)
	}
	return nil
}

// curtain ends a scene, if one has begun.
func (p *player) curtain() {
	if len(p.scene.Beats) > 0 {
		p.scene.End = p.teller.played.Ending(p.teller.Contact)
		p.scenes = append(p.scenes, p.scene)
	}
	p.scene = Scene{}
}

func (p *player) beat(line string) error {
	if len(p.scene.Beats) == 0 {
		p.began = p.teller.Now
	}
	said, err := p.teller.Tell(line)
	if err != nil {
		return err
	}
	b := Beat{
		At: call.Duration(p.teller.Now.Sub(p.began)), Note: strings.TrimSpace(strings.Join(p.note, " ")), Line: line,
		Then: said, Stage: p.teller.Contact.Stage, People: p.teller.played.people(p.teller.Contact),
	}
	if n := len(said); n > 0 && strings.HasPrefix(said[n-1], "= ") {
		b.Then, b.State = said[:n-1], strings.TrimPrefix(said[n-1], "= ")
	}
	p.note = nil
	p.scene.Beats = append(p.scene.Beats, b)
	return nil
}

func (n Names) people(c call.Contact) map[string]Person {
	hears := hearings(c, n)
	people := map[string]Person{}
	for _, x := range c.Connections {
		people[n[x.ID]] = Person{x.State, hears[x.ID]}
	}
	return people
}

// Ending describes where the customer is, for a person who asks after them.
func (n Names) Ending(c call.Contact) string {
	var customer call.State
	var with, rung []string
	for _, x := range c.Connections {
		switch {
		case x.Party == call.Customer:
			customer = x.State
		case x.State == call.Connected || x.State == call.Away:
			with = append(with, n[x.ID])
		default:
			rung = append(rung, n[x.ID])
		}
	}
	people := strings.Join(with, " and ")
	switch {
	case c.Stage == call.Over && c.EndReason == call.Transferred:
		return "is in another contact"
	case c.Stage == call.Over && c.Answered.IsZero():
		return "was never answered (" + string(c.EndReason) + ")"
	case c.Stage == call.Over && c.EndedBy == call.Customer, c.Stage == call.Finishing:
		return "has left"
	case c.Stage == call.Over:
		return "was said goodbye to by the " + string(c.EndedBy)
	case c.Stage == call.Parked:
		return "is parked, hearing " + string(call.ParkAudio)
	case customer == call.Connecting || customer == "":
		return "has not been answered yet"
	case customer == call.Held && len(with) == 0:
		return "is on hold while " + strings.Join(rung, " and ") + " is rung"
	case customer == call.Held:
		return "is on hold with " + people
	}
	return "is with " + people
}
