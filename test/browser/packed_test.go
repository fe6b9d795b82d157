package browser

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
)

// connectDir has the npm package holdfast-transfer.
const connectDir = "../../connect"

// installPacked packs holdfast-transfer and installs it in a new directory beside a page
// of ours and the example, as a stranger would. It checks the example's types, bundles
// both pages, and returns the directory.
func installPacked(t *testing.T) string {
	t.Helper()
	dir, cache := t.TempDir(), os.Getenv(npmEnv)
	for _, file := range []string{
		connectDir + "/example/desk.ts", connectDir + "/example/tsconfig.json", connectDir + "/example/index.html",
		"testdata/transfer.html", "testdata/transfer.js",
	} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		writeFile(t, filepath.Join(dir, filepath.Base(file)), text)
	}
	writeFile(t, filepath.Join(dir, "package.json"), []byte(`{"private": true, "type": "module"}`))
	if err := runNPM(connectDir, "pack", "--pack-destination", dir, "--cache", cache); err != nil {
		t.Fatal(err)
	}
	tarballs, err := filepath.Glob(filepath.Join(dir, "holdfast-transfer-*.tgz"))
	if err != nil || len(tarballs) != 1 {
		t.Fatalf("packed %q (%v)", tarballs, err)
	}
	// The SDK's core comes as the peer of the package.
	if err := npmInstall(dir, cache, append([]string{"--offline", tarballs[0]}, packed[1:]...)...); err != nil {
		t.Fatal(err)
	}
	runPacked(t, dir, "tsc", "--strict", "--noEmit", "-p", ".")
	runPacked(t, dir, "esbuild", "desk.ts", "--bundle", "--format=esm", "--outfile=desk.js")
	runPacked(t, dir, "esbuild", "transfer.js", "--bundle", "--format=esm", "--outfile=transfer.bundle.js")
	return dir
}

func writeFile(t *testing.T, file string, text []byte) {
	t.Helper()
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// runPacked runs a program of a package that is installed in a directory.
func runPacked(t *testing.T, dir, name string, arguments ...string) {
	t.Helper()
	program := exec.Command(filepath.Join(dir, "node_modules", ".bin", name), arguments...)
	program.Dir = dir
	if said, err := program.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", program, err, said)
	}
}

// servePacked serves the files of a directory at the origin of the CRM. The example in it
// finds the library where npm would have put it.
func (c *CRM) servePacked(dir string) {
	c.site.Handle("GET /packed/", http.StripPrefix("/packed/", http.FileServer(http.Dir(dir))))
	c.site.Handle("GET /packed/node_modules/amazon-connect-streams/release/connect-streams-min.js",
		http.RedirectHandler("/connect-streams.js", http.StatusFound))
}

// packedPage returns the address of a page in that directory around the agent's page.
func (c *CRM) packedPage(file string) func(ccp string) string {
	return func(ccp string) string { return c.Origin + "/packed/" + file + "?" + url.Values{"ccp": {ccp}}.Encode() }
}

// wholeTransfers has pages on Streams hand customers over by holdfast-transfer, packed
// and installed: one with the scenes of the others, and the example. Then it plays some
// scenes elsewhere.
func wholeTransfers(t *testing.T) {
	dir := installPacked(t)
	s := openPacked(t, setting{kind: Chromium}, dir)
	s.coldTransfers()
	s.scene("a wait is aborted, then the transfer", s.aborted)
	s.scene("warm, completed by the page", s.completedByPage)
	s.scene("blind", s.blindByPage)
	s.scene("the server is killed while the target rings", s.killedWhileItRings)
	s.scene("attached, without a bundler", s.attached)
	s.scene("the example is reloaded while the target rings", s.example)
	s.nobodyTwice()
	for _, in := range []setting{{Firefox, false}, {Firefox, true}, {Chromium, true}} {
		if All() || in == (setting{Firefox, false}) {
			openPacked(t, in, dir).busyThenAnswered()
		}
	}
}

