package demo

import (
	"os/exec"
	"syscall"
)

// diesWithUs makes the kernel end a process that is about to be started when
// this one ends, however it ends.
func diesWithUs(child *exec.Cmd) {
	child.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
