package operator

import (
	"strconv"
	"time"

	"holdfast/call"
)

// This file makes our plain values, and compares them.

func endpoint(e call.Endpoint) map[string]any {
	m := map[string]any{"kind": string(e.Kind), "address": e.Address}
	if e.Name != "" {
		m["name"] = e.Name
	}
	return m
}

func endpoints(list []call.Endpoint) []any {
	all := make([]any, 0, len(list))
	for _, e := range list {
		all = append(all, endpoint(e))
	}
	return all
}

// stamp is a time in milliseconds; 0 means no time.
func stamp(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixMilli())
}

// iso is a time in ISO 8601, as JavaScript writes it. time.Format would make the
// program larger.
func iso(t time.Time) string {
	t = t.UTC()
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	ms := t.Nanosecond() / int(time.Millisecond)
	return digits(year, 4) + "-" + digits(int(month), 2) + "-" + digits(day, 2) + "T" +
		digits(hour, 2) + ":" + digits(minute, 2) + ":" + digits(second, 2) + "." + digits(ms, 3) + "Z"
}

func digits(n, width int) string {
	s := strconv.Itoa(n)
	for len(s) < width {
		s = "0" + s
	}
	return s
}

// same reports whether two plain values are equal.
func same(a, b any) bool {
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok || len(a) != len(b) || (a == nil) != (b == nil) {
			return false
		}
		for name, value := range a {
			other, has := b[name]
			if !has || !same(value, other) {
				return false
			}
		}
		return true
	case []any:
		b, ok := b.([]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for i := range a {
			if !same(a[i], b[i]) {
				return false
			}
		}
		return true
	}
	switch b.(type) {
	case map[string]any, []any:
		return false
	}
	return a == b
}
