//go:build !linux

package demo

import "os/exec"

// diesWithUs has, on Linux, a process end when this one is killed. Elsewhere
// it outlives us then.
func diesWithUs(*exec.Cmd) {}
