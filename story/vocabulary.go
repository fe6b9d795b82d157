package story

import (
	"fmt"
	"strings"
	"unicode"
)

// A vocabulary has a word for each thing of a story, and the same for no two.
type vocabulary struct {
	words map[string]string // by thing
	taken map[string]bool
}

func newVocabulary() vocabulary {
	return vocabulary{
		words: map[string]string{},
		taken: map[string]bool{"customer": true, "the": true, "and": true, "nobody": true},
	}
}

// word is the word for a thing; if it has none yet, one that looks like that.
func (v vocabulary) word(thing, like string) string {
	if word, known := v.words[thing]; known {
		return word
	}
	first := strings.Trim(strings.Map(sayable, like), "-")
	if first == "" {
		first = "somebody"
	}
	word := first
	for n := 2; v.taken[word]; n++ {
		word = fmt.Sprintf("%s-%d", first, n)
	}
	v.words[thing], v.taken[word] = word, true
	return word
}

// sayable keeps what a word may be made of.
func sayable(r rune) rune {
	if unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("+@:._-", r) {
		return r
	}
	return '-'
}
