package flood

import (
	"bytes"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"
)

// silentSDP describes audio that goes one way: to the server, which then sends none.
const silentSDP = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\na=sendonly\r\n"

// A trunk calls as often as it is told, and knows no more of SIP than that takes. Who
// calls sends no audio.
type trunk struct {
	t    *testing.T
	conn *net.UDPConn
	to   netip.AddrPort
	done sync.WaitGroup
	next int

	talk time.Duration // how long a call that is answered lasts; 0: until goodbye

	mu    sync.Mutex
	calls map[string]*outgoing
}

// An outgoing call is one of a trunk.
type outgoing struct {
	id, called string
	trunk      *trunk
	sent       time.Time
	after      time.Duration // until the first response but 100; 0: none yet
	status     int           // of the last response
	to         string        // the To header, with its tag
	over       bool
}

func (c *outgoing) answered() (time.Duration, int) {
	c.trunk.mu.Lock()
	defer c.trunk.mu.Unlock()
	return c.after, c.status
}

func newTrunk(t *testing.T, to netip.AddrPort) *trunk {
	t.Helper()
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0")))
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.SetReadBuffer(4 << 20) // as much as the system gives
	k := &trunk{t: t, conn: conn, to: to, calls: map[string]*outgoing{}}
	k.done.Go(k.receive)
	t.Cleanup(func() {
		_ = conn.Close()
		k.done.Wait()
	})
	return k
}

func (k *trunk) address() string { return k.conn.LocalAddr().String() }

// flood calls at a rate for a while. called names whom the nth call is for.
func (k *trunk) flood(rate int, long time.Duration, called func(n int) string) (all []answer) {
	began := time.Now()
	for i := range int(long.Seconds() * float64(rate)) {
		if wait := time.Until(began.Add(time.Duration(i) * time.Second / time.Duration(rate))); wait > 0 {
			<-time.After(wait)
		}
		k.next++
		all = append(all, k.call(called(k.next)))
	}
	return all
}

func (k *trunk) call(called string) *outgoing {
	c := &outgoing{trunk: k, id: fmt.Sprintf("flood-%d-%s", k.next, k.address()), called: called, sent: time.Now()}
	c.to = fmt.Sprintf("<sip:%s@%s>", called, k.to)
	k.mu.Lock()
	k.calls[c.id] = c
	k.mu.Unlock()
	k.send(c, "INVITE", 1, "i", silentSDP)
	return c
}

func (k *trunk) send(c *outgoing, method string, cseq int, branch, body string) {
	text := fmt.Sprintf("%s sip:%s@%s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bK%s%s\r\nMax-Forwards: 70\r\n"+
		"From: <sip:caller@%s>;tag=%s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %d %s\r\nContact: <sip:caller@%s>\r\n",
		method, c.called, k.to, k.address(), branch, c.id, k.address(), c.id[6:12], c.to, c.id, cseq, method, k.address())
	if body != "" {
		text += "Content-Type: application/sdp\r\n"
	}
	text += fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body)
	_, _ = k.conn.WriteToUDPAddrPort([]byte(text), k.to)
}

func (k *trunk) receive() {
	buffer := make([]byte, 1<<16)
	for {
		n, _, err := k.conn.ReadFromUDPAddrPort(buffer)
		if err != nil {
			return
		}
		k.take(time.Now(), buffer[:n])
	}
}

// take takes one message: of requests only BYE and re-INVITE come.
func (k *trunk) take(now time.Time, text []byte) {
	k.mu.Lock()
	c := k.calls[header(text, "Call-ID")]
	k.mu.Unlock()
	if c == nil {
		return
	}
	var status int
	if _, err := fmt.Sscanf(string(text[:min(len(text), 12)]), "SIP/2.0 %d", &status); err != nil {
		k.reply(text)
		if bytes.HasPrefix(text, []byte("BYE")) {
			k.mu.Lock()
			c.over = true
			k.mu.Unlock()
		}
		return
	}
	if !bytes.HasSuffix([]byte(header(text, "CSeq")), []byte("INVITE")) || status == 100 {
		return
	}
	k.mu.Lock()
	if c.after == 0 {
		c.after = now.Sub(c.sent)
	}
	first := c.status < 200
	c.status, c.to = status, header(text, "To")
	c.over = c.over || status >= 300
	k.mu.Unlock()
	switch {
	case status >= 300:
		k.send(c, "ACK", 1, "i", "")
	case status >= 200:
		k.send(c, "ACK", 1, "a", "")
		if first && k.talk > 0 {
			time.AfterFunc(k.talk, func() { k.bye(c) })
		}
	}
}

