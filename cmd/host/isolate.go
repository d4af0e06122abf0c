package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"patchbay/bundle"
	"patchbay/host"
	"patchbay/internal/cli"
)

func newIsolate(s *cli.Streams) *cobra.Command {
	var force bool
	c := &cobra.Command{
		Use:   "isolate CONNECTOR process|in-process",
		Short: "Say where a connector's code runs",
		Long: `Isolate moves an installed connector between the two rings of the sandbox. What the connector may do is the same
in both: its code is metered, has no files and no network of its own, and starts every call from the same state.

  process      in a locked-down process of its own, which also contains defects of the WebAssembly engine.
               The default.
  in-process   in the host's own process, which saves each call some tenths of a millisecond.
               For connectors that are certified and whose publisher you trust.

It holds for later versions of the connector too. A version without a certificate goes back into a process of its own,
unless --force was given.`,
		Example: `  $ host isolate tallyfy in-process`,
		Args:    cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			ring, err := host.ParseIsolation(args[1])
			if err != nil {
				return cli.Usage("%v", err)
			}
			return with(c.Context(), nil, func(a *app) error {
				rec, err := a.host.Isolate(c.Context(), args[0], ring, force)
				if errors.Is(err, bundle.ErrUncertified) || errors.Is(err, bundle.ErrExpired) {
					return cli.Hint(err, "install a certified version, or give --force: then a defect of the WebAssembly engine is all that stands between its code and your credentials")
				}
				if err != nil {
					return err
				}
				return s.Print(rec, func(w io.Writer) { fmt.Fprintf(w, "%s@%s runs %s\n", rec.Connector, rec.Version, rings[ring]) })
			})
		},
	}
	c.Flags().BoolVar(&force, "force", false, "in-process also for a connector that is not certified")
	return c
}

// rings says where guests run.
var rings = map[host.Isolation]string{
	host.Process:   "in a process of its own",
	host.InProcess: "in the host's process",
}
