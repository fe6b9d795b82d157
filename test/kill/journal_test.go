package kill

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"holdfast/call"
)

// hiccup is more than audio may stop for when nothing happens to it, on a busy
// machine.
const hiccup = 500 * time.Millisecond

// TestTheJournalFails: whatever becomes of the journal while people talk, they
// talk on. What is asked for meanwhile happens, if late, or is refused for now;
// and when the journal is back nothing has been lost, not even to a kill.
func TestTheJournalFails(t *testing.T) {
	needTime(t)
	for _, f := range []struct {
		name       string
		outside    bool // the journal is in a cluster
		begin, end func(*strained) error
		refused    bool // what is asked for meanwhile
	}{
		{"the disk is full", false, told("fill the disk"), told("empty the disk"), true},
		{"its directory is removed", false, (*strained).removeJournal, nothing, false},
		{"its directory is read-only", false, (*strained).lockJournal, (*strained).unlockJournal, false},
		{"a write times out and has landed", false, told("time out"), nothing, false},
		{"writes are rejected for no reason", false, told("refuse"), nothing, false},
		{"its stream is deleted", true, (*strained).deleteStream, nothing, false},
		{"its cluster is away", true, (*strained).stopCluster, (*strained).startCluster, true},
	} {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			s := &strained{}
			var env []string
			if f.outside {
				s.outside = startCluster(t)
				env = append(env, journalEnv+"="+s.outside.url())
			}
			_, err := at(t, plot{patience: time.Minute}, func(c *cell) {
				s.cell = c
				c.talk()
				s.meanwhile(f.begin, f.refused)
				s.must(f.end(s))
				s.afterwards()
			}, env...)
			if err != nil {
				t.Error(err)
			}
		})
	}
}

// A strained cell is one whose journal fails.
type strained struct {
	*cell
	outside *cluster // where the journal is, or nil
	trouble time.Time
}

func (s *strained) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatalf("%v", err)
	}
}

func nothing(*strained) error { return nil }

func told(command string) func(*strained) error {
	return func(s *strained) error { return s.server.do(command) }
}

// meanwhile: the trouble begins, and people notice at most that requests do.
func (s *strained) meanwhile(begin func(*strained) error, refused bool) {
	s.t.Helper()
	s.trouble = time.Now()
	s.must(begin(s))
	s.must(s.asks("hold", refused))
	if !refused {
		s.onHold()
		s.must(s.asks("resume", false))
	}
	s.with("ana")
}

// asks makes a request, which is carried out or refused for now (RFC 9110
// §15.6.4).
func (s *strained) asks(what string, refused bool) error {
	url := fmt.Sprintf("http://%s:8080/v1/contacts/%s/%s", s.SIP.Addr(), s.Contact, what)
	r, err := http.NewRequestWithContext(s.Soon(), http.MethodPost, url, strings.NewReader("{}"))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	want, later := http.StatusOK, ""
	if refused {
		want, later = http.StatusServiceUnavailable, "1"
	}
	if got := answer.Header.Get("Retry-After"); answer.StatusCode != want || got != later {
		return fmt.Errorf("%s gives %d, Retry-After %q; want %d, %q", what, answer.StatusCode, got, want, later)
	}
	return nil
}

// afterwards: the trouble is over. Nobody's audio has stopped, nothing happens
// that was refused, a transfer works, and all that survives a kill.
func (s *strained) afterwards() {
	s.t.Helper()
	s.transfer(ending{kind: call.Cold, ringFor: ringLong})
	s.audioWentOn("customer")
	s.audioWentOn("ana")
	s.with("cardiology")
	s.Ended("ana")
	s.must(s.server.kill())
	s.with("cardiology")
	s.goodbye()
	if over := s.isOver(); len(over.Past) != 1 || over.Past[0].Outcome != call.Completed {
		s.t.Errorf("the transfers were %+v", over.Past)
	}
}

func (s *strained) audioWentOn(who string) {
	s.t.Helper()
	heard := s.Heard(who)
	gap := heard.LongestGapWithin(heard.At(s.trouble), heard.At(time.Now()))
	if stood := machine.Stood(s.trouble); gap > hiccup+stood {
		s.t.Errorf("%s heard nothing for %s, while the machine stood still for %s", who, gap, stood)
	}
}

func (s *strained) removeJournal() error {
	return os.RemoveAll(filepath.Join(s.server.dir, "journal"))
}

// nobody is the user a server becomes that root has started, to whom a
// read-only directory means nothing.
const nobody = 65534

// lockJournal makes every directory and file of the journal read-only for a
// server that is not root. What it has open it can go on writing; nothing can
// be made anew.
func (s *strained) lockJournal() error {
	if os.Geteuid() == 0 {
		err := s.eachOfJournal(func(path string, _ fs.FileMode) error { return os.Chown(path, nobody, nobody) })
		err = errors.Join(err, os.Chmod(s.server.dir, 0o755), s.server.do("be nobody"))
		if err != nil {
			return err
		}
	}
	return s.eachOfJournal(func(path string, mode fs.FileMode) error { return os.Chmod(path, mode&^0o222) })
}

func (s *strained) unlockJournal() error {
	return s.eachOfJournal(func(path string, mode fs.FileMode) error { return os.Chmod(path, mode|0o200) })
}

func (s *strained) eachOfJournal(do func(string, fs.FileMode) error) error {
	return filepath.WalkDir(filepath.Join(s.server.dir, "journal"), func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil // gone since
		}
		if err != nil {
			return err
		}
		return do(path, info.Mode().Perm())
	})
}

func (s *strained) deleteStream() error { return s.outside.deleteStream(s.Soon(), "CONTACTS") }
func (s *strained) stopCluster() error  { s.outside.stop(); return nil }
func (s *strained) startCluster() error { return s.outside.start() }
