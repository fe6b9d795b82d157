package story

import (
	"fmt"
	"html"
	"strings"
	"time"
)

const (
	ladderTop    = 56
	ladderColumn = 170
	ladderRow    = 19
)

// Picture draws a contact as SVG: the Timeline, and below it a ladder of the
// messages on the wire.
func Picture(title string, moments []Moment) string {
	timeline := newPicture(title, moments, nil)
	if timeline == nil {
		return ""
	}
	above, below := timeline.draw(nil), ladder(moments)
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d">`+"\n%s<svg y=\"%d\">\n%s</svg>\n</svg>\n",
		max(timeline.width(), below.width()), timeline.height()+below.y+ladderRow, above, timeline.height(), below.done())
}

// A ladderPicture has a column for each party on the wire and a row for each
// message and event.
type ladderPicture struct {
	strings.Builder
	columns []string
	start   time.Time
	y       int
}

func ladder(moments []Moment) *ladderPicture {
	l := &ladderPicture{columns: columns(moments), start: moments[0].At.Truncate(time.Millisecond), y: ladderTop}
	names := Names{}
	for _, m := range moments {
		names.Meet(m.Contact)
		for _, line := range names.Happened(m) {
			l.note(m.At, line)
		}
		for _, sent := range names.messages(m) {
			l.message(sent)
		}
	}
	return l
}

func (l *ladderPicture) width() int { return leftMargin + len(l.columns)*ladderColumn + 240 }

// x is the position of a party's column.
func (l *ladderPicture) x(who string) int {
	for i, column := range l.columns {
		if column == who {
			return leftMargin + i*ladderColumn
		}
	}
	return leftMargin
}

// time is exact to the millisecond, as the lines of the journal are.
func (l *ladderPicture) time(at time.Time) {
	fmt.Fprintf(l, `<text x="14" y="%d" class="dim">%.3fs</text>`+"\n", l.y, at.Truncate(time.Millisecond).Sub(l.start).Seconds())
}

func (l *ladderPicture) note(at time.Time, line string) {
	l.time(at)
	fmt.Fprintf(l, `<text x="%d" y="%d" class="event">%s</text>`+"\n",
		leftMargin+len(l.columns)*ladderColumn-ladderColumn+24, l.y, html.EscapeString(line))
	l.y += ladderRow
}

func (l *ladderPicture) message(m Message) {
	from, to, dashes := l.x(m.Party), l.x(us), ""
	if m.Out {
		from, to = to, from
	}
	if m.Answer() {
		dashes = ` stroke-dasharray="5 3"`
	}
	head := 7
	if to < from {
		head = -7
	}
	l.time(m.At)
	fmt.Fprintf(l, `<path d="M%d %dH%dm%d -4L%d %dl%d 4" fill="none" stroke="#357"%s/>`+"\n",
		from, l.y, to, -head, to, l.y, -head, dashes)
	fmt.Fprintf(l, `<text x="%d" y="%d" text-anchor="middle" class="in">%s</text>`+"\n", (from+to)/2, l.y-4, html.EscapeString(m.What))
	l.y += ladderRow
}

// done is the ladder with the names and columns of all parties behind it.
func (l *ladderPicture) done() string {
	lines := &strings.Builder{}
	fmt.Fprint(lines, `<g font-family="sans-serif" font-size="12"><rect width="100%" height="100%" fill="#fff"/>`+"\n")
	for _, who := range l.columns {
		fmt.Fprintf(lines, `<line x1="%d" y1="30" x2="%d" y2="%d" stroke="#ccc"/>`+"\n", l.x(who), l.x(who), l.y)
		fmt.Fprintf(lines, `<text x="%d" y="24" text-anchor="middle" class="name">%s</text>`+"\n", l.x(who), html.EscapeString(who))
	}
	return lines.String() + l.String() + "</g>\n"
}
