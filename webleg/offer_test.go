package webleg

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"holdfast/call"
)

// offers returns offers as browsers write them, by the name of the browser.
func offers(t testing.TB) map[string]string {
	t.Helper()
	paths, err := filepath.Glob("testdata/offer/*.sdp")
	if err != nil || len(paths) == 0 {
		t.Fatal("no offers", err)
	}
	all := map[string]string{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		all[strings.TrimSuffix(filepath.Base(path), ".sdp")] = string(text)
	}
	return all
}

func TestOffersOfBrowsers(t *testing.T) {
	h := newHouse(t, newJournal(), Options{}, nil)
	h.calls("c1", theCustomer)
	for browser, events := range map[string]uint8{"chrome": 126, "firefox": 101, "firefox-153.8.0esr-2026-11-29": 101, "safari": 126} {
		text := offers(t)[browser]
		o, err := readOffer(text)
		if err != nil || o.events != events {
			t.Errorf("%s: events as %d, %v; want %d", browser, o.events, err, events)
		}
		answer, err := h.legs.Connect(context.Background(), "c1", 2, text)
		if err != nil {
			t.Errorf("%s: %v", browser, err)
		}
		if n := strings.Count(answer, "a=rtpmap:"); n != 2 || !strings.Contains(answer, "a=sendrecv") {
			t.Errorf("%s: an answer of %d codecs: %s", browser, n, answer)
		}
	}
}

func TestOffersThatMakeNoSense(t *testing.T) {
	h := newHouse(t, newJournal(), Options{}, nil)
	h.calls("c1", theCustomer)
	chrome := offers(t)["chrome"]
	for _, c := range []struct{ name, offer, want string }{
		{"nothing", "", "the offer has no audio"},
		{"a page", "<html>", "the offer is not SDP: "},
		{"too much", chrome + strings.Repeat("a=x\r\n", 10_000), "the offer is longer than 32 kB"},
		{"no media", chrome[:strings.Index(chrome, "m=audio")], "the offer has no audio"},
		{"video", strings.ReplaceAll(chrome, "m=audio", "m=video"), "the offer has no audio"},
		{"audio that was refused", strings.ReplaceAll(chrome, "m=audio 54321", "m=audio 0"), "the offer has no audio"},
		{"two of audio", chrome + chrome[strings.Index(chrome, "m=audio"):], "the offer has 2 media sections, want only one of audio"},
		{"no fingerprint", without(chrome, "a=fingerprint"), "the offer has no fingerprint"},
		{"no user name", without(chrome, "a=ice-ufrag"), "the offer has no ICE user name"},
		{"no password", without(chrome, "a=ice-pwd"), "the offer has no ICE password"},
		{"only Opus", strings.ReplaceAll(chrome, " 111 63 9 0 8 13 110 126", " 111"), "the offer has no PCMU (payload type 0)"},
		{"another codec by that number", strings.ReplaceAll(chrome, "rtpmap:0 PCMU/8000", "rtpmap:0 GSM/8000"), "the offer has no PCMU (payload type 0)"},
		{"only listening", strings.ReplaceAll(chrome, "a=sendrecv", "a=recvonly"), "the audio in the offer is recvonly, want sendrecv"},
		{"many sources", chrome + "a=ssrc:1 cname:x\r\na=ssrc:2 cname:x\r\na=ssrc:3 cname:x\r\na=ssrc:4 cname:x\r\n", "the offer has 5 RTP sources, want one"},
		{"no mid", without(chrome, "a=mid"), "answering the offer of ana: taking the offer: "},
		{"half a fingerprint", strings.ReplaceAll(chrome, "fingerprint:sha-256 ", "fingerprint:"), "answering the offer of ana: taking the offer: "},
	} {
		_, err := h.legs.Connect(context.Background(), "c1", 2, c.offer)
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		}
	}
	h.wantStory("c1", "Arrived", "Rang")
}

