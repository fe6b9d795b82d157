package webleg

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"holdfast/call"
	"holdfast/media"
	"holdfast/switchboard"
)

// The browsers of a load test run in another process (see TestMain), so that this
// process uses CPU and memory only for the server.
const (
	loadVariable = "WEBLEG_BROWSERS"
	loadFor      = 10 * time.Second
	settling     = 2 * time.Second
)

func TestMain(m *testing.M) {
	if n, err := strconv.Atoi(os.Getenv(loadVariable)); err == nil {
		if err := browse(n); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// BenchmarkLegs measures the cost of legs that each send and hear 50 packets a
// second, in contacts of two. cpu-%/100legs is the share of one core.
func BenchmarkLegs(b *testing.B) {
	for _, n := range []int{100, 300} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			for b.Loop() {
				load(b, n)
			}
		})
	}
}

// load runs n legs for loadFor.
func load(b *testing.B, n int) {
	engine, err := media.Start(media.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer engine.Close()
	up := make(chan call.ContactID, n)
	legs, err := Start(Options{Address: loopback, Engine: engine, Board: &pairs{up: up}, Present: func(string) bool { return true }})
	if err != nil {
		b.Fatal(err)
	}
	defer legs.Close()
	memory, running := memoryUsed(), runtime.NumGoroutine()
	closeAll := ring(b, legs, engine, n)
	defer closeAll()
	c := startBrowsers(b, n)
	c.connect(b, legs, n)
	for range n {
		select {
		case <-up:
		case <-time.After(time.Minute):
			b.Fatal("a session did not come up")
		}
	}
	pause(settling)
	c.say(b, "count")
	cpu, at := cpuUsed(), time.Now()
	pause(loadFor)
	share := float64(cpuUsed()-cpu) / float64(time.Since(at))
	c.say(b, "stop")
	var got counted
	c.hear(b, &got)
	b.ReportMetric(100*share/float64(n)*100, "cpu-%/100legs")
	b.ReportMetric(float64(got.Lost), "lost")
	b.ReportMetric(float64(got.Heard)/float64(n)/got.Seconds, "packets/s/leg")
	b.ReportMetric(float64(memoryUsed()-memory)/float64(n)/1024, "kB/leg")
	b.ReportMetric(float64(runtime.NumGoroutine()-running)/float64(n), "goroutines/leg")
	b.ReportMetric(0, "ns/op")
}

// pause lets the load run.
func pause(d time.Duration) { <-time.After(d) }

// pairs is a Board without desks: it carries out what legs plan at once.
type pairs struct {
	up   chan<- call.ContactID
	mu   sync.Mutex // guards legs
	legs map[place]switchboard.Leg
}

func (p *pairs) Deliver(id call.ContactID, c call.ConnectionID, in switchboard.Incoming) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	plan := p.legs[place{id, c}].Receive(time.Now(), in)
	p.legs[place{id, c}] = plan.Leg
	if _, ok := in.(connected); ok {
		p.up <- id
	}
	for _, out := range plan.Out {
		_ = out.Send() // a setting, which returns no error
	}
	return true
}

func (p *pairs) Contact(call.ContactID) (call.Contact, bool) { return call.Contact{}, false }

// ring opens n legs in contacts of two, and accepts for all of them.
func ring(b *testing.B, legs *Legs, engine *media.Engine, n int) (closeAll func()) {
	board := legs.board.(*pairs)
	board.mu.Lock()
	defer board.mu.Unlock()
	board.legs = map[place]switchboard.Leg{}
	for i := range n {
		at := placeOf(i)
		leg, err := legs.Dial(at.contact, 1, call.Dial{Connection: at.connection, To: call.Endpoint{Kind: call.AgentEndpoint, Address: "ana"}})
		if err != nil {
			b.Fatal(err)
		}
		board.legs[at] = leg.Plan(time.Now(), call.Answer{Connection: at.connection}).Leg
		engine.Room(at.contact).Set(call.Mix{
			{Connection: 1, From: []call.ConnectionID{2}}, {Connection: 2, From: []call.ConnectionID{1}},
		})
	}
	return func() {
		board.mu.Lock()
		defer board.mu.Unlock()
		for _, leg := range board.legs {
			leg.Close()
		}
	}
}

