package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"patchbay/host"
	"patchbay/internal/cli"
	"patchbay/manifest"
)

func newConnections(s *cli.Streams) *cobra.Command {
	var expiring time.Duration
	c := &cobra.Command{
		Use:   "connections",
		Short: "List connections, rename them, replace their credentials",
		Long: `Connections lists each connection with its connector, auth method, label and how long its credential lasts. Secrets
are never shown. A connection that needs somebody to log in again says so.`,
		Example: `  $ host connections
  $ host connections --expiring 168h
  $ host connections rename tallyfy tallyfy-prod
  $ host connections rotate tallyfy-prod --secret token=@token.txt`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, args []string) error {
			return with(c.Context(), nil, func(a *app) error { return listConnections(c.Context(), s, a, expiring) })
		},
	}
	c.Flags().DurationVar(&expiring, "expiring", 0, "only those whose credential ends within this time for good, such as 168h, or has ended")
	c.AddCommand(newRename(s), newRotate(s))
	return c
}

func listConnections(ctx context.Context, s *cli.Streams, a *app, expiring time.Duration) error {
	all, err := a.host.Standings(ctx, "")
	if err != nil {
		return err
	}
	list := []host.Standing{}
	for _, n := range all {
		if expiring == 0 || ends(n, time.Now().Add(expiring)) {
			list = append(list, n)
		}
	}
	return s.Print(list, func(w io.Writer) {
		switch {
		case len(all) == 0:
			fmt.Fprintln(w, "there are no connections yet: 'host connect CONNECTOR' makes one")
			return
		case len(list) == 0:
			fmt.Fprintf(w, "none of the %d connections ends within %s\n", len(all), brief(expiring))
			return
		}
		var rows [][]string
		for _, n := range list {
			rows = append(rows, []string{n.Name, n.Connector, n.Auth, n.Env, n.CreatedAt.Local().Format("2006-01-02 15:04"), lasts(n)})
		}
		cli.Table(w, []string{"name", "connector", "auth", "env", "since", "credential"}, rows)
	})
}

// ends reports whether a connection needs a person before the time at.
func ends(n host.Standing, at time.Time) bool {
	return n.Reconnect != "" || !n.Renews && !n.Expires.IsZero() && n.Expires.Before(at)
}

func lasts(n host.Standing) string {
	switch {
	case n.Reconnect != "":
		return "reconnect needed: " + n.Reconnect
	case n.Renews:
		return "renewed by the host"
	case n.Expires.IsZero():
		return "no known end"
	}
	return "until " + n.Expires.Local().Format("2006-01-02 15:04")
}

func newRename(s *cli.Streams) *cobra.Command {
	return &cobra.Command{
		Use:     "rename NAME NEW-NAME",
		Short:   "Give a connection another name",
		Example: `  $ host connections rename tallyfy tallyfy-prod`,
		Args:    cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			return with(c.Context(), nil, func(a *app) error {
				conn, err := a.host.Rename(c.Context(), args[0], args[1])
				if err != nil {
					return err
				}
				return s.Print(conn, func(w io.Writer) { fmt.Fprintf(w, "%s is now called %s\n", args[0], conn.Name) })
			})
		},
	}
}

func newRotate(s *cli.Streams) *cobra.Command {
	var o connectOptions
	c := &cobra.Command{
		Use:   "rotate NAME",
		Short: "Replace a connection's credential",
		Long: `Rotate replaces the secrets of a connection, or logs in again where its method has a login, and tests it. Everything else
about the connection stays as it is. On a terminal it asks for the secrets; elsewhere those that no flag gives stay.`,
		Example: `  $ host connections rotate tallyfy
  $ host connections rotate tallyfy --secret token=@token.txt`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			o.req.Name = args[0]
			return with(c.Context(), nil, func(a *app) error { return runRotate(c.Context(), s, a, o) })
		},
	}
	o.values.Flags(c)
	o.visit.flags(c)
	c.Flags().BoolVar(&o.noTest, "no-test", false, "do not call the vendor to test the connection")
	return c
}

func runRotate(ctx context.Context, s *cli.Streams, a *app, o connectOptions) error {
	err := a.vault.Check(ctx)
	if err != nil {
		return err
	}
	if o.req.Values, err = o.values.Read(s); err != nil {
		return err
	}
	old, err := a.host.Connection(ctx, o.req.Name)
	if err != nil {
		return err
	}
	_, method, fields, err := a.host.Requirements(ctx, old.Connector, old.Auth)
	if err != nil {
		return err
	}
	if err := o.values.RefuseSecrets(fields); err != nil {
		return err
	}
	if s.Interactive() && method.Grant != "authorization_code" {
		if err := ask(s, method, onlySecret(fields), o.req.Values); err != nil {
			return err
		}
	}
	if len(o.req.Values) == 0 && method.Type != "oauth2" && method.Type != "exchange" { // whose vendor gives a new one out
		return nothingToRotate(fields)
	}
	conn, err := o.connect(ctx, s, a, method, a.host.Rotate)
	if err != nil {
		return cli.ExplainFields(err)
	}
	tested, err := prove(ctx, a, conn, o.noTest)
	if err != nil {
		return cli.Hint(fmt.Errorf("the credential of %s was replaced, but its test failed: %w", conn.Name, err), "run 'host connections rotate %s' again", conn.Name)
	}
	return s.Print(map[string]any{"rotated": conn.Name, "tested": tested}, func(w io.Writer) {
		fmt.Fprintf(w, "replaced the credential of %s\n", conn.Name)
	})
}

// nothingToRotate refuses to put a credential in the place of itself.
func nothingToRotate(fields []manifest.Field) error {
	var flags []string
	for _, f := range onlySecret(fields) {
		flags = append(flags, "--secret "+f.Name+"=@FILE")
	}
	return cli.Hint(cli.Usage("there is no new credential"), "give it with %s", strings.Join(flags, " "))
}