func (k *trunk) bye(c *outgoing) {
	k.mu.Lock()
	over := c.over
	c.over = true
	k.mu.Unlock()
	if !over {
		k.send(c, "BYE", 2, "b", "")
	}
}

// goodbye ends all calls.
func (k *trunk) goodbye() {
	k.mu.Lock()
	var all []*outgoing
	for _, c := range k.calls {
		if !c.over {
			all = append(all, c)
		}
	}
	k.mu.Unlock()
	for i, c := range all {
		if c.status >= 200 {
			k.bye(c)
		} else {
			k.send(c, "CANCEL", 1, "i", "")
		}
		if i%20 == 19 {
			<-time.After(10 * time.Millisecond) // the socket must take it
		}
	}
}

// reply answers a request with 200.
func (k *trunk) reply(text []byte) {
	if answer := okTo(text, ""); answer != nil {
		_, _ = k.conn.WriteToUDPAddrPort(answer, k.to)
	}
}

// okTo is a 200 to a request; nil if it is not to be answered.
func okTo(text []byte, tag string) []byte {
	method, _, _ := bytes.Cut(text, []byte(" "))
	if string(method) == "ACK" || bytes.HasPrefix(text, []byte("SIP/2.0")) {
		return nil
	}
	to := header(text, "To")
	if tag != "" && !bytes.Contains([]byte(to), []byte("tag=")) {
		to += ";tag=" + tag
	}
	body, kind := "", ""
	if string(method) == "INVITE" {
		body, kind = silentSDP, "Content-Type: application/sdp\r\n"
	}
	return fmt.Appendf(nil, "SIP/2.0 200 OK\r\nVia: %s\r\nFrom: %s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %s\r\nContact: <%s>\r\n%sContent-Length: %d\r\n\r\n%s",
		header(text, "Via"), header(text, "From"), to, header(text, "Call-ID"), header(text, "CSeq"), uriOf(text), kind, len(body), body)
}

// uriOf is the Request-URI.
func uriOf(text []byte) string {
	_, rest, _ := bytes.Cut(text, []byte(" "))
	uri, _, _ := bytes.Cut(rest, []byte(" "))
	return string(uri)
}

func header(text []byte, name string) string {
	_, rest, found := bytes.Cut(text, []byte("\r\n"+name+": "))
	if !found {
		return ""
	}
	value, _, _ := bytes.Cut(rest, []byte("\r\n"))
	return string(value)
}

// answering are phones of agents at one address: they answer every call at once.
func answering(t *testing.T, busy string) string {
	t.Helper()
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0")))
	if err != nil {
		t.Fatal(err)
	}
	var done sync.WaitGroup
	done.Go(func() {
		buffer := make([]byte, 1<<16)
		for {
			n, from, err := conn.ReadFromUDPAddrPort(buffer)
			if err != nil {
				return
			}
			answer := okTo(buffer[:n], "t")
			if bytes.HasPrefix(buffer[:n], []byte("INVITE sip:"+busy+"@")) {
				answer = bytes.Replace(answer, []byte("200 OK"), []byte("486 Busy Here"), 1)
			}
			if answer != nil {
				_, _ = conn.WriteToUDPAddrPort(answer, from)
			}
		}
	})
	t.Cleanup(func() {
		_ = conn.Close()
		done.Wait()
	})
	return conn.LocalAddr().String()
}
