package interop

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"text/template"

	"holdfast/config"
	"holdfast/holdfasttest"
	"holdfast/softphone"
)

// A carrier that has used up its hops gets 483; one that tries the next number after a
// refusal, with the same Call-ID, gets through, with an offer among parts.
func TestSIPpCallsAgain(t *testing.T) {
	Need(t, "sipp")
	bed := holdfasttest.Start(t, func(b *holdfasttest.Bed) {
		c := &b.Options.Config
		c.Agents = append(c.Agents, config.Agent{Name: "ben", Capacity: 1, NoAfterCall: true})
		c.Routes = []config.Route{{Called: "nobody", Agent: "ana"}, {Called: "again", Agent: "ben"}}
	})
	bed.Phone("ana").Answering(softphone.Behaviour{Do: softphone.Busy})
	dir := t.TempDir()
	file := filepath.Join(dir, "calls.xml")
	f, err := os.Create(file)
	must(t, err)
	all, err := template.ParseFS(scenarios, "scenarios/*.xml")
	must(t, err)
	must(t, errors.Join(all.ExecuteTemplate(f, "calls.xml", struct{ RTP uint16 }{9}), f.Close()))
	p, err := start(dir, "sipp", "-sf", file, "-i", "127.0.0.1", "-m", "1", "-nostdin", "-timeout", "20s", "-timeout_error",
		"-trace_err", "-error_file", filepath.Join(dir, "errors"), bed.SIP.String())
	must(t, err)
	defer p.stop()
	<-p.ended
	faults, _ := os.ReadFile(filepath.Join(dir, "errors"))
	if p.err != nil {
		t.Errorf("sipp: %v\n%s", p.err, faults)
	}
	bed.Idle()
}
