package interop

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"holdfast/media"
	"holdfast/softphone"
)

// A Baresip is a phone that plays a tone and records the audio it hears. It
// takes commands and reports events over a TCP connection of its own.
type Baresip struct {
	user    string
	port    int
	account string // its address, with its parameters
	heard   *softphone.Recording
	program *program
	ctrl    net.Conn
	events  chan Event
	stop    chan struct{} // closed by Close
	enough  chan struct{} // closed by StopListening
	ends    sync.WaitGroup
}

// An Event is a report of the phone. Some only answer a command.
type Event struct {
	Type  string `json:"type"`
	Param string `json:"param"`
	Call  string `json:"id"` // the Call-ID, if it is about a call

	Response bool   `json:"response"`
	OK       bool   `json:"ok"`
	Data     string `json:"data"`
}

// Types of events, in baresip's own words.
const (
	Incoming    = "CALL_INCOMING"
	Ringing     = "CALL_RINGING"
	Established = "CALL_ESTABLISHED"
	Closed      = "CALL_CLOSED" // Param has the reason
)

// How a phone uses its block of ports: SIP first, with the next one for TLS.
const (
	ctrlPort      = 2
	firstRTP      = 4
	lastRTP       = blockSize - 1
	modulesFolder = "/usr/lib/baresip/modules"
)

// StartBaresip switches a phone on, which plays a tone (Hz). dir is a directory
// of its own. ctx bounds the start, not the phone.
func StartBaresip(ctx context.Context, dir, user string, tone float64) (*Baresip, error) {
	return startAs(ctx, dir, user, tone, "")
}

// StartRegisteringBaresip is StartBaresip for a phone that registers at an
// address, with a password.
func StartRegisteringBaresip(ctx context.Context, dir, user string, tone float64, at netip.AddrPort, password string) (*Baresip, error) {
	account := fmt.Sprintf("<sip:%s@%s;transport=udp>;regint=60;auth_user=%s;auth_pass=%s", user, at, user, password)
	return startAs(ctx, dir, user, tone, account)
}

// startAs switches a phone on that has an account, or uses its own address.
func startAs(ctx context.Context, dir, user string, tone float64, account string) (*Baresip, error) {
	port, err := Ports()
	if err != nil {
		return nil, fmt.Errorf("starting %s's baresip: %w", user, err)
	}
	b := &Baresip{
		user: user, port: port, account: account, heard: &softphone.Recording{},
		events: make(chan Event, 1000), stop: make(chan struct{}), enough: make(chan struct{}),
	}
	if account == "" {
		b.account = fmt.Sprintf("<%s>;regint=0", b.URI())
	}
	if err := b.start(ctx, dir, tone); err != nil {
		return nil, fmt.Errorf("starting %s's baresip: %w", user, err)
	}
	b.ends.Go(b.follow)
	b.ends.Go(func() { b.listen(dir) })
	return b, nil
}

func (b *Baresip) start(ctx context.Context, dir string, tone float64) (err error) {
	if err := b.configure(dir, tone); err != nil {
		return err
	}
	if b.program, err = start(dir, "baresip", "-f", dir, "-s"); err != nil {
		return err
	}
	err = await(ctx, "its control connection", func() bool {
		b.ctrl, err = net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", b.port+ctrlPort))
		return err == nil
	})
	if err != nil {
		b.program.stop()
	}
	return err
}

// Close switches the phone off, in the middle of whatever it is doing.
func (b *Baresip) Close() {
	close(b.stop)
	_ = b.ctrl.Close()
	b.program.stop()
	b.ends.Wait()
}

// StopListening ends the recording of what the phone hears, which costs time even when
// nothing is heard. It must not be called twice.
func (b *Baresip) StopListening() { close(b.enough) }