// openPacked opens a stage with the page that is installed in a directory.
func openPacked(t *testing.T, in setting, dir string) *stage {
	t.Helper()
	s := openStageIn(t, in, impatient)
	s.steps = []string{"AcceptRequested", "TransferRequested"}
	s.crm.servePacked(dir)
	s.opensIn("ana", s.crm.packedPage("transfer.html"))
	return s
}

// aborted: the end of a wait changes nothing, and neither does the same request again. The
// signal that cancels the transfer does.
func (s *stage) aborted(r *row) {
	s.t.Helper()
	s.cardiology(rings)
	s.talk()
	var got []string
	s.ana.tab.Read(`(async () => {
		const id = crm.contact().getContactId()
		window.cancelling = new AbortController()
		window.transfer = await crm.client.cold(id, "cardiology", { key: "one", cancelSignal: cancelling.signal })
		const waited = await transfer.outcome({ signal: AbortSignal.timeout(200) }).catch(error => error.name)
		const again = await crm.client.cold(id, ["cardiology"], { key: "one" })
		const refused = await crm.client.blind(id, "nowhere").catch(error => error.code)
		const found = await crm.client.get(id)
		const { value } = await crm.client.watch(id).next()
		return [waited, refused, value.stage, again.id === transfer.id && found.id === transfer.id ? "the same" : "another"]
	})()`, &got)
	if want := []string{"TimeoutError", "transfer-under-way", "reaching", "the same"}; !slices.Equal(got, want) {
		s.t.Errorf("got %q, want %q", got, want)
	}
	target := s.Rung("cardiology")
	s.hears("customer", "hold audio")
	s.ana.tab.Do("cancelling.abort()")
	<-target.Ended()
	s.ana.tab.Read("transfer.outcome().then(({ outcome }) => outcome)", &r.told)
	s.hears("customer", "hold audio")
	r.ended = "on hold with the agent"
	s.ana.resume()
	s.meet("customer", "ana")
}

// completedByPage: ana talks to cardiology, and the page completes.
func (s *stage) completedByPage(r *row) {
	s.t.Helper()
	s.talk()
	s.ana.tab.Do(`crm.client.warm(crm.contact().getContactId(), "cardiology").then(begun => { window.transfer = begun })`)
	target := s.Rung("cardiology")
	target.Answer()
	s.meet("ana", "cardiology")
	s.hears("customer", "hold audio")
	s.ana.tab.Do("transfer.complete()")
	s.handedOver(r, handedOver)
}

// blindByPage: ana leaves at once, and the page still gets the outcome.
func (s *stage) blindByPage(r *row) {
	s.t.Helper()
	s.talk()
	s.ana.tab.Do(`crm.client.blind(crm.contact().getContactId(), "cardiology").then(begun => { window.transfer = begun })`)
	target := s.Rung("cardiology")
	s.ana.tab.Await("crm.isOver()")
	s.hears("customer", "hold audio")
	target.Answer()
	s.meet("customer", "cardiology")
	s.ana.tab.Read("transfer.outcome().then(({ outcome }) => outcome)", &r.told)
	r.ended = "with the target"
	s.goodbye()
}

// killedWhileItRings: another server carries the transfer on, and the page, which was
// waiting for the outcome before, gets it.
func (s *stage) killedWhileItRings(r *row) {
	s.t.Helper()
	s.talk()
	s.ana.tab.Do(`crm.client.cold(crm.contact().getContactId(), "cardiology").then(begun => { window.waits = begun.outcome() })`)
	target := s.Rung("cardiology")
	s.hears("customer", "hold audio")
	s.server.kill()
	s.server.start()
	target.Answer()
	s.meet("customer", "cardiology")
	s.ana.tab.Read("waits.then(({ outcome }) => outcome)", &r.told)
	r.ended = "with the target"
	s.goodbye()
}

