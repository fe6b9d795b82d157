package siptransport

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/emiago/sipgo/sip"

	"holdfast/sipua"
)

var peers = netip.MustParseAddrPort("192.0.2.2:5060")

const goodOptions = `OPTIONS sip:192.0.2.1 SIP/2.0
Via: SIP/2.0/UDP 10.0.0.7:5070;rport;branch=z9hG4bK1
From: <sip:bob@192.0.2.2>;tag=b
To: <sip:192.0.2.1>
Call-ID: other
CSeq: 7 OPTIONS
Content-Length: 0

`

func received(t testing.TB, text string) sipua.Received {
	t.Helper()
	msg, err := sip.ParseMessage([]byte(strings.ReplaceAll(text, "\n", "\r\n")))
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return sipua.Received{SIP: msg, From: peers, Transport: sipua.UDP}
}

func uri(t testing.TB, text string) sip.Uri {
	t.Helper()
	var u sip.Uri
	if err := sip.ParseUri(text, &u); err != nil {
		t.Fatal(err)
	}
	return u
}
