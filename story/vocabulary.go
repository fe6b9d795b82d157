package story

import (
	"cmp"
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

// word is the word for a thing; if it has none yet, this one, or one like it.
func (v vocabulary) word(thing, like string) string {
	if word, known := v.words[thing]; known {
		return word
	}
	word := like
	for n := 2; v.taken[word]; n++ {
		word = fmt.Sprintf("%s-%d", like, n)
	}
	v.words[thing], v.taken[word] = word, true
	return word
}

// sayable makes one word of a text.
func sayable(text string) string {
	word := strings.Trim(strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("+@:._-", r) {
			return r
		}
		return '-'
	}, text), "-")
	return cmp.Or(word, "somebody")
}
