package kill

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// A cluster keeps journals outside the processes that are killed; it is one
// server, which stops and starts again at the same place.
type cluster struct {
	options server.Options
	running *server.Server // nil while it is stopped
}

func startCluster(t *testing.T) *cluster {
	t.Helper()
	c := &cluster{options: server.Options{
		ServerName: "outside", Host: "127.0.0.1", Port: server.RANDOM_PORT,
		NoSigs: true, NoLog: true, JetStream: true, StoreDir: inMemory(t),
	}}
	if err := c.start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.stop)
	return c
}

func (c *cluster) start() error {
	options := c.options
	s, err := server.NewServer(&options)
	if err != nil {
		return err
	}
	s.Start()
	if !s.ReadyForConnections(10 * time.Second) {
		return errors.New("the cluster does not start")
	}
	c.running, c.options.Port = s, options.Port
	return nil
}

func (c *cluster) stop() {
	if c.running != nil {
		c.running.Shutdown()
		c.running.WaitForShutdown()
		c.running = nil
	}
}

func (c *cluster) url() string { return c.running.ClientURL() }

func (c *cluster) deleteStream(ctx context.Context, name string) error {
	conn, err := nats.Connect(c.url())
	if err != nil {
		return err
	}
	defer conn.Close()
	js, err := jetstream.New(conn)
	if err != nil {
		return err
	}
	return js.DeleteStream(ctx, name)
}
