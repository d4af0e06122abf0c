package main

import (
	"io"

	"github.com/spf13/cobra"

	"patchbay/host"
	"patchbay/internal/cli"
	"patchbay/testkit"
)

type runOptions struct {
	dir     string
	call    host.Call
	input   cli.Input
	account account
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
	o.account.flags(c)
	return c
}

func runRun(c *cobra.Command, s *cli.Streams, o runOptions) error {
	var err error
	if o.call.Input, err = o.input.Read(s); err != nil {
		return err
	}
	b, err := buildDir(c.Context(), o.dir)
	if err != nil {
		return err
	}
	if err := o.account.read(s, b.Manifest()); err != nil {
		return err
	}
	return o.account.use(c.Context(), s, b, func(opts testkit.LiveOptions) error {
		r, err := testkit.Live(c.Context(), b, o.account.connect, o.call, opts)
		if err != nil {
			return err
		}
		return s.Print(host.Output(r), func(w io.Writer) { cli.WriteJSON(w, host.Output(r)) })
	})
}
