package demo

import (
	"os/exec"
	"syscall"
)

// diesWithUs has a process that is about to be started end when this one does,
// even if nobody is left to end it.
func diesWithUs(child *exec.Cmd) {
	child.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
