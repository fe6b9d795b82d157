package browser

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"
)

// Cut makes the network lose all packets from and to some ports, until mend is called
// or the test ends.
func Cut(t testing.TB, ports ...uint16) (mend func()) {
	t.Helper()
	Need(t)
	change := func(verb string) {
		t.Helper()
		var batch strings.Builder
		for _, port := range ports {
			for _, end := range []string{"sport", "dport"} {
				for _, protocol := range []string{"tcp", "udp"} {
					fmt.Fprintf(&batch, "rule %s pref %d ipproto %s %s %d blackhole\n", verb, port, protocol, end, port)
				}
			}
		}
		ip := exec.Command("ip", "-batch", "-")
		ip.Stdin = strings.NewReader(batch.String())
		if said, err := ip.CombinedOutput(); err != nil {
			t.Fatalf("cutting the network: %v\n%s", err, said)
		}
	}
	change("add")
	cut := true
	mend = func() {
		if cut {
			cut = false
			change("del")
		}
	}
	t.Cleanup(mend)
	return mend
}
