package journal

import (
	"fmt"
	"testing"
)

func TestGapWithoutOthers(t *testing.T) {
	for _, test := range []struct {
		others []gap
		want   string
	}{
		{nil, "[stream ARCHIVE: entries 5 to 9 are missing]"},
		{[]gap{{First: 1, Last: 4}, {First: 10, Last: 20}}, "[stream ARCHIVE: entries 5 to 9 are missing]"},
		{[]gap{{First: 1, Last: 5}, {First: 9, Last: 9}}, "[stream ARCHIVE: entries 6 to 8 are missing]"},
		{[]gap{{First: 6, Last: 8}}, "[stream ARCHIVE: entry 5 is missing stream ARCHIVE: entry 9 is missing]"},
		{[]gap{{First: 5, Last: 9}}, "[]"},
	} {
		if got := fmt.Sprint(gap{First: 5, Last: 9}.without(test.others)); got != test.want {
			t.Errorf("without %v: %s, want %s", test.others, got, test.want)
		}
	}
}
