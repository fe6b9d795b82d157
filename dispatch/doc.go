// Package dispatch carries routing decisions out: it stores them, and only
// then makes the offers. It never decides which agent is next.
package dispatch
