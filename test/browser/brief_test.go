package browser

import "testing"

func TestSample(t *testing.T) {
	const code = `/**
 * Greets.
 */
const greet = function(name, then) {
    if (name) {
        then("hello " + name);
    }
}

/** Says it all. */
const all = function() {
    greet("you", function() {
    });
}
`
	for _, text := range []string{
		"How to greet\n\n_none: greets nobody.\n\n" + code + "\nContact us\n\nX",
		code,
		"Of {braces}\r\n\r\n" + code,
	} {
		got, err := sample(text)
		if err != nil || got != code {
			t.Errorf("the code in %q is %q, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "no code\n}\n", "/**\n * but no function\n"} {
		if got, err := sample(text); err == nil {
			t.Errorf("the code in %q is %q", text, got)
		}
	}
}
