package main

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"patchbay/host"
	"patchbay/internal/cli"
)

func newList(s *cli.Streams) *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List installed connectors",
		Example: `  $ host list --json`,
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, args []string) error {
			return with(c.Context(), nil, func(a *app) error {
				list, err := a.host.List(c.Context())
				if err != nil {
					return err
				}
				return s.Print(list, func(w io.Writer) {
					if len(list) == 0 {
						fmt.Fprintln(w, "nothing is installed yet: 'host search' shows what there is")
						return
					}
					var rows [][]string
					for _, r := range list {
						rows = append(rows, []string{r.Connector, r.Version, r.Title, certifiedNow(r, time.Now()), r.Key})
					}
					cli.Table(w, []string{"connector", "version", "title", "certified", "signed"}, rows)
				})
			})
		},
	}
}

func newUninstall(s *cli.Streams) *cobra.Command {
	var force bool
	c := &cobra.Command{
		Use:   "uninstall NAME",
		Short: "Remove a connector",
		Long:  `Uninstall removes a connector. It refuses while connections use it; --force removes those and their secrets too.`,
		Example: `  $ host uninstall hello
  $ host uninstall tallyfy --force`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return with(c.Context(), nil, func(a *app) error {
				rec, err := a.host.Uninstall(c.Context(), args[0], force)
				if errors.Is(err, host.ErrInUse) {
					return cli.Hint(err, "remove them first with 'host disconnect', or give --force")
				}
				if err != nil {
					return err
				}
				return s.Print(rec, func(w io.Writer) { fmt.Fprintf(w, "removed %s@%s\n", rec.Connector, rec.Version) })
			})
		},
	}
	c.Flags().BoolVar(&force, "force", false, "remove its connections and their secrets too")
	return c
}

func newDisconnect(s *cli.Streams) *cobra.Command {
	return &cobra.Command{
		Use:     "disconnect NAME",
		Short:   "Remove a connection and its secrets",
		Example: `  $ host disconnect tallyfy`,
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return with(c.Context(), nil, func(a *app) error {
				if err := a.host.Disconnect(c.Context(), args[0]); err != nil {
					return err
				}
				return s.Print(map[string]string{"disconnected": args[0]}, func(w io.Writer) { fmt.Fprintf(w, "disconnected %s\n", args[0]) })
			})
		},
	}
}
