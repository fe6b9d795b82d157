package browser

import (
	"bufio"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestExampleTried plays what docs/AMAZON-CONNECT.md says under "Trying it without Amazon
// Connect": the example transfers, and a person types what the target does.
func TestExampleTried(t *testing.T) {
	Need(t)
	if err := buildEngine(); err != nil {
		t.Fatal(err)
	}
	site := http.NewServeMux()
	site.Handle("GET /", http.FileServer(http.Dir("../../examples/amazon-connect")))
	site.Handle("GET /holdfast/", http.StripPrefix("/holdfast/", http.FileServer(http.Dir(connectDir))))
	site.HandleFunc("GET /node_modules/amazon-connect-streams/release/connect-streams-min.js", func(w http.ResponseWriter, r *http.Request) {
		http.ServeFile(w, r, os.Getenv(insideEnv))
	})
	people, places := startSimulated(t)
	tab := Start(t, 620).Open(serve(t, site) + "/?ccp=http://localhost:8092/own")
	const start = `document.querySelector("holdfast-transfer").shadowRoot.querySelector("[part=start]")`
	tab.Await(`document.querySelector("#to")`)
	tab.Type("#to", "+493012345")
	for _, c := range []struct{ does, place, outcome string }{
		{"decline", "with the agent", "failed"},
		{"answer", "with the target", "completed"},
	} {
		tab.Await(start + `.disabled === false`)
		tab.Do(start + `.click()`)
		awaitLine(t, places, "on hold; the target rings")
		if _, err := io.WriteString(people, c.does+"\n"); err != nil {
			t.Fatal(err)
		}
		awaitLine(t, places, c.place)
		tab.Await(`document.querySelector("#outcomes").lastChild?.textContent?.includes("` + c.outcome + `")`)
	}
}

// startSimulated builds and starts the simulated Amazon Connect. It returns its input and
// the lines that it prints.
func startSimulated(t *testing.T) (io.Writer, *bufio.Scanner) {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "simulated")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "../amazon/simulated").CombinedOutput(); err != nil {
		t.Fatalf("building the simulated Amazon Connect: %v\n%s", err, out)
	}
	simulated := exec.CommandContext(t.Context(), binary)
	in, err := simulated.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := simulated.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := simulated.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = simulated.Wait() }) // killed by the test's context
	return in, bufio.NewScanner(out)
}

func awaitLine(t *testing.T, lines *bufio.Scanner, end string) {
	t.Helper()
	for lines.Scan() {
		if strings.HasSuffix(lines.Text(), end) {
			return
		}
	}
	t.Fatalf("it does not print %q", end)
}
