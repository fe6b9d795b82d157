//go:build js

// Command holdfast-wasm is package operator for a page: connect/worker.js runs it
// in a Worker, and tests run it in Node. It finds globalThis.holdfastPage with a
// function post(message), sets globalThis.holdfastEngine with a function
// take(message), and posts {type: "ready"}. Messages are plain objects; package
// operator defines them.
package main

import (
	"syscall/js"

	"holdfast/operator"
)

func main() {
	page := js.Global().Get("holdfastPage")
	var o operator.Operator
	take := js.FuncOf(func(_ js.Value, args []js.Value) any {
		if len(args) == 0 {
			return nil
		}
		for _, m := range o.Take(plain(args[0], depthMost)) {
			page.Call("post", m)
		}
		return nil
	})
	js.Global().Set("holdfastEngine", map[string]any{"take": take})
	page.Call("post", map[string]any{"type": "ready"})
	select {}
}
