package sipua

import (
	"testing"

	"github.com/emiago/sipgo/sip"
)

func TestParseNumber(t *testing.T) {
	for _, written := range []string{
		"+493012345", "+49 30 123-45", "+49 (30) 123-45", "+49.30.12345", "+49/30/12345", "tel:+49(30)12345",
		"TEL:+49-30-12345", " +4930\u00a012345 ", "+4930123\u201145", "+493012345;npdi", "+493012345;npdi;rn=+49199",
		"tel:+493012345;tgrp=x;trunk-context=y",
	} {
		if got, ok := ParseNumber(written); !ok || got != "+493012345" {
			t.Errorf("%q: got %q, %t", written, got, ok)
		}
	}
	for _, written := range []string{
		"", "+", "+49", "030 1234", "+0301234", "+49 (0)30 12345", "+1234567890123456",
		"tel:12345;phone-context=+49", "+493012345;ext=7", "+493012345;isub=1", "+49x30", "ana",
	} {
		if got, ok := ParseNumber(written); ok {
			t.Errorf("%q is taken for the number %q", written, got)
		}
	}
}

func TestUserOf(t *testing.T) {
	for written, want := range map[string]string{
		"sip:+493012345@h":                               "+493012345",
		"sip:+493012345;npdi@h;user=phone":               "+493012345",
		"sip:+493012345;npdi;rn=+49199@h":                "+493012345",
		"sip:+493012345;tgrp=a;trunk-context=b@h":        "+493012345",
		"sip:%2B493012345@h":                             "+493012345",
		"sip:+49(30)123-45@h":                            "+493012345",
		"sip:+493012345;ext=7@h":                         "+493012345",
		"tel:+49(30)12345":                               "+493012345",
		"tel:+493012345;phone-context=x":                 "+493012345",
		"tel:12-34;phone-context=+49":                    "1234",
		"sip:030-1234;phone-context=+49@h":               "030-1234",
		"sip:%61na@h":                                    "ana",
		"sip:ana;of=records@h":                           "ana;of=records",
		"sip:h":                                          "",
		"sip:100%zz@h":                                   "100%zz",
		"sip:sip%3Auser%40example.com@company.com;other": "sip:user@example.com",
	} {
		var uri sip.Uri
		if err := sip.ParseUri(written, &uri); err != nil {
			t.Fatal(err)
		}
		if got := UserOf(uri); got != want {
			t.Errorf("%s: got %q, want %q", written, got, want)
		}
	}
}

func TestEscapeUser(t *testing.T) {
	for user, want := range map[string]string{
		"ana": "ana", "+4930": "+4930", "a b": "a%20b", "ü": "%C3%BC", "a@b": "a%40b", "a>\r\nX: y": "a%3E%0D%0AX%3A%20y", "50%": "50%25",
	} {
		if got := EscapeUser(user); got != want || CanonicalUser(got) != user {
			t.Errorf("%q: got %q, which is %q again", user, got, CanonicalUser(got))
		}
	}
}