func placeOf(i int) place {
	return place{call.ContactID(fmt.Sprint("c", i/2)), call.ConnectionID(i%2 + 1)}
}

func cpuUsed() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// memoryUsed returns the size of heap and stacks after garbage collection.
func memoryUsed() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}

// browsers is the process of the browsers. It reads and writes lines of JSON.
type browsers struct {
	in  *json.Encoder
	out *bufio.Scanner
}

func startBrowsers(b *testing.B, n int) *browsers {
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), fmt.Sprint(loadVariable, "=", n))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		in.Close() // ends the process
		if err := cmd.Wait(); err != nil {
			b.Error(err)
		}
	})
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	return &browsers{json.NewEncoder(in), lines}
}

func (c *browsers) say(b *testing.B, what string) {
	if err := c.in.Encode(what); err != nil {
		b.Fatal(err)
	}
}

func (c *browsers) hear(b *testing.B, what any) {
	if !c.out.Scan() {
		b.Fatalf("the browsers have ended: %v", c.out.Err())
	}
	if err := json.Unmarshal(c.out.Bytes(), what); err != nil {
		b.Fatalf("%v: %s", err, c.out.Bytes())
	}
}

// connect answers the offers of all browsers, one after the other.
func (c *browsers) connect(b *testing.B, legs *Legs, n int) {
	for i := range n {
		var offer string
		c.hear(b, &offer)
		answer, err := legs.Connect(context.Background(), placeOf(i).contact, placeOf(i).connection, offer)
		if err != nil {
			b.Fatal(err)
		}
		c.say(b, answer)
	}
}

// counted is the number of packets that all browsers have heard and missed.
type counted struct {
	Heard, Lost int
	Seconds     float64
}

// browse is the process of n browsers. For each it writes an offer and reads the
// answer; then it counts packets between the words "count" and "stop".
func browse(n int) error {
	t := &tester{}
	in, out := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	var all []*browser
	api := browserAPI(t, func(*webrtc.SettingEngine) {})
	for range n {
		b := browserOf(t, api, ana)
		all = append(all, b)
		var answer string
		if err := out.Encode(b.offer()); err != nil {
			return err
		}
		if err := in.Decode(&answer); err != nil {
			return err
		}
		b.accept(answer)
	}
	var word string
	if err := in.Decode(&word); err != nil { // "count"
		return err
	}
	at, from := time.Now(), make([]int, n)
	for i, b := range all {
		from[i] = b.count()
	}
	if err := in.Decode(&word); err != nil { // "stop"
		return err
	}
	got := counted{Seconds: time.Since(at).Seconds()}
	for i, b := range all {
		heard, _ := b.since(from[i])
		got.Heard += len(heard)
		got.Lost += lostOf(heard)
	}
	return out.Encode(got)
}

// lostOf returns how many sequence numbers are missing between the packets.
func lostOf(packets []heard) int {
	if len(packets) == 0 {
		return 0
	}
	first, last := packets[0].SequenceNumber, packets[0].SequenceNumber
	for _, p := range packets {
		if int16(p.SequenceNumber-last) > 0 {
			last = p.SequenceNumber
		}
	}
	return int(last-first) + 1 - len(packets)
}

// tester is a testing.TB for the process of the browsers, which is not a test.
type tester struct{ testing.TB }

func (*tester) Helper()                           {}
func (*tester) Cleanup(func())                    {} // the process ends
func (*tester) Error(args ...any)                 { fmt.Fprintln(os.Stderr, args...) }
func (*tester) Fatal(args ...any)                 { panic(strings.TrimSpace(fmt.Sprintln(args...))) }
func (*tester) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }
