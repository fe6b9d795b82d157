// Package peers tests Holdfast with phones that others wrote: baresip and
// SIPp. It is run by HOLDFAST_PEERS=1, because most machines do not have them.
package peers

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"holdfast/media"
	"holdfast/softphone"
)

const install = "apt-get install --no-install-recommends baresip-core sip-tester"

// patience is how long anything here may take that takes a moment.
const patience = 10 * time.Second

// Whose tone is whose.
const (
	customerTone = 440.0
	agentTone    = 800.0
	targetTone   = 1300.0
)

var voices = softphone.Voices{customerTone: "customer", agentTone: "agent", targetTone: "target"}

// need skips a test on a machine without the programs it needs. Where nothing
// may be skipped, it fails.
func need(t *testing.T, programs ...string) {
	t.Helper()
	if os.Getenv("HOLDFAST_PEERS") == "" {
		t.Skip("set HOLDFAST_PEERS=1 to test with foreign phones; they come with: " + install)
	}
	for _, p := range programs {
		if _, err := exec.LookPath(p); err == nil {
			continue
		}
		if ci := os.Getenv("CI"); ci != "" && ci != "0" && ci != "false" {
			t.Fatalf("%s is missing: %s", p, install)
		}
		t.Skipf("%s is missing: %s", p, install)
	}
}

// A block of ports belongs to one phone. They lie below those that the system
// hands out, so that nobody else takes them meanwhile.
const (
	firstBlock = 21000
	lastBlock  = 31000
	blockSize  = 10
)

var blocks struct {
	sync.Mutex
	next int
}

// ports finds a free block of ports.
func ports(t *testing.T) int {
	t.Helper()
	blocks.Lock()
	defer blocks.Unlock()
	if blocks.next == 0 {
		blocks.next = firstBlock + os.Getpid()%900*blockSize
	}
	for range (lastBlock - firstBlock) / blockSize {
		first := blocks.next
		if blocks.next += blockSize; blocks.next >= lastBlock {
			blocks.next = firstBlock
		}
		if free(first) {
			return first
		}
	}
	t.Fatal("no ports are free")
	return 0
}

// free reports whether all ports of a block can be bound.
func free(first int) bool {
	for port := first; port < first+blockSize; port++ {
		address := fmt.Sprintf("127.0.0.1:%d", port)
		udp, err := net.ListenPacket("udp", address)
		if err != nil {
			return false
		}
		_ = udp.Close()
		tcp, err := net.Listen("tcp", address)
		if err != nil {
			return false
		}
		_ = tcp.Close()
	}
	return true
}

// await waits until a condition of the world outside this process holds.
func await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	giveUp := time.After(patience)
	for !holds() {
		select {
		case <-look.C:
		case <-giveUp:
			t.Fatalf("waiting for %s: not within %v", what, patience)
		}
	}
}

// hears waits until somebody hears all these tones at once.
func hears(t *testing.T, who string, r *softphone.Recording, tones ...float64) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := r.AwaitTones(ctx, tones...); err != nil {
		t.Fatalf("%s: %v; heard %s", who, err, r.Summary(voices))
	}
}

// writeTone writes a WAV of two minutes of a tone.
func writeTone(t *testing.T, path string, tone float64) {
	t.Helper()
	const rate, loudness = 8000, 8000
	samples := make([]int16, 120*rate)
	for i := range samples {
		samples[i] = int16(loudness * math.Sin(2*math.Pi*tone*float64(i)/rate))
	}
	f, err := os.Create(path)
	if err == nil {
		err = errors.Join(media.WriteWAV(f, samples, rate, 1), f.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
}

// run starts a program in a directory, with what it says in a file there. When
// the test ends the program does, and if the test has failed what it said is
// shown. The channel gives the error of its end, once.
func run(t *testing.T, dir, program string, args ...string) <-chan error {
	t.Helper()
	said, err := os.Create(filepath.Join(dir, "said"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, said, said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended, reaped := make(chan error, 1), make(chan struct{})
	go func() {
		defer close(reaped)
		ended <- cmd.Wait()
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-reaped
		_ = said.Close()
		if t.Failed() {
			text, _ := os.ReadFile(said.Name())
			t.Logf("%s said:\n%s", program, text)
		}
	})
	return ended
}
