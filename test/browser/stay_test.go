package browser

import (
	"bufio"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
	"time"
)

// What "demo --stay" prints is all that it takes to be the agent in one's own
// browser: a customer calls, and is handed to somebody who picks up.
func TestAgentOfDemoStay(t *testing.T) {
	Need(t)
	dir := t.TempDir()
	binary := filepath.Join(dir, "holdfast")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "../../cmd/holdfast").CombinedOutput(); err != nil {
		t.Fatalf("building the command: %v\n%s", err, out)
	}
	stay := exec.CommandContext(t.Context(), binary, "demo", "--stay", "--dir", filepath.Join(dir, "demo"))
	out, err := stay.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := stay.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	said := func(what string) []string {
		for lines.Scan() {
			if found := regexp.MustCompile(what).FindStringSubmatch(lines.Text()); found != nil {
				return found[1:]
			}
		}
		t.Fatalf("it does not say %s", what)
		return nil
	}
	page := said(`open (http://localhost:\d+)/ccp-v2/`)[0]
	login := said(`log in as "([^"]+)" with the password "([^"]+)"`)
	go func() { // ends with the demo
		for lines.Scan() {
		}
	}()

	began := time.Now()
	you := Start(t, 330)
	tab := you.Open(page + "/ccp-v2/")
	tab.Type("#login [name=name]", login[0])
	tab.Type("#login [name=password]", login[1])
	tab.Click("#login button")
	tab.Await(`document.querySelector("#desk").checkVisibility()`)
	tab.Screenshot("stay-offline")
	tab.Do(`{
		const status = document.querySelector("[data-ref=status]")
		status.value = "Available"
		status.dispatchEvent(new Event("change"))
	}`)
	tab.Click("[data-verb=accept]")
	if err := tab.Heard().AwaitTones(soon(t), 440); err != nil {
		t.Fatalf("the customer is not heard: %v", err)
	}
	tab.Screenshot("stay-talking")
	t.Logf("a customer is heard %s after the browser was started", time.Since(began).Round(time.Millisecond))
}
