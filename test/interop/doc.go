// Package interop drives independent phones for tests: baresip and SIPp, which
// others wrote. It starts them as programs of their own, sends them commands,
// and reports their actions and the audio they heard. It decides nothing about
// a call, and the product never uses it.
package interop