// Whatever addresses an offer names, nothing is sent to them: the session waits for
// the browser, at our only address.
func TestOffersThatNameAddresses(t *testing.T) {
	h := newHouse(t, newJournal(), Options{}, nil)
	h.calls("c1", theCustomer)
	chrome := without(offers(t)["chrome"], "a=candidate")
	ours := strings.Replace(h.legs.Address().String(), ":", " ", 1) + " typ host"
	for _, line := range []string{
		"a=candidate:1 1 udp 2130706431 192.0.2.1 9 typ host",
		"a=candidate:1 1 udp 2130706431 192.0.2.1 9 typ host tcptype passive", // to which pion would connect over TCP
		"a=candidate:1 1 tcp 2130706431 192.0.2.1 9 typ host tcptype passive",
		"a=candidate:1 1 udp 2130706431 name.example 9 typ host",
		"a=ice-lite", // for which pion would not wait
		"a= ice-lite ",
		"a=remote-candidates:1 192.0.2.1 9",
	} {
		for _, text := range []string{chrome + line + "\r\n", strings.Replace(chrome, "t=0 0\r\n", "t=0 0\r\n"+line+"\r\n", 1)} {
			o, err := readOffer(text)
			if err != nil || strings.Contains(o.sdp, "candidate") || strings.Contains(o.sdp, "ice-lite") {
				t.Errorf("%s: %v, kept as %s", line, err, o.sdp)
			}
			answer, err := h.legs.Connect(context.Background(), "c1", 2, text)
			if n := strings.Count(answer, "a=candidate"); err != nil || n != strings.Count(answer, ours) {
				t.Errorf("%s: %v, %d candidates in the answer, and not only ours: %s", line, err, n, answer)
			}
		}
	}
}

func without(offer, attribute string) string {
	var kept strings.Builder
	for line := range strings.Lines(offer) {
		if !strings.HasPrefix(line, attribute) {
			kept.WriteString(line)
		}
	}
	return kept.String()
}

func TestConnectionsThatCannotBeConnected(t *testing.T) {
	h := newHouse(t, newJournal(), Options{}, nil)
	h.calls("c1", theCustomer)
	for _, c := range []struct {
		contact    call.ContactID
		connection call.ConnectionID
		want       string
	}{
		{"c9", 2, "contact c9 has no connection 2"},
		{"c1", 9, "contact c1 has no connection 9"},
		{"c1", 1, "connection 1 of contact c1 is not a web leg"},
	} {
		_, err := h.legs.Connect(context.Background(), c.contact, c.connection, offers(t)["chrome"])
		if err == nil || err.Error() != c.want {
			t.Errorf("%v, want %s", err, c.want)
		}
		h.legs.Disconnect(c.contact, c.connection) // does nothing
	}
	h.legs.Disconnect("c1", 2) // has no session yet
	if err := h.legs.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := h.legs.Connect(context.Background(), "c1", 2, offers(t)["chrome"]); err == nil || err.Error() != "the server is shutting down" {
		t.Errorf("closed: %v", err)
	}
}

// FuzzOffer reads arbitrary text as an offer.
func FuzzOffer(f *testing.F) {
	for _, text := range offers(f) {
		f.Add(text)
		f.Add(strings.ReplaceAll(text, "telephone-event/8000", "telephone-event/48000"))
		f.Add(strings.ReplaceAll(text, "\r\n", "\n"))
	}
	f.Fuzz(func(t *testing.T, text string) {
		o, err := readOffer(text)
		switch {
		case err != nil && o.sdp != "":
			t.Errorf("an offer in spite of %v", err)
		case err == nil && o.events > 127:
			t.Errorf("read as %+v", o)
		case err == nil:
			if again, err := readOffer(o.sdp); err != nil || again.events != o.events {
				t.Errorf("%v, read again as %+v: %+v", err, again, o)
			}
		}
	})
}