// configure writes the phone's configuration. Player aubridge discards the
// audio, but without a player nothing is decoded, and module sndfile records
// the decoded audio. A jitter buffer would keep the last packets of a call to
// itself.
func (b *Baresip) configure(dir string, tone float64) error {
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
	return errors.Join(
		writeTone(filepath.Join(dir, "tone.wav"), tone),
		os.WriteFile(filepath.Join(dir, "config"), []byte(strings.Join(config, "\n")+"\n"), 0o600),
		os.WriteFile(filepath.Join(dir, "accounts"), []byte(b.account+";audio_codecs=PCMU\n"), 0o600),
		os.WriteFile(filepath.Join(dir, "contacts"), nil, 0o600),
	)
}

// writeTone writes a WAV of two minutes of a tone of whole Hz: the same second again
// and again.
func writeTone(path string, tone float64) error {
	const rate, loudness, seconds = 8000, 8000, 120
	second := make([]int16, rate)
	for i := range second {
		second[i] = int16(loudness * math.Sin(2*math.Pi*tone*float64(i)/rate))
	}
	samples := slices.Repeat(second, seconds)
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(media.WriteWAV(f, samples, rate, 1), f.Close())
}

// URI is where the phone is called.
func (b *Baresip) URI() string { return fmt.Sprintf("sip:%s@127.0.0.1:%d", b.user, b.port) }

// Heard is the audio that the phone hears, in all its calls. The phone reports
// it a few hundredths of a second later, and not at all after a hold of its
// own.
func (b *Baresip) Heard() *softphone.Recording { return b.heard }

// Said is the program's output on its terminal.
func (b *Baresip) Said() string { return b.program.words() }

// Await waits for the next event of one of these types, and gives it. It is an
// error if a call ends instead, or the phone does not take a command.
func (b *Baresip) Await(ctx context.Context, types ...string) (Event, error) {
	for {
		select {
		case e, ok := <-b.events:
			switch {
			case !ok:
				return e, fmt.Errorf("%s's baresip has ended, waiting for %v", b.user, types)
			case slices.Contains(types, e.Type):
				return e, nil
			case e.Type == Closed, e.Response && !e.OK:
				return e, fmt.Errorf("%s's baresip, waiting for %v, reports %+v", b.user, types, e)
			}
		case <-ctx.Done():
			return Event{}, fmt.Errorf("%s's baresip, waiting for %v: %w", b.user, types, context.Cause(ctx))
		}
	}
}

// Undisturbed is an error if a call of the phone has ended, as far as is known
// yet. It takes the events so far.
func (b *Baresip) Undisturbed() error {
	for {
		select {
		case e, ok := <-b.events:
			switch {
			case !ok:
				return fmt.Errorf("%s's baresip has ended", b.user)
			case e.Type == Closed:
				return fmt.Errorf("%s's call has ended: %s", b.user, e.Param)
			}
		default:
			return nil
		}
	}
}

// listen follows the files into which the phone writes the audio it hears, one
// for each stream, so that each piece of audio gets the time at which it was
// heard.
func (b *Baresip) listen(dir string) {
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	dumps := map[string]*dump{}
	defer func() {
		for _, d := range dumps {
			_ = d.file.Close()
		}
	}()
	total := 0
	for {
		select {
		case <-b.stop:
			return
		case <-b.enough:
			return
		case <-look.C:
		}
		names, _ := filepath.Glob(filepath.Join(dir, "dump-*-dec.wav"))
		for _, name := range names {
			if dumps[name] == nil {
				f, err := os.Open(name)
				if err != nil {
					continue
				}
				dumps[name] = &dump{f, wavHeader}
			}
			if samples := dumps[name].more(); len(samples) > 0 {
				b.heard.Add(time.Now(), total, samples)
				total += len(samples)
			}
		}
	}
}

const wavHeader = 44 // bytes of a WAV before its samples

// A dump is a WAV that grows.
type dump struct {
	file *os.File
	read int64
}

// more is the part by which the dump has grown.
func (d *dump) more() []int16 {
	buffer := make([]byte, 16000)
	n, _ := d.file.ReadAt(buffer, d.read) // samples that are not there yet come later
	samples := make([]int16, n/2)
	for i := range samples {
		samples[i] = int16(uint16(buffer[2*i]) | uint16(buffer[2*i+1])<<8)
	}
	d.read += int64(2 * len(samples))
	return samples
}
