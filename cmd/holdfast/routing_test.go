package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// routingOf starts a server that knows ana and the queue doctors.
func routingOf(t *testing.T) (url string) {
	t.Helper()
	lately := time.Now().Add(-90 * time.Second).Format(time.RFC3339)
	ana := fmt.Sprintf(`{"name":"ana","state":"not-ready","status":{"state":"not-ready","reason":"lunch"},"since":%q,
		"phone":{"kind":"registers","registrations":[{"from":"192.0.2.7:5062","userAgent":"T46","since":%q,"until":%q}]}}`,
		lately, lately, time.Now().Add(210*time.Second).Format(time.RFC3339Nano))
	ben := fmt.Sprintf(`{"name":"ben","state":"busy","next":{"state":"offline"},"since":%q,
		"segments":[{"contact":"01ab","state":"talking"}],"reservation":{"contact":"01cd"},
		"phone":{"kind":"registers","lost":{"at":%q,"reason":"expired"}}}`, lately, lately)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.Method + " " + r.URL.Path {
		case "GET /v1/agents":
			fmt.Fprintf(w, `{"agents":[%s,%s]}`, ana, ben)
		case "PUT /v1/agents/ana/status":
			body, _ := io.ReadAll(r.Body)
			if got, want := string(body), `{"reason":"lunch","state":"not-ready"}`; got != want {
				t.Errorf("asked %s, want %s", got, want)
			}
			_, _ = io.WriteString(w, ana)
		case "GET /v1/queues":
			fmt.Fprintf(w, `{"queues":[{"name":"doctors","agents":["ana","ben"],"entries":[{"contact":"01cd","since":%q,"offeredTo":"ben"}]},
				{"name":"night","agents":[]}]}`, lately)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestRoutingCommands(t *testing.T) {
	url := routingOf(t)
	for args, want := range map[string]string{
		"agents": "AGENT  STATE               FOR    PHONE                                                            CONTACTS\n" +
			"ana    not-ready (lunch)   1m30s  registered 1m30s ago, for 3m30s more, from 192.0.2.7:5062 (T46)  none\n" +
			"ben    busy, then offline  1m30s  not registered for 1m30s (expired)                               01ab:talking 01cd:offered\n",
		"agents set ana not-ready --reason lunch": "ana is not-ready (lunch)\n",
		"queues": "QUEUE    AGENTS   WAITING\n" +
			"doctors  ana ben  01cd for 1m30s, offered to ben\n" +
			"night             nobody\n",
	} {
		stdout, _, err := command(t, append(strings.Fields(args), "--server", url)...)
		if err != nil {
			t.Errorf("%s: %v", args, err)
		}
		if got := strings.ReplaceAll(stdout, "1m31s", "1m30s"); got != want {
			t.Errorf("%s: got\n%swant\n%s", args, got, want)
		}
	}
	if stdout, _, err := command(t, "agents", "--json", "--server", url); err != nil || !strings.Contains(stdout, `"state": "offline"`) {
		t.Errorf("got %s and %v", stdout, err)
	}
}

func TestKeyOf(t *testing.T) {
	t.Setenv("HOLDFAST_KEY", "from the environment")
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, []byte("from a file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"": "from the environment", file: "from a file"} {
		if got, err := keyOf(name); err != nil || got != want {
			t.Errorf("%q: got %q and %v", name, got, err)
		}
	}
	if _, err := keyOf(file + "x"); err == nil {
		t.Error("a key was read from no file")
	}
}