// attached: a page that is written for Amazon Connect uses the server's engine. It loads
// attach.js as it is.
func (s *stage) attached(r *row) {
	s.t.Helper()
	s.cardiology(rings)
	s.talk()
	var got []string
	s.ana.tab.Read(`(async () => {
		const { Holdfast } = await import("/packed/node_modules/holdfast-transfer/attach.js")
		window.transfers = await Holdfast.attach({ streams: connect })
		const { status } = transfers.state
		await transfers.ready
		const { engine, customer } = transfers.state
		const transfer = await transfers.cold("cardiology", { ringFor: 20000 })
		window.waits = transfer.outcome()
		return [status, engine, customer]
	})()`, &got)
	if want := []string{"starting", "server", "talking"}; !slices.Equal(got, want) {
		s.t.Errorf("got %q, want %q", got, want)
	}
	target := s.Rung("cardiology")
	s.hears("customer", "hold audio")
	s.ana.tab.Await(`transfers.state.customer === "held"`)
	target.Answer()
	s.meet("customer", "cardiology")
	s.ana.tab.Read("waits.then(({ outcome }) => outcome)", &r.told)
	s.ana.tab.Await(`transfers.state.customer === "with-target"`)
	s.ana.tab.Do("transfers.close()")
	r.ended = "with the target"
	s.goodbye()
}

// example: ana hands over by the form of the example. The page finds the transfer again
// after a reload.
func (s *stage) example(r *row) {
	s.t.Helper()
	s.ana.tab.Load(s.crm.packedPage("")(s.ana.ccp()))
	s.ana.desk().Await(`document.querySelector("#desk").checkVisibility()`)
	s.cardiology(rings)
	s.Bed = s.For("customer")
	s.Ring("customer", "help")
	s.ana.press("ringing", "accept")
	s.Find()
	s.meet("customer", "ana")
	s.ana.tab.Type("[name=to]", "cardiology")
	s.ana.tab.Click("#form button")
	target := s.Rung("cardiology")
	s.hears("customer", "hold audio")
	const found = `document.querySelector("#state").textContent.endsWith("cardiology rings")`
	s.ana.tab.Await(found)
	s.ana.tab.Reload()
	s.ana.tab.Await(found)
	s.ana.shot("found again")
	target.Answer()
	s.meet("customer", "cardiology")
	r.ended, r.told = "with the target", "cardiology has the customer"
	s.ana.tab.Await(`document.querySelector("#outcomes").innerText === "` + r.told + `"`)
	s.goodbye()
}

// TestPackedVersions: the tests install what the example names.
func TestPackedVersions(t *testing.T) {
	text, err := os.ReadFile(connectDir + "/example/package.json")
	if err != nil {
		t.Fatal(err)
	}
	var example struct{ Dependencies, DevDependencies map[string]string }
	if err := json.Unmarshal(text, &example); err != nil {
		t.Fatal(err)
	}
	var named []string
	for name, version := range example.DevDependencies {
		named = append(named, name+"@"+version)
	}
	named = append(named, "@amazon-connect/core@"+example.Dependencies["@amazon-connect/core"])
	slices.Sort(named)
	if !slices.Equal(named, packed) {
		t.Errorf("connect/example has %q, the tests install %q", named, packed)
	}
}

// TestExampleUsesEveryMember: the example uses each name that the package exports and
// each member of its types, so its type check covers all of them.
func TestExampleUsesEveryMember(t *testing.T) {
	read := func(file string) string {
		text, err := os.ReadFile(filepath.Join(connectDir, file))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	types, example := read("index.d.ts"), read("example/desk.ts")
	names := regexp.MustCompile(`(?m)^(?:export (?:declare )?(?:const|type|interface|class|function) |  (?:readonly )?)(\w+)\b(?:\??[:(]| |;)`)
	found := names.FindAllStringSubmatch(types, -1)
	if len(found) < 60 {
		t.Fatalf("only %d names are found; are they still written in that way?", len(found))
	}
	for _, name := range found {
		if name[1] == "private" || name[1] == "constructor" {
			continue
		}
		if !regexp.MustCompile(`\b` + name[1] + `\b`).MatchString(example) {
			t.Errorf("connect/example does not use %s", name[1])
		}
	}
}
