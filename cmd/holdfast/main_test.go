package main

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"regexp"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"holdfast/client"
	"holdfast/holdfasttest"
	"holdfast/softphone"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"holdfast": main})
}

// TestScripts runs testdata/*.txtar against the binary. Besides what every
// script can do, these can:
//
//	serve ARG...             start holdfast serve; $SIP and $HOLDFAST_SERVER say where it is
//	interrupt                interrupt it and wait until it has ended well; its log is serve.log
//	phone NAME [BEHAVIOUR]   switch a phone on, or change it: answer, busy or ring; $NAME is its address
//	call NAME                call reception from a phone and wait until somebody answers
//	hangup NAME              end the phone's call
//	ended NAME               wait until the phone's call has ended
//	over                     wait until no contact is live and no agent is with anybody
//	retold STORY EVENTS      play an exported story; it must end as the exported events do
//	expand FILE              put environment variables into a file
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(env *testscript.Env) error {
			env.Values[stageKey{}] = &scriptStage{phones: map[string]*softphone.Phone{}, calls: map[string]*softphone.Call{}}
			env.Setenv("NO_PROXY", "*")
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"serve":     scriptServe,
			"interrupt": scriptInterrupt,
			"phone":     scriptPhone,
			"call":      scriptCall,
			"hangup":    scriptHangUp,
			"ended":     scriptEnded,
			"over":      scriptOver,
			"retold":    scriptRetold,
			"expand":    scriptExpand,
		},
	})
}

// patience is how long a script waits for anything.
const patience = 20 * time.Second

type stageKey struct{}

type scriptStage struct {
	server *exec.Cmd
	phones map[string]*softphone.Phone
	calls  map[string]*softphone.Call
}

func stageOf(ts *testscript.TestScript) *scriptStage {
	return ts.Value(stageKey{}).(*scriptStage)
}

var readyLine = regexp.MustCompile(`is ready: SIP at (\S+), API at ([^\s,]+)`)

func scriptServe(ts *testscript.TestScript, _ bool, args []string) {
	log, err := os.Create(ts.MkAbs("serve.log"))
	ts.Check(err)
	defer log.Close()
	path, err := exec.LookPath("holdfast")
	ts.Check(err)
	server := exec.Command(path, append([]string{"serve"}, args...)...)
	server.Dir, server.Stderr = ts.Getenv("WORK"), log
	out, err := server.StdoutPipe()
	ts.Check(err)
	ts.Check(server.Start())
	ts.Defer(func() {
		_ = server.Process.Kill() // it may have ended long ago
		_ = server.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		ts.Fatalf("serve: %v: %s", err, ts.ReadFile("serve.log"))
	}
	where := readyLine.FindStringSubmatch(line)
	if where == nil {
		ts.Fatalf("serve: %q does not say where it listens", line)
	}
	ts.Setenv("SIP", where[1])
	ts.Setenv("HOLDFAST_SERVER", where[2])
	stageOf(ts).server = server
}

func scriptInterrupt(ts *testscript.TestScript, _ bool, _ []string) {
	server := stageOf(ts).server
	ts.Check(server.Process.Signal(syscall.SIGTERM))
	if err := server.Wait(); err != nil {
		ts.Fatalf("serve ended with %v: %s", err, ts.ReadFile("serve.log"))
	}
}

func scriptPhone(ts *testscript.TestScript, _ bool, args []string) {
	stage, name := stageOf(ts), args[0]
	if stage.phones[name] == nil {
		phone, err := softphone.Start(softphone.Options{User: name, Tone: 440})
		ts.Check(err)
		ts.Defer(phone.Close)
		ts.Setenv(name, phone.URI())
		stage.phones[name] = phone
	}
	if len(args) > 1 {
		behaviour, ok := map[string]softphone.Behaviour{
			"answer": {After: 50 * time.Millisecond},
			"busy":   {Do: softphone.Busy},
			"ring":   {Do: softphone.RingForever},
		}[args[1]]
		if !ok {
			ts.Fatalf("a phone cannot %s", args[1])
		}
		stage.phones[name].Answering(behaviour)
	}
}

func scriptCall(ts *testscript.TestScript, _ bool, args []string) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	stage := stageOf(ts)
	call, err := stage.phones[args[0]].Dial(ctx, "sip:reception@"+ts.Getenv("SIP"))
	ts.Check(err)
	stage.calls[args[0]] = call
}

func scriptHangUp(ts *testscript.TestScript, _ bool, args []string) {
	stageOf(ts).calls[args[0]].HangUp()
}

func scriptEnded(ts *testscript.TestScript, _ bool, args []string) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	stage := stageOf(ts)
	call := stage.calls[args[0]]
	if call == nil { // then it is the one that came in
		var err error
		call, err = stage.phones[args[0]].Incoming(ctx)
		ts.Check(err)
	}
	select {
	case <-call.Ended():
	case <-ctx.Done():
		ts.Fatalf("the call of %s goes on", args[0])
	}
}

func scriptOver(ts *testscript.TestScript, _ bool, _ []string) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	ts.Check(holdfasttest.AwaitIdle(ctx, client.New(ts.Getenv("HOLDFAST_SERVER"))))
}

func scriptExpand(ts *testscript.TestScript, _ bool, args []string) {
	expanded := os.Expand(ts.ReadFile(args[0]), ts.Getenv)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(expanded), 0o600))
}
