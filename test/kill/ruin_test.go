package kill

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"holdfast/call"
	"holdfast/holdfasttest"
	"holdfast/softphone"
)

// TestDamageOfACall: two customers talk, one with an agent and one whom a queue
// has found somebody for, while their server is killed, its journal damaged at a
// place that is drawn by lot, and it is started again; and so on.
func TestDamageOfACall(t *testing.T) {
	rounds := 3
	if wanted() != "" {
		rounds = 50
	}
	err := holdfasttest.Try(t.Context(), func(t holdfasttest.T) {
		r := newRuin(t)
		r.start()
		r.customers[0].talk()
		r.customers[1].called = "shop"
		r.customers[1].calls()
		r.customers[1].Rung("ben")
		r.customers[1].Find()
		random := rand.New(rand.NewPCG(2026, 11))
		for round := range rounds {
			r.kill()
			told := r.damage(random)
			r.start()
			r.isTold(told)
			if round%10 == 0 || round == rounds-1 {
				r.hearEachOther()
			}
		}
		r.stop()
		if r.unfinished > rounds/5 {
			t.Errorf("in %d of %d rounds a step had no copy", r.unfinished, rounds)
		}
	})
	if err != nil {
		t.Error(err)
	}
}

// A ruin is a server whose journal is damaged again and again, with two
// customers.
type ruin struct {
	t         holdfasttest.T
	dir, file string // the configuration
	customers [2]*cell
	process   *exec.Cmd
	stdin     *os.File

	unfinished int // steps that were written, not copied, and damaged
}

func newRuin(t holdfasttest.T) *ruin {
	c := &cell{Bed: around(t), t: t, name: "customer", called: "help"}
	for _, name := range []string{"ana", "ben", "cardiology", "customer"} {
		c.Add(name, softphone.Options{})
	}
	r := &ruin{t: t, dir: inMemory(t)}
	r.file = c.configure(r.dir, ending{})
	r.customers = [2]*cell{c, c.another("the second customer")}
	r.writePast()
	t.Cleanup(r.kill)
	return r
}

func (r *ruin) journal() string { return filepath.Join(r.dir, "journal") }

func (r *ruin) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatalf("%v", err)
	}
}

// writePast writes some contacts that are archived.
func (r *ruin) writePast() {
	r.t.Helper()
	j, err := openQuietly(r.t.Context(), r.journal())
	r.must(err)
	for contact := range 5 {
		id, last := fmt.Sprint("past", contact), uint64(0)
		for step := uint64(1); step <= 3; step++ {
			last, err = j.Append(r.t.Context(), townEntry(id, step, 3), last)
			r.must(err)
		}
		r.must(j.Archive(r.t.Context(), call.ContactID(id)))
	}
	r.must(j.Close())
}

// start starts the server, and waits until it is ready.
func (r *ruin) start() {
	r.t.Helper()
	stdin, keep, err := os.Pipe()
	r.must(err)
	defer stdin.Close()
	r.stdin = keep
	r.process = exec.Command(os.Args[0])
	r.process.Env = append(os.Environ(), configEnv+"="+r.file)
	r.process.Stdin = stdin
	r.process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := r.process.StdoutPipe()
	r.must(err)
	r.must(r.process.Start())
	lines := bufio.NewScanner(out)
	for lines.Scan() && lines.Text() != "ready" {
	}
	if lines.Text() != "ready" {
		r.t.Fatalf("the server does not start: %v", r.process.Wait())
	}
	go func() { // ends with the process
		for lines.Scan() {
		}
	}()
}

// kill kills the server if it runs.
func (r *ruin) kill() {
	if r.process == nil {
		return
	}
	_ = r.process.Process.Kill()
	_ = r.process.Wait()
	_ = r.stdin.Close()
	r.process = nil
}

// stop has the customers hang up, as they would.
func (r *ruin) stop() {
	r.t.Helper()
	for i, who := range []string{"ana", "ben"} {
		r.customers[i].goodbye()
		r.customers[i].ends()
		r.customers[i].Ended(who)
	}
	r.kill()
}

// damage damages a block somewhere, and returns what a look tells of it, which
// must be all that is lost.
func (r *ruin) damage(random *rand.Rand) (told []string) {
	r.t.Helper()
	before, err := stateOf(r.t.Context(), r.journal())
	r.must(err)
	files, sizes, err := blockFiles(r.journal())
	r.must(err)
	n := random.IntN(len(files))
	w := wreck{file: files[n], how: []string{flipped, flipped, cut, cut, emptied, removed}[random.IntN(6)]}
	if w.how == flipped || w.how == cut {
		if sizes[n] == 0 {
			w.how = removed
		} else {
			w.offset = random.IntN(sizes[n])
		}
	}
	r.must(w.inflict())
	after, err := stateOf(r.t.Context(), r.journal())
	if err == nil {
		for _, s := range unfinished(before, after) {
			delete(before.steps, s)
			r.unfinished++
		}
		err = missing(before, after)
	}
	if err != nil {
		r.t.Fatalf("%s: %v", w, err)
	}
	return slices.DeleteFunc(after.damage, func(d string) bool {
		return lostEntries.MatchString(d) && slices.Contains(before.damage, d)
	})
}

// isTold waits until the server lists the damage, that of the archive after it is ready,
// and makes sure that both customers' contacts go on.
func (r *ruin) isTold(damage []string) {
	r.t.Helper()
	r.customers[0].Eventually(func(ctx context.Context) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("http://%s:8080/healthz", r.customers[0].SIP.Addr()), nil)
		r.must(err)
		answer, err := http.DefaultClient.Do(request)
		r.must(err)
		defer answer.Body.Close()
		var health struct {
			Contacts int
			Damage   []string
		}
		r.must(json.NewDecoder(answer.Body).Decode(&health))
		if answer.StatusCode != http.StatusOK || health.Contacts != 2 || !slices.Equal(health.Damage, damage) {
			return fmt.Errorf("/healthz gives %d, %+v; want both contacts, and the damage %q", answer.StatusCode, health, damage)
		}
		return nil
	})
}

// hearEachOther: both customers hear whom they talk to, and are heard.
func (r *ruin) hearEachOther() {
	r.t.Helper()
	r.customers[0].with("ana")
	r.customers[1].with("ben")
}
