package docs

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"holdfast/call"
	"holdfast/config"
	"holdfast/holdfasttest"
)

// A play is how a block of shell is run, and why it is not.
type play struct {
	call    bool   // while a customer talks to ana
	over    bool   // after such a call, when the server has stopped
	endless bool   // until it has printed something
	fails   string // what it prints when it must fail
	not     string // the reason why the block is not run at all
}

// plays has the blocks that are not simply run, by document and first line.
var plays = map[string]play{
	"README.md: make demo":                     {not: "takes a minute; make test plays it"},
	"README.md: CONTACT=":                      {call: true},
	"docs/HTTP.md: CONTACT=":                   {call: true},
	"docs/HTTP.md: curl -N":                    {call: true, endless: true},
	"docs/TRANSFERS.md: bin/holdfast transfer": {call: true},
	"docs/TRANSFERS.md: bin/holdfast transfer ana cardiology reception --wait --confirm": {call: true, fails: "not-accepted"},
	"docs/TELEPHONY.md: bin/holdfast contacts":                                           {call: true},
	"docs/TELEPHONY.md: bin/holdfast agents":                                             {call: true},
	"docs/TELEPHONY.md: bin/holdfast digits":                                             {call: true},
	"docs/TELEPHONY.md: bin/holdfast serve":                                              {not: "runs until it is stopped, at addresses that this machine lacks"},
	"docs/TELEPHONY.md: sipp":                                                            {not: "runs for minutes; test/interop plays SIPp in all three parts"},
	"docs/AGENT-PAGE.md: bin/holdfast agents sessions":                                   {call: true},
	"docs/EMBEDDING.md: mkdir":                                                           {not: "builds the whole server anew; TestEmbeddingInAnotherModule does the same in a module of its own"},
	"docs/OPERATING.md: curl":                                                            {call: true},
	"docs/OPERATING.md: bin/holdfast trace":                                              {call: true},
	"docs/OPERATING.md: bin/holdfast journal":                                            {over: true},
	"docs/OPERATING.md: make install":                                                    {not: "needs root and systemd; scripts/check installs into a directory and verifies the unit"},
	"docs/OPERATING.md: docker":                                                          {not: "needs Docker and the network"},
	"docs/SECURITY.md: holdfast contacts":                                                {not: "cmd/holdfast/testdata/https.txtar runs it"},
	"connect/README.md: npm pack":                                                        {not: "needs the network; test/browser packs and installs it"},
	"connect/README.md: cp -R":                                                           {not: "needs the package above; test/browser does it"},
	"examples/amazon-connect/README.md: make":                                            {not: "needs the network; test/browser does it (TestExampleTried)"},
	"examples/streams-page/README.md: npm":                                               {not: "needs the network; test/browser serves the page with the library"},
}

// TestShell runs each block of shell in a copy of the repository.
func TestShell(t *testing.T) {
	needs(t, "bash", "curl", "jq")
	page, err := config.Parse("page.toml", []byte("[panel]\nlisten = \"127.0.0.1:0\"\n[[agent]]\nname = \"ana\"\nlogin = \""+login+"\"\n"))
	if err != nil {
		t.Fatal(err)
	}
	bed := holdfasttest.Start(t, func(b *holdfasttest.Bed) {
		b.Options.Config.Agents[0].Login = page.Agents[0].Login
		b.Options.Config.Rules.AcceptWithin = call.Duration(time.Second)
		b.Options.Config.Panel.Listen = page.Panel.Listen
		b.Options.Config.Media.RecordDir, b.Options.Config.Media.RecordAll = t.TempDir(), false
	})
	tree := copyTree(t)
	if (play{}).run(bed, tree, "true\nbin/holdfast frobnicate") == nil || (play{fails: "no"}).run(bed, tree, "true") == nil {
		t.Error("a command that fails, or does not fail as it must, is not noticed")
	}
	used, ran := map[string]bool{}, 0
	for _, d := range documents(t) {
		for _, b := range d.blocks {
			if b.language == "toml" && strings.HasPrefix(b.text, "# holdfast.toml\n") {
				write(t, filepath.Join(tree, "holdfast.toml"), b.text)
			}
			if b.language != "sh" {
				continue
			}
			name, p := playOf(d.path, b)
			used[name] = true
			if p.not != "" {
				continue
			}
			ran++
			began := time.Now()
			if err := p.run(bed, tree, b.text); err != nil {
				t.Errorf("%s:%d: %v", d.path, b.line, err)
			}
			t.Logf("%s:%d: %.1f s", d.path, b.line, time.Since(began).Seconds())
		}
	}
	for name := range plays {
		if !used[name] {
			t.Errorf("no document has the block %q any more", name)
		}
	}
	if ran < 10 {
		t.Errorf("only %d blocks were run", ran)
	}
}

// playOf finds the play whose name is the longest beginning of the block's.
func playOf(document string, b block) (name string, p play) {
	first := document + ": " + commandLines(b.text)[0]
	for n, one := range plays {
		if strings.HasPrefix(first, n) && len(n) > len(name) {
			name, p = n, one
		}
	}
	return name, p
}

// run runs a block in the tree.
func (p play) run(bed *holdfasttest.Bed, tree, text string) error {
	end := p.arrange(bed, tree)
	defer end()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	server := "http://" + bed.Options.Config.API.Listen.String()
	cmd := exec.CommandContext(ctx, "bash", "-euo", "pipefail", "-c", text)
	cmd.Dir = tree
	cmd.Env = append(os.Environ(), "HOLDFAST_SERVER="+server, "PATH="+filepath.Join(tree, "bin")+":"+os.Getenv("PATH"))
	cmd.Stdin = strings.NewReader("a long enough password\n")
	if p.endless {
		return printsSomething(cmd)
	}
	out, err := cmd.CombinedOutput()
	if p.fails != "" && err != nil && strings.Contains(string(out), p.fails) {
		return nil
	}
	if err != nil || p.fails != "" {
		return fmt.Errorf("%s: %w\n%s", text, err, out)
	}
	return nil
}

// arrange has a customer talk to ana, now or before the server has stopped, and returns
// what ends that.
func (p play) arrange(bed *holdfasttest.Bed, tree string) (end func()) {
	if !p.call && !p.over {
		return func() {}
	}
	bed.Talk()
	end = func() {
		bed.HangUp("customer")
		bed.Idle()
	}
	if p.call {
		return end
	}
	end()
	bed.Stop()
	if err := os.Symlink(bed.Options.Config.Journal.Dir, filepath.Join(tree, "holdfast-data")); err != nil {
		panic(err)
	}
	return bed.Restart
}

// printsSomething runs a command until it has printed a line.
func printsSomething(cmd *exec.Cmd) error {
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	defer func() { _ = cmd.Wait() }()
	defer func() { _ = cmd.Process.Kill() }()
	_, err = io.ReadFull(out, make([]byte, 1))
	return err
}

// copyTree copies the repository, with the program in bin, and returns where to.
func copyTree(t *testing.T) string {
	t.Helper()
	tree := filepath.Join(scratch, "tree")
	for _, file := range files(t, "") {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		to := filepath.Join(tree, file)
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, content, info.Mode()); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(tree, "bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(program(t), filepath.Join(tree, "bin", "holdfast")); err != nil {
		t.Fatal(err)
	}
	return tree
}

func write(t *testing.T, file, content string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
