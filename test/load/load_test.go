// Package load measures how many calls a second a whole server sets up. It holds
// benchmarks only.
package load

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"holdfast"
	"holdfast/config"
	"holdfast/softphone"
)

const (
	agentTone, callerTone = 620, 440
	phones                = 8 // of callers, and as many of agents, each for any number of calls

	firstRate, nextRate, lastRate = 60, 20, 200 // calls a second
	stepFor                       = 2 * time.Second

	answeredWithin = time.Second // from the INVITE to a conversation
	talksFor       = time.Second
	settles        = 300 * time.Millisecond // of a conversation, until both must hear each other
	gapMost        = 200 * time.Millisecond
	sample         = 10 // one call in so many is listened to
)

// configEnv names the configuration of a server, which is a process of its own: this
// test binary.
const configEnv = "HOLDFAST_LOAD_CONFIG"

func TestMain(m *testing.M) {
	if file := os.Getenv(configEnv); file != "" {
		if err := serve(file); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// serve runs a server until its standard input ends, at the latest with the process that
// has started it.
func serve(file string) error {
	conf, err := config.Load(file)
	if err != nil {
		return err
	}
	server, err := holdfast.Start(context.Background(), holdfast.Options{Config: conf, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	began := cpuUsed()
	fmt.Println(server.SIPAddress())
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
		return err
	}
	fmt.Println(int64(cpuUsed() - began))
	return server.Close(context.Background())
}

func cpuUsed() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkSetups has customers call a queue of all agents, each second more of them,
// until a call is not answered in time, or customer and agent do not hear each other without
// a gap. setups/s is the last rate at which all was well. The server has one processor and
// keeps its journal in memory, if there is such a place.
func BenchmarkSetups(b *testing.B) {
	for _, agents := range []int{400, 3500} {
		b.Run(fmt.Sprint(agents, " agents"), func(b *testing.B) {
			for b.Loop() {
				rate, work := ramp(b, agents)
				b.ReportMetric(float64(rate), "setups/s")
				b.ReportMetric(work.Seconds()*1000, "cpu-ms/setup")
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

// ramp returns the last rate at which all was well, and how long the server has worked for
// each call.
func ramp(b *testing.B, agents int) (clean int, work time.Duration) {
	l := start(b, agents)
	clean = l.ramp()
	l.stop()
	return clean, l.worked / time.Duration(l.calls)
}

func (l *load) ramp() (clean int) {
	for rate := firstRate; rate <= lastRate; rate += nextRate {
		err := l.step(rate)
		if err != nil { // others may have had the machine
			err = l.step(rate)
		}
		if err != nil {
			l.b.Logf("%d a second: %v", rate, err)
			return clean
		}
		clean = rate
	}
	return clean
}

// A load is a server, and phones that call it and are called by it.
type load struct {
	b               *testing.B
	uri             string
	callers, agents []*softphone.Phone
	calls           int
	worked          time.Duration // the server has, since it was ready
	stop            func()

	mu    sync.Mutex // guards heard
	heard []error    // of agents who were listened to
}

func start(b *testing.B, agents int) *load {
	l := &load{b: b}
	var stops []func()
	l.stop = func() {
		for _, stop := range stops {
			stop()
		}
	}
	for range phones {
		for tone, all := range map[float64]*[]*softphone.Phone{agentTone: &l.agents, callerTone: &l.callers} {
			p, err := softphone.Start(softphone.Options{User: "phone", Tone: tone})
			if err != nil {
				b.Fatal(err)
			}
			stops = append(stops, p.Close)
			*all = append(*all, p)
		}
	}
	var listening sync.WaitGroup
	for _, p := range l.agents {
		listening.Go(func() { l.listen(p) }) // ends with the phone
	}
	address, stop := l.startServer(agents)
	l.uri = "sip:help@" + address
	stops = append(append(stops, listening.Wait), stop)
	return l
}

// startServer returns where the server listens.
func (l *load) startServer(agents int) (address string, stop func()) {
	dir, err := os.MkdirTemp("/dev/shm", "holdfast-load")
	if err != nil {
		dir = l.b.TempDir()
	}
	self, err := os.Executable()
	if err != nil {
		l.b.Fatal(err)
	}
	server := exec.Command(self)
	server.Env = append(os.Environ(), configEnv+"="+l.configure(dir, agents), "GOMAXPROCS=1")
	server.Stderr = os.Stderr
	in, err := server.StdinPipe()
	if err != nil {
		l.b.Fatal(err)
	}
	out, err := server.StdoutPipe()
	if err != nil {
		l.b.Fatal(err)
	}
	if err := server.Start(); err != nil {
		l.b.Fatal(err)
	}
	said := bufio.NewScanner(out)
	if !said.Scan() {
		l.b.Fatalf("starting the server: %v", said.Err())
	}
	return said.Text(), func() {
		_ = in.Close() // ends the server
		if said.Scan() {
			_, _ = fmt.Sscan(said.Text(), &l.worked)
		}
		if err := server.Wait(); err != nil {
			l.b.Error(err)
		}
		_ = os.RemoveAll(dir)
	}
}

// configure writes the server's configuration and returns its file.
func (l *load) configure(dir string, agents int) string {
	var text strings.Builder
	var names []string
	fmt.Fprintf(&text, "[journal]\ndir = %q\n[sip]\nlisten = %q\n", filepath.Join(dir, "journal"), freeAddress(l.b))
	for i := range agents {
		name := fmt.Sprintf("agent-%d", i)
		names = append(names, fmt.Sprintf("%q", name))
		fmt.Fprintf(&text, "[[agent]]\nname = %q\naddress = \"sip:%s@%s\"\n", name, name, l.agents[i%phones].Address())
	}
	fmt.Fprintf(&text, "[[queue]]\nname = \"all\"\nagents = [%s]\n[[route]]\ncalled = \"*\"\nqueue = \"all\"\n", strings.Join(names, ", "))
	file := filepath.Join(dir, "holdfast.toml")
	if err := os.WriteFile(file, []byte(text.String()), 0o600); err != nil {
		l.b.Fatal(err)
	}
	return file
}

func freeAddress(b *testing.B) string {
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	return c.LocalAddr().String()
}

// step calls at a rate for a while, and returns what has gone wrong.
func (l *load) step(rate int) error {
	n := rate * int(stepFor/time.Second)
	failed := make(chan error, n)
	l.calls += n
	began := time.Now()
	for i := range n {
		<-time.After(time.Until(began.Add(time.Duration(i) * time.Second / time.Duration(rate))))
		go func() { failed <- l.call(i) }() // ends within answeredWithin and talksFor
	}
	var first error
	bad := 0
	for range n {
		if err := <-failed; err != nil {
			bad++
			first = err
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, err := range l.heard {
		bad++
		first = err
	}
	l.heard = nil
	if first != nil {
		return fmt.Errorf("%d of %d calls, such as: %w", bad, n, first)
	}
	return nil
}

// call is one customer's call.
func (l *load) call(n int) error {
	ctx, cancel := context.WithTimeout(context.Background(), answeredWithin)
	defer cancel()
	c, err := l.callers[n%phones].Dial(ctx, l.uri)
	if err != nil {
		return err
	}
	<-time.After(talksFor)
	c.HangUp()
	<-c.Ended()
	if n%sample != 0 {
		return nil
	}
	return hears(c, agentTone)
}

// listen listens to some of an agent's calls until the phone is closed.
func (l *load) listen(p *softphone.Phone) {
	for n := 0; ; n++ {
		c, err := p.Incoming(context.Background())
		if err != nil {
			return
		}
		if n%sample != 0 {
			continue
		}
		<-c.Ended()
		if err := hears(c, callerTone); err != nil {
			l.mu.Lock()
			l.heard = append(l.heard, err)
			l.mu.Unlock()
		}
	}
}

// hears returns how a call did not hear a tone as soon as it should, and without a gap.
func hears(c *softphone.Call, tone float64) error {
	r := c.Recording()
	if gap := r.LongestGap(); gap > gapMost {
		return fmt.Errorf("%.0f Hz has a gap of %s", tone, gap.Round(time.Millisecond))
	}
	ended := r.Length()
	for _, s := range r.Heard(tone) {
		if len(s.Tones) == 0 && min(s.To, ended)-max(s.From, settles) > gapMost {
			return fmt.Errorf("%.0f Hz is not heard: %s", tone, r.Summary(softphone.Voices{agentTone: "agent", callerTone: "customer"}))
		}
	}
	if ended < talksFor-gapMost {
		return fmt.Errorf("%.0f Hz is heard only for %s", tone, ended)
	}
	return nil
}
