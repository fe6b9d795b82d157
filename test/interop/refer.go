package interop

import (
	"fmt"
	"regexp"
	"strings"
)

// A message is one that a phone has sent or received.
type message struct {
	sent bool
	text string // with LF at the ends of lines
}

var (
	firstWord = regexp.MustCompile(`^(?:SIP/2\.0 (\d+)|([A-Z]+) )`)
	cseqOf    = regexp.MustCompile(`(?mi)^CSeq: *(\d+) +(\S+)`)
	fromTag   = regexp.MustCompile(`(?mi)^From:.*;tag=([^;\s]+)`)
	toTag     = regexp.MustCompile(`(?mi)^To:.*;tag=([^;\s]+)`)
	fragment  = regexp.MustCompile(`\n\nSIP/2\.0 (\d+)`)
	lastWord  = regexp.MustCompile(`(?mi)^Subscription-State: *terminated`)
)

// What stands before a message, and after one of baresip.
const (
	baresipHead = "\x1b[36;1m#\nUDP 127.0.0.1:"
	baresipFoot = "\x1b[;m"
	sippHead    = "\nUDP message "
	sippFoot    = "\n-----------------------------------------------"
)

// messages are those that the phone has traced.
func (b *Baresip) messages() (list []message) {
	for _, part := range strings.Split(strings.ReplaceAll(b.Said(), "\r\n", "\n"), baresipHead)[1:] {
		head, text, _ := strings.Cut(part, "\n")
		text, _, _ = strings.Cut(text, baresipFoot)
		list = append(list, message{strings.HasPrefix(head, fmt.Sprintf("%d ", b.port)), text})
	}
	return list
}

// messages are those that the program has traced.
func (s *SIPp) messages() (list []message) {
	for _, part := range strings.Split(strings.ReplaceAll(s.trace(), "\r\n", "\n"), sippHead)[1:] {
		head, text, _ := strings.Cut(part, "\n\n")
		text, _, _ = strings.Cut(text, sippFoot)
		list = append(list, message{strings.HasPrefix(head, "sent "), text})
	}
	return list
}

// A Referral is how a phone's REFER went, as the phone saw it.
type Referral struct {
	Status  string   // of the answer; empty: none yet
	Reports []string // the status in each NOTIFY, one after the other
	Ended   bool     // the last NOTIFY was the last one
}

// referral is the result of the first REFER among messages. A repeated message
// counts once.
func referral(list []message) (r Referral) {
	seen := map[string]bool{}
	var id string
	for _, m := range list {
		if !strings.Contains(m.text, "REFER") && !strings.Contains(m.text, "NOTIFY") {
			continue
		}
		word, cseq := firstWord.FindStringSubmatch(m.text), cseqOf.FindStringSubmatch(m.text)
		call := callID.FindStringSubmatch(m.text)
		switch {
		case word == nil || cseq == nil || call == nil:
		case m.sent && word[2] == "REFER" && id == "":
			id = call[1]
		case m.sent || id != call[1] || seen[word[0]+cseq[0]]:
		case cseq[2] == "REFER" && word[1] != "":
			r.Status, seen[word[0]+cseq[0]] = word[1], true
		case word[2] == "NOTIFY":
			seen[word[0]+cseq[0]] = true
			if f := fragment.FindStringSubmatch(m.text); f != nil {
				r.Reports = append(r.Reports, f[1])
			}
			r.Ended = lastWord.MatchString(m.text)
		}
	}
	return r
}

// String is "202, 100 180 200." with a full stop if the last NOTIFY has come.
func (r Referral) String() string {
	text := strings.Join(r.Reports, " ")
	if r.Ended {
		text += "."
	}
	return strings.TrimSuffix(r.Status+", "+text, ", ")
}

// Referral is how the phone's first REFER went.
func (b *Baresip) Referral() Referral { return referral(b.messages()) }

// Referral is how the phone's REFER went.
func (s *SIPp) Referral() Referral { return referral(s.messages()) }

// replacing is uri with a Replaces header that names a call of the phone's own,
// with its tags as the phone has them (RFC 3891 §3, RFC 5589 §7.3). It is an error
// if the other end of the call has not given a tag yet.
func (b *Baresip) replacing(uri, id string) (string, error) {
	for _, m := range b.messages() {
		call, from, to := callID.FindStringSubmatch(m.text), fromTag.FindStringSubmatch(m.text), toTag.FindStringSubmatch(m.text)
		if call != nil && call[1] == id && !m.sent && from != nil && to != nil {
			return fmt.Sprintf("<%s?Replaces=%s%%3Bto-tag%%3D%s%%3Bfrom-tag%%3D%s>", uri, id, to[1], from[1]), nil
		}
	}
	return "", fmt.Errorf("%s's call %s has no tag of the other end", b.user, id)
}
