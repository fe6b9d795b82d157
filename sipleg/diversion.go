package sipleg

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/emiago/sipgo/sip"

	"holdfast/call"
	"holdfast/sipua"
)

// This file carries where a call has been before: Diversion (RFC 5806) and History-Info
// (RFC 7044).

const (
	// maxDiversions and maxDiversionText limit the entries and bytes of each header that
	// are carried. Beyond them the oldest are dropped, except the first one: the first
	// names the number that the caller dialled, and the last ones name the way to us.
	maxDiversions    = 10
	maxDiversionText = 2048
	// maxLoops is how often a call may have been diverted from the number that it calls now.
	maxLoops = 5
)

// A passage is one entry of Diversion or History-Info.
type passage struct {
	text    string // as it was written
	user    string // whose number it was at
	times   int    // that it was diverted there
	private bool
}

// diversions are the entries of Diversion in a request, oldest first.
func diversions(r *sip.Request) []passage {
	all := passages(r, "Diversion")
	slices.Reverse(all)
	return all
}

// histories are the entries of History-Info in a request, oldest first.
func histories(r *sip.Request) []passage { return passages(r, "History-Info") }

// passages are the entries of a header that can be read.
func passages(r *sip.Request, header string) []passage {
	var all []passage
	for _, h := range r.GetHeaders(header) {
		for _, text := range splitList(h.Value()) {
			if p, ok := readPassage(text); ok {
				all = append(all, p)
			}
		}
	}
	return all
}

// splitList splits a header at the commas that are in no quotes and no address.
func splitList(value string) []string {
	var list []string
	quoted, inside, from := false, false, 0
	for i := 0; i < len(value); i++ {
		switch c := value[i]; {
		case c == '\\' && quoted:
			i++
		case c == '"' && !inside:
			quoted = !quoted
		case quoted:
		case c == '<':
			inside = true
		case c == '>':
			inside = false
		case c == ',' && !inside:
			list, from = append(list, value[from:i]), i+1
		}
	}
	return append(list, value[from:])
}

// readPassage reads an entry; not ok: it is not carried.
func readPassage(text string) (passage, bool) {
	p := passage{text: strings.TrimSpace(text), times: 1}
	var uri sip.Uri
	var params sip.HeaderParams
	name, err := sip.ParseAddressValue(p.text, &uri, &params)
	if err != nil || uri.Host == "" && uri.Scheme != "tel" || len(p.text) > maxDiversionText ||
		strings.ContainsFunc(p.text, func(c rune) bool { return c < ' ' || c == 0x7f }) || strings.Contains(name, "<") {
		return passage{}, false
	}
	p.user = sipua.CalledUser(address(uri))
	if n, err := strconv.Atoi(params.GetOr("counter", "")); err == nil && n > 1 {
		p.times = min(n, maxLoops)
	}
	wish, _ := params.Get("privacy")
	wish = strings.ToLower(strings.Trim(wish, `" `))
	_, asks := uri.Headers.Get("Privacy")
	p.private = asks || wish != "" && wish != "off" && wish != "none"
	return p, true
}

// carried are the texts of those entries that others may see, within the limits.
func carried(all []passage) []string {
	var texts []string
	for _, p := range all {
		if !p.private {
			texts = append(texts, p.text)
		}
	}
	return limited(texts)
}

// limited drops the oldest entries but the first until the others are within the limits.
func limited(texts []string) []string {
	size := 0
	for _, t := range texts {
		size += len(t)
	}
	dropped := 0
	for left := len(texts); left > 1 && (left > maxDiversions || size > maxDiversionText); left-- {
		dropped++
		size -= len(texts[dropped])
	}
	if dropped == 0 {
		return texts
	}
	return slices.Delete(texts, 1, 1+dropped)
}

// loops reports whether a call has been diverted too often from the number that it calls.
func loops(r *sip.Request) bool {
	called := sipua.CalledUser(address(r.Recipient))
	times := func(all []passage) (n int) {
		for _, p := range all {
			if called != "" && strings.EqualFold(p.user, called) {
				n += p.times
			}
		}
		return n
	}
	return times(diversions(r)) >= maxLoops || times(histories(r)) > maxLoops // which has this call, too
}

// hidesHistory reports whether a caller wants to hide where the call has been
// (RFC 7044 §10.1).
func hidesHistory(r *sip.Request) bool {
	return asksFor(r, "history", "header", "session")
}

// diverted returns the headers that show a party where the caller's call has been. Only
// agents' phones, and a trunk that may know who calls, get them. A target also gets our own
// entry: the call was diverted from the number that the caller dialled. A trunk does not get
// the entry if the caller has dialled an agent.
func (l *Legs) diverted(by invited, to sip.Uri, d call.Dial) []sip.Header {
	audience := l.audienceAt(d.To)
	if audience == strangers || by.Called == "" || by.Agent != "" {
		return nil
	}
	here := sip.Uri{Scheme: "sip", User: sipua.EscapeUser(by.Called), Host: l.local.Address.Addr().String(), Port: int(l.local.Address.Port())}
	diversions, history := by.Diversions, by.History
	if d.Party == call.Target && (audience == agents || !l.addresses.Claims("", address(here))) {
		diversions = limited(append(slices.Clone(diversions), "<"+here.String()+">;reason=unconditional;counter=1"))
		if len(history) > 0 {
			index := indexOf(history[len(history)-1])
			history = limited(append(slices.Clone(history), fmt.Sprintf("<%s>;index=%s.1;mp=%s", viaDiversion(to), index, index)))
		}
	}
	var headers []sip.Header
	for _, text := range slices.Backward(diversions) {
		headers = append(headers, sip.NewHeader("Diversion", text))
	}
	for _, text := range history {
		headers = append(headers, sip.NewHeader("History-Info", text))
	}
	return headers
}

// viaDiversion is the address of a target, with the cause that a diversion without a
// condition has (RFC 4458, RFC 7544).
func viaDiversion(to sip.Uri) string {
	named := sip.Uri{Scheme: "sip", User: to.User, Host: to.Host, Port: to.Port}
	return named.String() + ";cause=302"
}

// indexOf is the index of an entry of History-Info, or that of a first one.
func indexOf(text string) string {
	var uri sip.Uri
	var params sip.HeaderParams
	if _, err := sip.ParseAddressValue(text, &uri, &params); err != nil {
		return "1"
	}
	index := params.GetOr("index", "1")
	if strings.Trim(index, "0123456789.") != "" {
		return "1"
	}
	return index
}
