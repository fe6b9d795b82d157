package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/spf13/cobra"

	"holdfast"
	"holdfast/config"
)

func serveCommand() *cobra.Command {
	var conf, data string
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the server",
		Long: `Serve runs the server until it is interrupted. Contacts are not ended then: the
journal keeps them, and the next start takes them over. It prints one line when
it is ready; its log goes to standard error. "holdfast config" prints every
setting.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := enoughMemory(); err != nil {
				return err
			}
			c, err := load(conf)
			if err != nil {
				return err
			}
			if data != "" {
				c.Journal.Dir = data
			}
			return serve(cmd.Context(), c, cmd.OutOrStdout())
		},
	}
	cmd.Flags().StringVarP(&conf, "config", "c", "", "configuration `file`; without it, the built-in configuration")
	cmd.Flags().StringVar(&data, "data", "", "`directory` of the journal, instead of the configured one")
	return cmd
}

func load(file string) (config.Config, error) {
	if file == "" {
		return config.Default(), nil
	}
	conf, err := config.Load(file)
	var mistakes config.Mistakes
	if errors.As(err, &mistakes) {
		return conf, fmt.Errorf("the configuration has %s\n%w", count(len(mistakes), "mistake"), mistakes)
	}
	return conf, err
}

// where lists the addresses of a server.
func where(server *holdfast.Server) string {
	text := "SIP at " + server.SIPAddress().String()
	if at := server.APIAddress(); at.IsValid() {
		text += ", API at " + server.URL(at)
	}
	if at := server.PageAddress(); at.IsValid() {
		text += ", agents' page at " + server.URL(at) + "/ccp-v2/"
	}
	return text
}

// damage is a warning if the journal was damaged.
func damage(server *holdfast.Server) string {
	if n := len(server.Damage()); n > 0 {
		return fmt.Sprintf(" (the journal was damaged in %s, see the log)", count(n, "place"))
	}
	return ""
}

// closeWithin is how long entries in flight may take when the server stops.
const closeWithin = 5 * time.Second

func serve(ctx context.Context, conf config.Config, out io.Writer) error {
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	server, err := holdfast.Start(ctx, holdfast.Options{Config: conf, Log: log})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "holdfast %s is ready: %s%s\n", holdfast.Version, where(server), damage(server))
	if err == nil {
		err = server.Wait(ctx)
	}
	log.Info("stopping; the journal keeps the contacts", "dir", conf.Journal.Dir)
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeWithin)
	defer cancel()
	return errors.Join(err, server.Close(closing))
}
