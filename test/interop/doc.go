// Package interop drives independent phones for tests: baresip and SIPp, which
// others wrote. It starts them as programs of their own, tells them what to do,
// and tells what they did and heard. It decides nothing about a call, and the
// product never uses it.
package interop
