// Package interleave plays transfers by a page in Node: connect/cold-transfer.js, and the
// engine with the page's desk, in a simulated contact of Amazon Connect with a virtual
// clock. Answers and updates are late, lost, repeated, reordered and wrong; a seed decides
// which party leaves when. It never opens a socket and waits for nothing.
package interleave
