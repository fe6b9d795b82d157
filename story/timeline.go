package story

import (
	"fmt"
	"html"
	"strings"
	"time"

	"holdfast/call"
)

// A Moment is a contact as it was from a time on, and the events that led
// there.
type Moment struct {
	At      time.Time
	Contact call.Contact
	Events  []call.Event

	Notified []call.Notify // the notices sent to agents
	Trace    []string      // messages on the wire, as the journal has them
}

// A Track is the audio heard somewhere, measured: the truth to hold against
// the states. Spans are in order.
type Track struct {
	Name  string
	Spans []Span
}

// A Span is a time in which something, named by Label, was heard.
type Span struct {
	From, To time.Time
	Label    string
}

// Timeline draws a contact as an SVG picture: a bar for each party with their
// state and the parties they were meant to hear, the events above, and below
// each track the audio that was really heard. moments are in order; the last
// one ends it.
func Timeline(title string, moments []Moment, heard []Track) string {
	p := newPicture(title, moments, heard)
	if p == nil {
		return ""
	}
	return p.draw(heard)
}

func (p *picture) draw(heard []Track) string {
	p.axis()
	p.events()
	for _, bar := range p.bars() {
		p.bar(bar)
	}
	for _, track := range heard {
		p.track(track)
	}
	return p.done()
}

const (
	leftMargin  = 150
	topMargin   = 64
	barWidth    = 900 // of the whole time
	rowHeight   = 40
	labelHeight = 13
)

var colours = map[string]string{
	string(call.Connecting): "#f5d491",
	string(call.Connected):  "#a9d8a0",
	string(call.Held):       "#c9bdf0",
	string(call.Screening):  "#9fd3e6",
	string(call.Away):       "#dddddd",
}

type picture struct {
	strings.Builder
	moments    []Moment
	names      Names
	title      string
	start, end time.Time
	y          int
}

// newPicture is nil when there is nothing to draw.
func newPicture(title string, moments []Moment, heard []Track) *picture {
	if len(moments) == 0 {
		return nil
	}
	p := &picture{title: title, moments: moments, names: Names{}, start: moments[0].At}
	p.end = moments[len(moments)-1].At
	for _, m := range moments {
		p.names.Meet(m.Contact)
	}
	for _, t := range heard {
		for _, s := range t.Spans {
			if s.To.After(p.end) {
				p.end = s.To
			}
		}
	}
	if !p.end.After(p.start) {
		p.end = p.start.Add(time.Second)
	}
	return p
}

// x is where a time lies.
func (p *picture) x(t time.Time) float64 {
	return leftMargin + barWidth*float64(t.Sub(p.start))/float64(p.end.Sub(p.start))
}

func (p *picture) text(x float64, y int, attrs, s string) {
	fmt.Fprintf(p, `<text x="%.1f" y="%d" %s>%s</text>`+"\n", x, y, attrs, html.EscapeString(s))
}

// axis draws lines at round times, far enough apart to be read.
func (p *picture) axis() {
	const most = 12
	whole := p.end.Sub(p.start)
	every := whole/most + 1
	for _, round := range []time.Duration{100 * time.Millisecond, 200 * time.Millisecond, 500 * time.Millisecond,
		time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 30 * time.Second, time.Minute, 5 * time.Minute} {
		if whole/round <= most {
			every = round
			break
		}
	}
	p.y = topMargin
	for d := time.Duration(0); d <= whole; d += every {
		x := p.x(p.start.Add(d))
		fmt.Fprintf(p, `<line x1="%.1f" y1="%d" x2="%.1f" y2="100%%" stroke="#eee"/>`+"\n", x, topMargin-14, x)
		p.text(x, topMargin-18, `text-anchor="middle" class="dim"`, d.String())
	}
}

// events writes the events, each on a line of its own so that simultaneous
// ones can be read.
func (p *picture) events() {
	for _, m := range p.moments {
		for _, line := range p.names.Happened(m) {
			x, anchor := p.x(m.At), `class="event"`
			if x > leftMargin+0.7*barWidth {
				anchor = `class="event" text-anchor="end"`
			}
			fmt.Fprintf(p, `<circle cx="%.1f" cy="%d" r="2.5" fill="#c33"/>`+"\n", x, p.y-4)
			offset := 6.0
			if strings.Contains(anchor, "end") {
				offset = -6
			}
			p.text(x+offset, p.y, anchor, line)
			p.y += labelHeight
		}
	}
	p.y += 8
}

