// Package interleave plays transfers by a page in Node: connect/cold-transfer.js, and the
// engine with the page's desk, in a simulated contact of Amazon Connect with a virtual
// clock. Answers and updates are late, lost, repeated, reordered and wrong; who leaves when
// depends on a seed. It never opens a socket and waits for nothing.
package interleave
