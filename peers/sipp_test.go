package peers

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"text/template"
	"time"

	"holdfast/softphone"
)

// A sipp is a target that plays a scenario, once: it does exactly what stands
// there, and fails when something else comes. Its sound is a recorder of ours.
type sipp struct {
	t     *testing.T
	name  string
	port  int
	dir   string
	ended <-chan error
	sound *softphone.Recorder

	finished bool
}

// startSIPp starts a scenario of testdata, with a tone for its sound. Status
// is for the scenario that refuses, such as "486 Busy Here".
func startSIPp(t *testing.T, scenario, status string, tone float64) *sipp {
	t.Helper()
	sound, err := softphone.Record(netip.MustParseAddrPort("127.0.0.1:0"), tone)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(sound.Close)
	s := &sipp{t: t, name: scenario, port: ports(t), dir: t.TempDir(), sound: sound}
	s.ended = run(t, s.dir, "sipp",
		"-sf", s.write(scenario, status), "-i", "127.0.0.1", "-p", strconv.Itoa(s.port), "-m", "1",
		"-nostdin", "-timeout", "60s", "-timeout_error",
		"-trace_msg", "-message_file", s.file("messages"), "-trace_err", "-error_file", s.file("errors"))
	await(t, "sipp", func() bool { return listening(s.port) })
	return s
}

// write writes the scenario with the values of this target filled in.
func (s *sipp) write(scenario, status string) string {
	all, err := template.ParseGlob("testdata/*.xml")
	if err != nil {
		s.t.Fatal(err)
	}
	f, err := os.Create(s.file("scenario.xml"))
	if err != nil {
		s.t.Fatal(err)
	}
	defer f.Close()
	values := struct {
		RTP    uint16
		Status string
	}{s.sound.Address().Port(), status}
	if err := all.ExecuteTemplate(f, scenario+".xml", values); err != nil {
		s.t.Fatal(err)
	}
	return f.Name()
}

func (s *sipp) file(name string) string { return filepath.Join(s.dir, name) }

func (s *sipp) uri() string { return fmt.Sprintf("sip:target@127.0.0.1:%d", s.port) }

// finishes waits for the end of the scenario, and fails if it was not played
// to its end or anything came that does not stand in it. Again: nothing.
func (s *sipp) finishes() {
	s.t.Helper()
	if s.finished {
		return
	}
	s.finished = true
	select {
	case err := <-s.ended:
		if err == nil {
			return
		}
		faults, _ := os.ReadFile(s.file("errors"))
		s.t.Fatalf("sipp %s: %v\n%s", s.name, err, faults)
	case <-time.After(patience):
		s.t.Fatalf("sipp %s has not finished within %v: %v", s.name, patience, s.messages())
	}
}

var startLine = regexp.MustCompile(`(?m)^UDP message (sent|received) .*\n\n(?:SIP/2\.0 (\d+)|([A-Z]+) )`)

// messages lists the messages so far: "<INVITE", ">180", "<ACK".
func (s *sipp) messages() string {
	trace, _ := os.ReadFile(s.file("messages"))
	var list []string
	for _, m := range startLine.FindAllStringSubmatch(string(trace), -1) {
		direction := map[string]string{"sent": ">", "received": "<"}[m[1]]
		list = append(list, direction+m[2]+m[3])
	}
	return strings.Join(list, " ")
}

// listening reports whether a UDP port is bound, without binding it.
func listening(port int) bool {
	sockets, _ := os.ReadFile("/proc/net/udp")
	return strings.Contains(string(sockets), fmt.Sprintf("0100007F:%04X ", port))
}