// A bar is one party's row.
type bar struct {
	name  string
	spans []barSpan
}

type barSpan struct {
	Span
	state call.State
}

// bars are the parties in order of joining, with their states over time.
func (p *picture) bars() []bar {
	var order []call.ConnectionID
	rows := map[call.ConnectionID]*bar{}
	for i, m := range p.moments {
		until := p.end
		if i+1 < len(p.moments) {
			until = p.moments[i+1].At
		}
		hears := hearings(m.Contact, p.names)
		for _, c := range m.Contact.Connections {
			row := rows[c.ID]
			if row == nil {
				row = &bar{name: p.names[c.ID]}
				rows[c.ID] = row
				order = append(order, c.ID)
			}
			row.extend(barSpan{Span{m.At, until, hears[c.ID]}, c.State})
		}
	}
	var out []bar
	for _, id := range order {
		out = append(out, *rows[id])
	}
	return out
}

// extend adds a span, or lengthens the last one if nothing has changed.
func (b *bar) extend(s barSpan) {
	if n := len(b.spans); n > 0 {
		last := &b.spans[n-1]
		if last.state == s.state && last.Label == s.Label && last.To.Equal(s.From) {
			last.To = s.To
			return
		}
	}
	b.spans = append(b.spans, s)
}

func (p *picture) bar(b bar) {
	p.text(leftMargin-10, p.y+20, `text-anchor="end" class="name"`, b.name)
	for _, s := range b.spans {
		p.box(s.Span, colours[string(s.state)], string(s.state), s.Label)
	}
	p.y += rowHeight
}

func (p *picture) track(t Track) {
	p.text(leftMargin-10, p.y+20, `text-anchor="end" class="dim"`, t.Name)
	for _, s := range t.Spans {
		p.box(s, "#d7e6f7", s.Label, "")
	}
	p.y += rowHeight
}

// box draws a span with up to two lines in it, as far as they fit.
func (p *picture) box(s Span, colour, first, second string) {
	x, width := p.x(s.From), p.x(s.To)-p.x(s.From)
	fmt.Fprintf(p, `<g><title>%s %s, %.2fs–%.2fs</title><rect x="%.1f" y="%d" width="%.1f" height="%d" rx="3" fill="%s" stroke="#fff"/>`+"\n",
		html.EscapeString(first), html.EscapeString(second), s.From.Sub(p.start).Seconds(), s.To.Sub(p.start).Seconds(),
		x, p.y, max(width, 1), rowHeight-6, colour)
	if fits(first, width) {
		p.text(x+5, p.y+14, `class="in"`, first)
	}
	if second != "" && fits(second, width) {
		p.text(x+5, p.y+28, `class="in dim"`, "hears "+second)
	}
	fmt.Fprintln(p, "</g>")
}

func fits(s string, width float64) bool { return float64(len(s)+6)*6 < width }

func (p *picture) width() int { return leftMargin + barWidth + 40 }

func (p *picture) height() int { return p.y + 16 }

func (p *picture) done() string {
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" font-size="12">
<style>.name{font-weight:bold}.dim{fill:#666;font-size:10px}.event{font-size:11px;fill:#822}.in{font-size:11px}</style>
<rect width="100%%" height="100%%" fill="#fff"/>
<text x="14" y="26" font-size="16" font-weight="bold">%s</text>
%s</svg>
`, p.width(), p.height(), html.EscapeString(p.title), p.String())
}

// hearings describes the audio that each party in a contact is meant to hear.
func hearings(c call.Contact, names Names) map[call.ConnectionID]string {
	out := map[call.ConnectionID]string{}
	for _, h := range call.Hears(c) {
		out[h.Connection] = names.hearing(h)
	}
	return out
}

func (n Names) hearing(h call.Hearing) string {
	heard := string(h.Audio)
	if len(h.From) > 0 {
		var who []string
		for _, id := range h.From {
			who = append(who, n[id])
		}
		heard = strings.Join(who, " and ")
		if h.Before != "" {
			heard = string(h.Before) + ", then " + heard
		}
	}
	if h.Recorded {
		heard += ", recorded"
	}
	return heard
}
