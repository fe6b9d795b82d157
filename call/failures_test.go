package call_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"holdfast/story"
)

// failures is the table of what can go wrong in a transfer, and where the
// customer ends. "talk" stands for a customer who talks to ana.
var failures = []struct{ what, story string }{
	{"The target is busy", "talk; ana transfers the customer to cardiology; cardiology is busy"},
	{"The target does not answer", "talk; ana transfers the customer to cardiology; 20s passes"},
	{"The target declines", "talk; ana transfers the customer to cardiology; cardiology declines"},
	{"The target cannot be reached", "talk; ana transfers the customer to cardiology; cardiology is unreachable"},
	{"The target may not be dialled", "talk; ana transfers the customer to cardiology; cardiology is not allowed"},
	{"The target answers just as its time is over", "talk; ana transfers the customer to cardiology; 20s passes; cardiology answers"},
	{"A voicemail answers, and the target must confirm", "talk; ana transfers the customer to cardiology with-confirm; cardiology answers; 15s passes"},
	{"The target answers and leaves before the hand-over", "talk; ana transfers the customer to cardiology; cardiology answers; cardiology hangs up"},
	{"The target leaves just after the hand-over", "talk; ana transfers the customer to cardiology; cardiology answers; customer and cardiology hear each other; 3s passes; cardiology hangs up; ana answers"},
	{"The target says goodbye later", "talk; ana transfers the customer to cardiology; cardiology answers; customer and cardiology hear each other; 30s passes; cardiology hangs up"},
	{"The target's line is lost later", "talk; ana transfers the customer to cardiology; cardiology answers; customer and cardiology hear each other; 30s passes; cardiology is lost; ana answers"},
	{"Customer and target never have two-way audio", "talk; ana transfers the customer to cardiology; cardiology answers; 5s passes"},
	{"The first of two targets is busy", "talk; ana transfers the customer to cardiology then reception; cardiology is busy; reception answers; customer and reception hear each other"},
	{"No target of a list takes the customer", "talk; ana transfers the customer to cardiology then reception; cardiology is busy; reception declines"},
	{"A target that was consulted does not want the customer", "talk; ana transfers the customer to cardiology warm; cardiology answers; cardiology hangs up"},
	{"The customer leaves while the target rings", "talk; ana transfers the customer to cardiology; customer hangs up"},
	{"The customer leaves between answer and hand-over", "talk; ana transfers the customer to cardiology; cardiology answers; customer hangs up"},
	{"The customer leaves while the target is consulted", "talk; ana transfers the customer to cardiology warm; cardiology answers; customer hangs up"},
	{"The agent hangs up while the target rings, who then answers", "talk; ana transfers the customer to cardiology; ana hangs up; cardiology answers; customer and cardiology hear each other"},
	{"The agent hangs up while the target rings, who is busy", "talk; ana transfers the customer to cardiology; ana hangs up; cardiology is busy; ana answers"},
	{"And the agent cannot be recalled", "talk; ana transfers the customer to cardiology; ana hangs up; cardiology is busy; 20s passes"},
	{"The agent hangs up while the target is consulted", "talk; ana transfers the customer to cardiology warm; cardiology answers; ana hangs up; customer and cardiology hear each other"},
	{"The agent hangs up while the customer is on hold", "talk; ana holds customer; ana hangs up; ana answers"},
	{"The agent hangs up while their desk phone holds", "talk; ana holds by phone; ana hangs up; ana answers"},
	{"The agent's browser dies, and comes back", "talk; ana transfers the customer to cardiology; ana is away; cardiology is busy; ana is back"},
	{"The agent's browser dies, and does not come back", "talk; ana is away; 30s passes; ana is unreachable"},
	{"And there is a fallback queue", "customer calls ana backed by queue-sales; ana answers; ana is away; 30s passes; ana is unreachable"},
	{"The line of the agent's desk phone is lost, and they answer the recall", "talk; ana is lost; ana answers"},
	{"A blind transfer finds nobody", "talk; ana transfers the customer to cardiology blind; cardiology is busy; ana answers"},
	{"The transfer is asked for twice", "talk; ana transfers the customer to cardiology with key 1; ana transfers the customer to cardiology with key 1; cardiology answers; customer and cardiology hear each other"},
	{"A second transfer is asked for during the first", "talk; ana transfers the customer to cardiology; ana transfers the customer to reception; cardiology is busy"},
	{"A transfer to oneself", "talk; ana transfers the customer to ana"},
	{"The transfer is cancelled while the target rings", "talk; ana transfers the customer to cardiology; ana cancels the transfer"},
	{"The transfer is cancelled while the target is consulted", "talk; ana transfers the customer to cardiology warm; cardiology answers; ana cancels the transfer"},
	{"The server crashes while the target rings", "talk; ana transfers the customer to cardiology; the server is away for 1s; cardiology answers; customer and cardiology hear each other"},
	{"The server crashes between answer and hand-over", "talk; ana transfers the customer to cardiology; cardiology answers; the server is away for 1s; customer and cardiology hear each other"},
	{"The server crashes while the target is consulted", "talk; ana transfers the customer to cardiology warm; cardiology answers; the server is away for 1s; ana completes the transfer; customer and cardiology hear each other"},
	{"The server is away for longer than the target may ring", "talk; ana transfers the customer to cardiology; the server is away for 1m; 5s passes"},
	{"The agent does not answer the customer's first call", "customer calls ana; 30s passes"},
	{"The agent does not answer the first call, and there is a fallback queue", "customer calls ana backed by queue-sales; 30s passes"},
	{"The first call goes to a queue, and none of its agents answers", "customer calls queue-sales; queue-sales offers the customer to agent-ana; 30s passes"},
}

// TestFailures keeps docs/FAILURES.md true: it is what the stories say. After a
// change run go test ./call -failures and read the difference.
func TestFailures(t *testing.T) {
	var b strings.Builder
	b.WriteString(`# What can go wrong, and where the customer ends

This page is written by ` + "`go test ./call -failures`" + ` from package call itself, which a test compares it with.
Every row is a story; except in the last three, the customer talks to ana first. Try others with ` + "`holdfast what-if`" + `.

| what happens | the customer |
|---|---|
`)
	for _, f := range failures {
		lines := strings.ReplaceAll(strings.Replace(f.story, "talk", "customer calls ana; ana answers", 1), "; ", "\n")
		scenes, err := story.Play(f.what, strings.NewReader(lines))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "| %s | %s |\n", f.what, scenes[0].End)
	}
	const page = "../docs/FAILURES.md"
	if *writeFailures {
		if err := os.WriteFile(page, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	written, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if string(written) != b.String() {
		t.Errorf("docs/FAILURES.md is not what happens; run go test ./call -failures\n%s", b.String())
	}
}

var writeFailures = flag.Bool("failures", false, "write docs/FAILURES.md")
