package sipleg

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"holdfast/call"
	"holdfast/switchboard"
)

// Memories of version 1 stay readable. The files were written by this code when
// it was new: a leg that talks on hold, one that rings, and one that has ended.
func TestOldMemories(t *testing.T) {
	paths, err := filepath.Glob("testdata/memory/*.json")
	if err != nil || len(paths) != 3 {
		t.Fatalf("%d memories, %v", len(paths), err)
	}
	for _, path := range paths {
		written, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		r := newRig(t)
		restored, err := r.lines.Restore("contact", 2, 7, written)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		r.leg = restored
		l := restored.(leg)
		m, _ := readMemory(l.Memory())
		m.Dialog = nil
		switch name := filepath.Base(path); name {
		case "held-v1.json":
			if l.role != callee || !l.answered || direction(l.session.Stream).String() != "recvonly" ||
				l.at.Port() != 4000 || l.latched.String() != "203.0.113.5:7000" || l.session.Version != 2 {
				t.Errorf("%s: %+v", name, m)
			}
		case "ringing-v1.json":
			if l.role != caller || l.answered || l.name != "cardiology" || l.session.Version != 1 {
				t.Errorf("%s: %+v", name, m)
			}
		case "ended-v1.json":
			if !l.ended || l.audio != audio(silence{}) {
				t.Errorf("%s: %+v", name, m)
			}
		}
		r.lost = true
		r.takes(switchboard.Resumed{})
		if l.answered && !l.ended && !strings.Contains(strings.Join(r.told, "\n"), "-> INVITE") {
			t.Errorf("%s: a leg that talks does not offer again:\n%s", path, strings.Join(r.told, "\n"))
		}
	}
}

// What changes nothing that a successor must know leaves the memory as it is.
func TestMemoryIsStable(t *testing.T) {
	r := newRig(t)
	r.calls()
	r.plans(call.Answer{Connection: 1})
	before := r.leg.Memory()
	r.plans(call.Ring{Connection: 1})
	r.plans(call.Notify{Connection: 1})
	r.takes(switchboard.Tick{})
	if after := r.leg.Memory(); !bytes.Equal(before, after) {
		t.Errorf("changed by nothing:\n%s\n%s", before, after)
	}
	r.farDoes(r.far.Invite(r.now, []byte(speak("sendonly"))))
	if after := r.leg.Memory(); bytes.Equal(before, after) {
		t.Error("a hold is not in the memory")
	}
}
