package main

import (
	"fmt"
	"syscall"
)

// How much a server needs at least. With less, the Go runtime ends it with a trace, at the
// start or in the middle of calls.
const (
	leastSpace = 2 << 30   // of address space: an idle server reserves 1.3 GB, and uses 35 MB
	leastData  = 256 << 20 // of data
)

// enoughMemory returns why this process may not have the memory that a server needs. A
// limit so low that Go does not start at all (780 MB without cgo) ends the process before.
func enoughMemory() error {
	for _, limit := range []struct {
		resource int
		command  string
		least    uint64
	}{
		{syscall.RLIMIT_AS, "ulimit -v", leastSpace},
		{syscall.RLIMIT_DATA, "ulimit -d", leastData},
	} {
		var l syscall.Rlimit
		if err := syscall.Getrlimit(limit.resource, &l); err == nil && l.Cur < limit.least {
			return fmt.Errorf("the memory of this process is limited to %d MB (%s), and a server needs at least %d MB; "+
				"to limit the memory in use instead of the reserved memory, use a control group (systemd: MemoryMax)",
				l.Cur>>20, limit.command, limit.least>>20)
		}
	}
	return nil
}
