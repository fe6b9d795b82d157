//go:build !linux

package siptransport

import "net"

// Other systems do not report which address an ICMP error is about.

func askForErrors(*net.UDPConn) error     { return nil }
func unreachable(*net.UDPConn) []returned { return nil }
func pendingError(error) bool             { return false }
