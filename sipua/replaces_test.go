package sipua

import (
	"errors"
	"strings"
	"testing"

	"github.com/emiago/sipgo/sip"
)

func TestReplacesOf(t *testing.T) {
	whole := Replaces{CallID: "c1@192.0.2.1", ToTag: "us", FromTag: "them"}
	early := whole
	early.EarlyOnly = true
	for _, c := range []struct {
		headers []string
		want    *Replaces // nil with a header: 400
	}{
		{nil, nil},
		{[]string{"c1@192.0.2.1;to-tag=us;from-tag=them"}, &whole},
		{[]string{" c1@192.0.2.1 ; From-Tag = them ;TO-TAG=us;x=y"}, &whole},
		{[]string{"c1@192.0.2.1;to-tag=us;from-tag=them;early-only"}, &early},
		{[]string{"c1@192.0.2.1;to-tag=us;from-tag=them", "c2;to-tag=us;from-tag=them"}, nil},
		{[]string{"c1@192.0.2.1;to-tag=us;from-tag=them, c2;to-tag=us;from-tag=them"}, nil},
		{[]string{"c1@192.0.2.1;to-tag=us;to-tag=us;from-tag=them"}, nil},
		{[]string{"c1@192.0.2.1;to-tag=us"}, nil},
		{[]string{"c1@192.0.2.1;from-tag=them"}, nil},
		{[]string{"c1@192.0.2.1;to-tag=;from-tag=them"}, nil},
		{[]string{";to-tag=us;from-tag=them"}, nil},
		{[]string{"two words;to-tag=us;from-tag=them"}, nil},
		{[]string{""}, nil},
	} {
		req := received(t, strings.ReplaceAll(goodOptions, "OPTIONS", "INVITE")).SIP.(*sip.Request)
		for _, h := range c.headers {
			req.AppendHeader(sip.NewHeader("Replaces", h))
		}
		got, err := ReplacesOf(req)
		fault, is := errors.AsType[*Fault](err)
		switch {
		case c.want == nil && len(c.headers) > 0:
			if !is || fault.Status != 400 {
				t.Errorf("%q: %v, %v; want 400", c.headers, got, err)
			}
		case err != nil || (got == nil) != (c.want == nil) || got != nil && *got != *c.want:
			t.Errorf("%q: %v, %v; want %v", c.headers, got, err, c.want)
		}
	}
}

// FuzzReplaces reads anything; what is read and written is read again as the same.
func FuzzReplaces(f *testing.F) {
	f.Add("c1@192.0.2.1;to-tag=us;from-tag=them;early-only")
	f.Add(";;=,")
	f.Fuzz(func(t *testing.T, text string) {
		r, err := parseReplaces(text)
		if err != nil {
			return
		}
		if again, err := parseReplaces(r.String()); err != nil || again != r {
			t.Errorf("%q is read as %v and then as %v: %v", text, r, again, err)
		}
	})
}
