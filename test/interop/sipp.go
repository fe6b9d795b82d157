package interop

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"text/template"

	"holdfast/softphone"
)

//go:embed scenarios/*.xml
var scenarios embed.FS

// A SIPp is a phone that plays a scenario, once: it follows it exactly, and fails when
// something else comes. Its audio is one of our recorders for each of its two lines.
type SIPp struct {
	name    string
	port    int
	dir     string
	program *program
	audio   *softphone.Recorder
	second  *softphone.Recorder
}

// StartSIPp starts one of the scenarios in this package, such as "answers",
// with a tone (Hz) for its audio. with is the parameter of a scenario: the status of one
// that refuses, such as "486 Busy Here", the direction of one that holds, "sendonly" or
// "inactive", or the address to which one transfers. dir is a directory of its own. ctx
// bounds the start, not the scenario.
func StartSIPp(ctx context.Context, dir, scenario, with string, tone float64) (*SIPp, error) {
	port, err := Ports()
	if err != nil {
		return nil, fmt.Errorf("starting sipp: %w", err)
	}
	anyPort := netip.MustParseAddrPort("127.0.0.1:0")
	audio, err := softphone.Record(anyPort, tone)
	if err != nil {
		return nil, fmt.Errorf("starting sipp: %w", err)
	}
	second, err := softphone.Record(anyPort, tone)
	if err != nil {
		audio.Close()
		return nil, fmt.Errorf("starting sipp: %w", err)
	}
	s := &SIPp{name: scenario, port: port, dir: dir, audio: audio, second: second}
	if err := s.start(ctx, with); err != nil {
		s.closeAudio()
		return nil, fmt.Errorf("starting sipp: %w", err)
	}
	return s, nil
}

func (s *SIPp) start(ctx context.Context, with string) error {
	file, err := s.write(with)
	if err != nil {
		return err
	}
	args := []string{
		"-sf", file, "-i", "127.0.0.1", "-p", strconv.Itoa(s.port), "-m", "1",
		"-nostdin", "-timeout", "60s", "-timeout_error",
		"-trace_msg", "-message_file", s.file("messages"), "-trace_err", "-error_file", s.file("errors"),
	}
	if s.name == "deaf" { // it waits for the ACK that comes again, which is not a repetition
		args = append(args, "-nr")
	}
	if s.program, err = start(s.dir, "sipp", args...); err != nil {
		return err
	}
	if err := await(ctx, "its port", func() bool { return listening(s.port) }); err != nil {
		s.program.stop()
		return err
	}
	return nil
}

// Close ends the phone, in the middle of whatever it is doing.
func (s *SIPp) Close() {
	s.program.stop()
	s.closeAudio()
}

func (s *SIPp) closeAudio() {
	s.audio.Close()
	s.second.Close()
}

// line has the parameters of a line's audio for a scenario.
type line struct{ RTP uint16 }

// refusals are the statuses of the server's that a scenario takes where it expects
// any: SIPp has no pattern for them.
var refusals = []int{400, 403, 404, 405, 408, 480, 481, 486, 487, 488, 500, 503, 603}

// write writes the scenario with the values of this target filled in.
func (s *SIPp) write(with string) (file string, err error) {
	all, err := template.ParseFS(scenarios, "scenarios/*.xml")
	if err != nil {
		return "", err
	}
	f, err := os.Create(s.file("scenario.xml"))
	if err != nil {
		return "", err
	}
	values := struct {
		line
		Second   line
		With     string
		Refusals []int
	}{line{s.audio.Address().Port()}, line{s.second.Address().Port()}, with, refusals}
	return f.Name(), errors.Join(all.ExecuteTemplate(f, s.name+".xml", values), f.Close())
}

func (s *SIPp) file(name string) string { return filepath.Join(s.dir, name) }

// URI is how the phone is called.
func (s *SIPp) URI() string { return fmt.Sprintf("sip:target@127.0.0.1:%d", s.port) }

// Heard is the audio of the phone's first line.
func (s *SIPp) Heard() *softphone.Recording { return s.audio.Recording() }

// HeardSecond is the audio of the phone's second line.
func (s *SIPp) HeardSecond() *softphone.Recording { return s.second.Recording() }

// Said is the program's output on its terminal.
func (s *SIPp) Said() string { return s.program.words() }

// Finish waits for the end of the scenario. It is an error if that was not
// played to its end, or anything came that does not stand in it.
func (s *SIPp) Finish(ctx context.Context) error {
	select {
	case <-s.program.ended:
	case <-ctx.Done():
		return fmt.Errorf("sipp %s has not finished, but: %s: %w", s.name, s.Messages(), context.Cause(ctx))
	}
	if s.program.err == nil {
		return nil
	}
	faults, _ := os.ReadFile(s.file("errors"))
	return fmt.Errorf("sipp %s: %w\n%s", s.name, s.program.err, faults)
}

// listening reports whether a UDP port is bound, without binding it.
func listening(port int) bool {
	sockets, _ := os.ReadFile("/proc/net/udp")
	return strings.Contains(string(sockets), fmt.Sprintf("0100007F:%04X ", port))
}
