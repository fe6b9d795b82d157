package peers

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"holdfast/softphone"
)

// A baresip is a phone that says a tone and records what it hears. It is told
// what to do, and tells what happens, over a TCP connection of its own.
type baresip struct {
	t      *testing.T
	user   string
	port   int
	heard  *softphone.Recording
	ctrl   net.Conn
	events chan event
}

// An event is what the phone tells: CALL_INCOMING, CALL_RINGING,
// CALL_ESTABLISHED, CALL_CLOSED and others.
type event struct {
	Type  string `json:"type"`
	Param string `json:"param"`

	Response bool   `json:"response"`
	OK       bool   `json:"ok"`
	Data     string `json:"data"`
}

func startBaresip(t *testing.T, user string, tone float64) *baresip {
	t.Helper()
	b := &baresip{t: t, user: user, port: ports(t), heard: &softphone.Recording{}, events: make(chan event, 1000)}
	dir := t.TempDir()
	b.configure(dir, tone)
	run(t, dir, "baresip", "-f", dir)
	await(t, user+"'s baresip", func() bool {
		var err error
		b.ctrl, err = net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", b.port+ctrlPort))
		return err == nil
	})

	var ends sync.WaitGroup
	stop := make(chan struct{})
	ends.Go(b.follow)
	ends.Go(func() { b.listen(dir, stop) })
	t.Cleanup(func() {
		close(stop)
		_ = b.ctrl.Close()
		ends.Wait()
		if t.Failed() {
			t.Logf("%s heard %s", user, b.heard.Summary(voices))
		}
	})
	return b
}

// How a phone uses its block of ports: SIP first, with the next one for TLS.
const (
	ctrlPort      = 2
	firstRTP      = 4
	lastRTP       = blockSize - 1
	modulesFolder = "/usr/lib/baresip/modules"
)

// configure writes the phone's configuration. Player aubridge plays to nobody,
// but without a player nothing is decoded, and module sndfile records what was
// decoded. A jitter buffer would keep the last packets of a call to itself.
func (b *baresip) configure(dir string, tone float64) {
	writeTone(b.t, filepath.Join(dir, "tone.wav"), tone)
	config := []string{
		"net_interface 127.0.0.1",
		fmt.Sprintf("sip_listen 127.0.0.1:%d", b.port),
		fmt.Sprintf("ctrl_tcp_listen 127.0.0.1:%d", b.port+ctrlPort),
		fmt.Sprintf("rtp_ports %d-%d", b.port+firstRTP, b.port+lastRTP),
		"jitter_buffer_delay 0-0",
		"audio_path " + dir,
		"audio_source aufile," + filepath.Join(dir, "tone.wav"),
		"audio_player aubridge,nobody",
		"audio_alert aubridge,nobody",
		"ausrc_format s16", "auplay_format s16", "auenc_format s16", "audec_format s16",
		"snd_path " + dir,
		"module_path " + modulesFolder,
		"module g711.so", "module aufile.so", "module aubridge.so", "module sndfile.so",
		"module_tmp account.so",
		"module_app menu.so", "module_app ctrl_tcp.so", "statmode_default off",
	}
	account := fmt.Sprintf("<sip:%s@127.0.0.1:%d>;regint=0;audio_codecs=PCMU", b.user, b.port)
	for name, text := range map[string]string{
		"config": strings.Join(config, "\n"), "accounts": account, "contacts": "",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text+"\n"), 0o600); err != nil {
			b.t.Fatal(err)
		}
	}
}

func (b *baresip) uri() string { return fmt.Sprintf("sip:%s@127.0.0.1:%d", b.user, b.port) }

func (b *baresip) dial(uri string) { b.tell("dial", uri) }
func (b *baresip) answer()         { b.tell("accept", "") }
func (b *baresip) hangUp()         { b.tell("hangup", "") }
func (b *baresip) hold()           { b.tell("hold", "") }
func (b *baresip) resume()         { b.tell("resume", "") }

func (b *baresip) tell(command, params string) {
	b.t.Helper()
	text, err := json.Marshal(map[string]string{"command": command, "params": params})
	if err == nil {
		_, err = fmt.Fprintf(b.ctrl, "%d:%s,", len(text), text)
	}
	if err != nil {
		b.t.Fatalf("telling %s to %s: %v", b.user, command, err)
	}
}

// follow reads what the phone tells, as netstrings, until it has ended.
func (b *baresip) follow() {
	defer close(b.events)
	in := bufio.NewReader(b.ctrl)
	for {
		size, err := in.ReadString(':')
		if err != nil {
			return
		}
		n, err := strconv.Atoi(strings.TrimSuffix(size, ":"))
		if err != nil {
			b.t.Errorf("%s's baresip: %q is no length", b.user, size)
			return
		}
		text := make([]byte, n+1) // and a comma
		if _, err := io.ReadFull(in, text); err != nil {
			return
		}
		var e event
		if err := json.Unmarshal(text[:n], &e); err != nil {
			b.t.Errorf("%s's baresip: %v in %s", b.user, err, text)
			return
		}
		b.events <- e
	}
}

// awaits waits for the next event of one of these types, and gives it. A call
// that ends instead, or a command that the phone does not take, is a failure.
func (b *baresip) awaits(types ...string) event {
	b.t.Helper()
	giveUp := time.After(patience)
	for {
		select {
		case e, ok := <-b.events:
			switch {
			case !ok:
				b.t.Fatalf("%s's baresip has ended, waiting for %v", b.user, types)
			case slices.Contains(types, e.Type):
				return e
			case e.Type == closed, e.Response && !e.OK:
				b.t.Fatalf("%s, waiting for %v, got %+v", b.user, types, e)
			}
		case <-giveUp:
			b.t.Fatalf("%s has waited for %v for %v", b.user, types, patience)
		}
	}
}

const (
	incoming    = "CALL_INCOMING"
	ringing     = "CALL_RINGING"
	established = "CALL_ESTABLISHED"
	closed      = "CALL_CLOSED"
)

// undisturbed fails if a call of the phone has ended, as far as is known yet.
func (b *baresip) undisturbed() {
	b.t.Helper()
	for {
		select {
		case e := <-b.events:
			if e.Type == closed {
				b.t.Fatalf("%s's call has ended: %s", b.user, e.Param)
			}
		default:
			return
		}
	}
}

// listen follows the files that the phone writes of what it hears, one for each
// call, so that each piece of sound gets the time at which it was heard.
func (b *baresip) listen(dir string, stop <-chan struct{}) {
	const header = 44 // bytes of a WAV before its samples
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	read := map[string]int{}
	total := 0
	for {
		select {
		case <-stop:
			return
		case <-look.C:
		}
		files, _ := filepath.Glob(filepath.Join(dir, "dump-*-dec.wav"))
		for _, name := range files {
			wav, _ := os.ReadFile(name)
			at := max(read[name], header)
			if at+1 >= len(wav) {
				continue
			}
			samples := pcm(wav[at:])
			read[name] = at + 2*len(samples)
			b.heard.Add(time.Now(), total, samples)
			total += len(samples)
		}
	}
}

// pcm is 16-bit sound as it stands in a WAV.
func pcm(bytes []byte) []int16 {
	samples := make([]int16, len(bytes)/2)
	for i := range samples {
		samples[i] = int16(uint16(bytes[2*i]) | uint16(bytes[2*i+1])<<8)
	}
	return samples
}
