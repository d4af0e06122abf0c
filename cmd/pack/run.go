package main

import (
	"io"
	"log/slog"

	"github.com/spf13/cobra"

	"patchbay/host"
	"patchbay/internal/cli"
	"patchbay/testkit"
)

type runOptions struct {
	dir     string
	call    host.Call
	connect host.ConnectRequest
	input   cli.Input
	values  cli.Values
	verbose bool
}

func newRun(s *cli.Streams) *cobra.Command {
	var o runOptions
	c := &cobra.Command{
		Use:   "run [DIR] OPERATION",
		Short: "Run one operation of the connector in this folder against the real vendor",
		Long: `Run builds the connector, installs it nowhere, and runs one operation with a connection made of the flags.
Requests go to the vendor. Secrets come from a file, standard input or the terminal, never from the command line.`,
		Example: `  $ pack run greet --input '{"name": "Ada"}'
  $ pack run list_blueprints --field organization=0f3a… --secret token=@token.txt
  $ pack run get_order --url api=http://127.0.0.1:4000 --allow-private --input @input.json`,
		Args: cobra.RangeArgs(1, 2),
		RunE: func(c *cobra.Command, args []string) error {
			o.dir = "."
			if len(args) == 2 {
				o.dir = args[0]
			}
			o.call.Operation = args[len(args)-1]
			return runRun(c, s, o)
		},
	}
	o.input.Flag(c)
	o.values.Flags(c)
	c.Flags().StringVar(&o.connect.Auth, "auth", "", "auth method (default the manifest's first)")
	c.Flags().StringToStringVar(&o.connect.URLs, "url", nil, "base URL instead of a grant's own, as GRANT=URL")
	c.Flags().BoolVar(&o.connect.AllowPrivate, "allow-private", false, "let --url point to private addresses and plain http")
	c.Flags().BoolVarP(&o.verbose, "verbose", "v", false, "print log lines of the guest and the host")
	return c
}

func runRun(c *cobra.Command, s *cli.Streams, o runOptions) error {
	var err error
	if o.call.Input, err = o.input.Read(s); err != nil {
		return err
	}
	if o.connect.Values, err = o.values.Read(s); err != nil {
		return err
	}
	b, err := buildDir(c.Context(), o.dir)
	if err != nil {
		return err
	}
	for _, a := range b.Manifest().Auth {
		if err := o.values.RefuseSecrets(append(a.AllFields(), b.Manifest().Connection.Fields...)); err != nil {
			return err
		}
	}
	home, err := cli.Home()
	if err != nil {
		return err
	}
	live := testkit.LiveOptions{CacheDir: cli.CacheDir(home)}
	if o.verbose {
		live.Logger = slog.New(slog.NewTextHandler(s.Err, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	r, err := testkit.Live(c.Context(), b, o.connect, o.call, live)
	if err != nil {
		return cli.ExplainFields(err)
	}
	return s.Print(host.Output(r), func(w io.Writer) { cli.WriteJSON(w, host.Output(r)) })
}
