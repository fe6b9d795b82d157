package journal

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"holdfast/switchboard"
)

// cluster starts JetStream servers that know each other, on loopback.
func cluster(t *testing.T, size int) []*server.Server {
	t.Helper()
	var ports []int
	var routes []*url.URL
	for range size {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
		routes = append(routes, &url.URL{Scheme: "nats", Host: l.Addr().String()})
		_ = l.Close()
	}
	var servers []*server.Server
	for i, port := range ports {
		o := &server.Options{
			ServerName: fmt.Sprint("n", i), Host: "127.0.0.1", Port: server.RANDOM_PORT,
			NoSigs: true, NoLog: true, JetStream: true, StoreDir: t.TempDir(), SyncAlways: true,
		}
		if size > 1 {
			o.Cluster = server.ClusterOpts{Name: "c", Host: "127.0.0.1", Port: port}
			o.Routes = routes
		}
		s, err := server.NewServer(o)
		if err != nil {
			t.Fatal(err)
		}
		s.Start()
		t.Cleanup(func() { stop(s) })
		servers = append(servers, s)
	}
	waitForLeader(t, servers)
	return servers
}

func waitForLeader(t *testing.T, servers []*server.Server) {
	t.Helper()
	if len(servers) == 1 {
		return
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	timeout := time.After(20 * time.Second)
	for {
		for _, s := range servers {
			if s.JetStreamIsLeader() && len(s.JetStreamClusterPeers()) == len(servers) {
				return
			}
		}
		select {
		case <-tick.C:
		case <-timeout:
			t.Fatal("the cluster finds no leader")
		}
	}
}

// join opens the journal of a cluster as a node.
func join(t *testing.T, servers []*server.Server, owner string) *Journal {
	t.Helper()
	var urls []string
	for _, s := range servers {
		urls = append(urls, s.ClientURL())
	}
	j, err := Open(t.Context(), Options{
		URL: strings.Join(urls, ","), Owner: owner, Replicas: len(servers),
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	return j
}

func TestNodesShareACluster(t *testing.T) {
	for _, size := range []int{1, 3} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			servers := cluster(t, size)
			one, two := join(t, servers, "one"), join(t, servers, "two")
			last := live(t, one, "a", 3)

			taken := entry("a", 4)
			taken.Owner, taken.Epoch = "two", 2
			last = mustAppend(t, two, taken, last)
			if _, err := one.Append(t.Context(), entry("a", 4), 3); !errors.Is(err, switchboard.ErrFenced) {
				t.Errorf("the stale owner got %v, want ErrFenced", err)
			}
			end := over("a", 5)
			end.Owner, end.Epoch = "two", 2
			mustAppend(t, two, end, last)
			if err := two.Archive(t.Context(), "a"); err != nil {
				t.Fatal(err)
			}
			live(t, one, "b", 1)
			want := "1:a/1 2:a/2 3:a/3 4:a/4 5:a/5 6:b/1"
			if got := follow(t, one, 0, 6); got != want {
				t.Errorf("followed %s, want %s", got, want)
			}
			if got := steps(one.Live(t.Context())); got != "6:b/1" {
				t.Errorf("live: %s", got)
			}
		})
	}
}

// What one node has just written down, another one finds, whichever of the
// servers reads for it.
func TestANodeFindsWhatAnotherHasJustWritten(t *testing.T) {
	servers := cluster(t, 3)
	one := join(t, servers, "one")
	var others []*Journal
	for i := range servers {
		others = append(others, join(t, servers[i:i+1], fmt.Sprint("other", i)))
	}
	last := map[string]uint64{}
	for step := uint64(1); step <= 10; step++ {
		for _, id := range []string{"a", "b", "c"} {
			last[id] = mustAppend(t, one, entry(id, step), last[id])
			for i, other := range others {
				if got, want := steps(other.Live(t.Context())), fmt.Sprintf("%d:%s/%d", last[id], id, step); !strings.HasSuffix(got, want) {
					t.Errorf("server %d: %s, want %s at the end", i, got, want)
				}
			}
		}
	}
}

// One of three servers dies under writers: whoever appends again until it
// works loses nothing, and no step is written twice over another.
func TestAClusterLosesAServer(t *testing.T) {
	servers := cluster(t, 3)
	j := join(t, servers, "one")
	var last uint64
	for step := uint64(1); step <= 60; step++ {
		if step == 30 {
			leader := j.contacts.CachedInfo().Cluster.Leader
			for _, s := range servers {
				if s.Name() == leader {
					stop(s)
				}
			}
		}
		last = insist(t, j, entry("a", step), last)
	}
	var got uint64
	for e, err := range j.History(t.Context(), "a") {
		if err != nil {
			t.Fatal(err)
		}
		if e.Step != got && e.Step != got+1 {
			t.Fatalf("after step %d comes %d", got, e.Step)
		}
		got = e.Step
	}
	if got != 60 {
		t.Errorf("the last step is %d, want 60", got)
	}
}

// insist appends again until it is settled.
func insist(t *testing.T, j *Journal, e switchboard.Entry, after uint64) uint64 {
	t.Helper()
	begin := time.Now()
	for {
		seq, err := j.Append(t.Context(), e, after)
		if err == nil {
			return seq
		}
		if errors.Is(err, switchboard.ErrFenced) || time.Since(begin) > 30*time.Second {
			t.Fatal(err)
		}
	}
}

// A reader that no server knows yet is tried again, and for no longer than an answer may
// take.
func TestAReaderThatIsNotKnownYet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &reader{j: &Journal{closed: make(chan struct{})}, opened: time.Now()}
		for time.Since(r.opened) <= answerWithin {
			if err := r.ended(t.Context(), nats.ErrNoResponders); err != nil {
				t.Fatalf("after %s: %v", time.Since(r.opened), err)
			}
		}
		if err := r.ended(t.Context(), nats.ErrNoResponders); err == nil {
			t.Error("it is tried for ever")
		}
		r.opened, r.count = time.Now(), 1
		if err := r.ended(t.Context(), nats.ErrNoResponders); err == nil {
			t.Error("a reader that has gone is tried again")
		}
	})
}
