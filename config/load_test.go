package config

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"holdfast/call"
)

func TestMistakes(t *testing.T) {
	datadriven.RunTest(t, "testdata/mistakes.txt", func(t *testing.T, d *datadriven.TestData) string {
		if _, err := Parse("f.toml", []byte(d.Input)); err != nil {
			return err.Error()
		}
		return "good"
	})
}

func TestManualIsTheDefault(t *testing.T) {
	manual, err := Parse("manual", []byte(Manual()))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := Default(), manual; !reflect.DeepEqual(got, want) {
		t.Errorf("the default is\n%+v\nbut the manual says\n%+v", got, want)
	}
	if got := Default().Rules; got != call.DefaultRules() {
		t.Errorf("the manual's rules are %+v, package call's %+v", got, call.DefaultRules())
	}
}

// The manual must speak of every key there is.
func TestManualHasEveryKey(t *testing.T) {
	var walk func(table reflect.Type)
	walk = func(table reflect.Type) {
		if table.Kind() == reflect.Slice {
			table = table.Elem()
		}
		if table.Kind() != reflect.Struct {
			return
		}
		for f := range table.Fields() {
			if key := f.Tag.Get("toml"); !strings.Contains(Manual(), key) {
				t.Errorf("the manual does not mention %q", key)
			}
			walk(f.Type)
		}
	}
	walk(reflect.TypeFor[document]())
}

func TestMediaTCP(t *testing.T) {
	for content, want := range map[string]bool{"": true, "[panel]\nmedia_tcp = false\n": false} {
		config, err := Parse("f.toml", []byte(content))
		if got := config.Panel.MediaTCP; err != nil || got != want {
			t.Errorf("%q: %t, %v; want %t", content, got, err, want)
		}
	}
}

func TestFileIsMergedOverTheDefault(t *testing.T) {
	config, err := Parse("f.toml", []byte("[rules]\nring_for = \"7s\"\n[sip]\nlisten = \"192.0.2.1:5070\"\n[allow]\nhosts = [\"192.0.2.9\"]\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := call.DefaultRules()
	want.RingFor = call.Duration(7 * time.Second)
	if config.Rules != want {
		t.Errorf("rules are %+v, want %+v", config.Rules, want)
	}
	if got := config.Media.Address.String(); got != "192.0.2.1" {
		t.Errorf("audio is at %s, want the address of [sip] listen", got)
	}
	if n := config.Allow.Networks; len(n) != 1 || n[0].String() != "192.0.2.9/32" {
		t.Errorf("allowed networks are %v, want only the file's", n)
	}
	if len(config.Agents) != 1 || len(config.Trunks) != 1 {
		t.Errorf("the example's agents and trunks are gone: %+v", config)
	}
}

func TestListsReplaceTheExample(t *testing.T) {
	config, err := Parse("f.toml", []byte("[[AGENT]]\nname = \"ben\"\naddress = \"sip:ben@127.0.0.1:5072\"\n"))
	if err != nil {
		t.Fatal(err)
	}
	if a := config.Agents; len(a) != 1 || a[0].Name != "ben" {
		t.Errorf("agents are %v, want only ben", a)
	}
	if len(config.Routes) != 0 || len(config.Endpoints) != 0 {
		t.Errorf("the example's routes %v and endpoints %v are left", config.Routes, config.Endpoints)
	}
}

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "bad.toml")
	if err := os.WriteFile(file, []byte("[rules]\nring_for = \"soon\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Load(file)
	var mistakes Mistakes
	if !errors.As(err, &mistakes) || len(mistakes) != 1 || mistakes[0].Line != 2 || mistakes[0].File != file {
		t.Errorf("got %v, want one mistake in line 2 of %s", err, file)
	}
	if _, err := Load(filepath.Join(dir, "none.toml")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v for a file that does not exist", err)
	}
}

// FuzzParse: whatever a file says, there is a configuration whose parts fit
// together, or mistakes that have a place in it.
func FuzzParse(f *testing.F) {
	f.Add([]byte(Manual()))
	f.Add([]byte("[sip]\nlisten = \"[::1]:5060\"\n[[agent]]\nname=\"x\"\naddress=\"sip:[::1]\"\n"))
	f.Add([]byte("agent = [{name = \"ana\", address = 7}]\n[allow]\nhosts = [[\"x\"], 3]"))
	f.Fuzz(func(t *testing.T, content []byte) {
		config, err := Parse("f.toml", content)
		var mistakes Mistakes
		if errors.As(err, &mistakes) {
			lines := strings.Count(string(content), "\n") + 1
			for _, m := range mistakes {
				if m.Text == "" || m.Line < 0 || m.Line > lines {
					t.Errorf("mistake %+v in a file of %d lines", m, lines)
				}
			}
			return
		}
		if err != nil {
			t.Fatalf("%v is no list of mistakes", err)
		}
		if !config.API.Listen.Addr().IsLoopback() && len(config.Keys) == 0 {
			t.Errorf("the interface would listen on %s", config.API.Listen)
		}
	})
}
