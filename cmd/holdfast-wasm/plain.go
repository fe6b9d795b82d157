//go:build js

package main

import "syscall/js"

// A value that is deeper or longer than these limits is left out: the page sends none.
const (
	depthMost = 8
	partsMost = 4096
)

var (
	object = js.Global().Get("Object")
	array  = js.Global().Get("Array")
	bigInt = js.Global().Get("BigInt")
)

// plain makes Go values of a plain JavaScript value. Anything else, such as a
// function, is nil. It asks for the type first: js.Value panics when it is read as
// another one, and has no type for a BigInt.
func plain(v js.Value, depth int) any {
	if object.Invoke(v).InstanceOf(bigInt) {
		return nil
	}
	switch v.Type() {
	case js.TypeBoolean:
		return v.Bool()
	case js.TypeNumber:
		return v.Float()
	case js.TypeString:
		return v.String()
	case js.TypeObject:
		if depth == 0 {
			return nil
		}
		if array.Call("isArray", v).Bool() {
			return list(v, depth-1)
		}
		return members(v, depth-1)
	}
	return nil
}

func list(v js.Value, depth int) []any {
	all := []any{}
	for i := range min(v.Length(), partsMost) {
		all = append(all, plain(v.Index(i), depth))
	}
	return all
}

func members(v js.Value, depth int) map[string]any {
	all := map[string]any{}
	names := object.Call("keys", v)
	for i := range min(names.Length(), partsMost) {
		name := names.Index(i).String()
		all[name] = plain(v.Get(name), depth)
	}
	return all
}
