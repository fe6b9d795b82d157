package password

import (
	"fmt"
	"strings"
	"testing"
)

func TestHash(t *testing.T) {
	h, err := New("correct horse")
	if err != nil {
		t.Fatal(err)
	}
	read, err := Parse(h.PHC())
	if err != nil {
		t.Fatal(err)
	}
	if !read.Matches("correct horse") || read.Matches("wrong horse") || read.Matches("") {
		t.Error("a hash that was written and read matches the wrong passwords")
	}
	if other, _ := New("correct horse"); other.PHC() == h.PHC() {
		t.Error("the same password twice has the same hash")
	}
	if got := fmt.Sprintf("%v %+v %#v", h, h, h); strings.Contains(got, "argon2id") {
		t.Errorf("a hash prints itself: %s", got)
	}
	if (Hash{}).Matches("") {
		t.Error("the zero value matches the empty password")
	}
}

// A hash that another implementation made: argon2 of the reference code, with
// the password "password", the salt "somesalt" and the cost of its test vector.
func TestForeignHash(t *testing.T) {
	h, err := Parse("$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc")
	if err != nil {
		t.Fatal(err)
	}
	if !h.Matches("password") {
		t.Error("the password of the test vector does not match")
	}
}

func TestParseErrors(t *testing.T) {
	tests := []struct{ written, want string }{
		{"", "not an argon2id hash"},
		{"secret", "not an argon2id hash"},
		{"$2b$12$abcdefghijklmnopqrstuv", "not an argon2id hash"},
		{"$argon2i$v=19$m=64,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5Q", "not an argon2id hash"},
		{"$argon2id$v=16$m=64,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5Q", "unsupported argon2 version"},
		{"$argon2id$v=19$m=99999999,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5Q", "want m=1 to m=262144"},
		{"$argon2id$v=19$m=64,t=0,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5Q", "want t=1 to t=16"},
		{"$argon2id$v=19$t=1,m=64,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5Q", "invalid cost"},
		{"$argon2id$v=19$m=8,t=1,p=2$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5Q", "at least 8 times p"},
		{"$argon2id$v=19$m=64,t=1,p=1$c2g$CTFhFdXPJO1aFaMaO6Mm5Q", "the salt must"},
		{"$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$short", "the hash must"},
	}
	for _, test := range tests {
		if _, err := Parse(test.written); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("Parse(%q): got %v, want %q", test.written, err, test.want)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	for _, password := range []string{"", strings.Repeat("x", Longest+1)} {
		if _, err := New(password); err == nil {
			t.Errorf("a password of %d bytes was hashed", len(password))
		}
	}
}

// FuzzParse: what is read is written the same.
func FuzzParse(f *testing.F) {
	f.Add("$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc")
	f.Add("$argon2id$v=19$m=8,t=1,p=1$$")
	f.Fuzz(func(t *testing.T, written string) {
		h, err := Parse(written)
		if err != nil {
			return
		}
		again, err := Parse(h.PHC())
		if err != nil || again.PHC() != h.PHC() {
			t.Errorf("%q is read as %s, then as %s (%v)", written, h.PHC(), again.PHC(), err)
		}
	})
}
