package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"patchbay/abi"
	"patchbay/host"
	"patchbay/internal/cli"
)

type runOptions struct {
	call    host.Call
	input   cli.Input
	cursor  string
	all     bool
	timeout time.Duration
	usage   bool
	verbose bool
	bulk    bool
}

func newRun(s *cli.Streams) *cobra.Command {
	var o runOptions
	c := &cobra.Command{
		Use:   "run CONNECTOR.OPERATION",
		Short: "Run one operation",
		Long: `Run calls one operation of an installed connector and prints its output as JSON. Of a paged operation it prints one
page with the cursor of the next; --all follows the cursors to the end.
Without --connection the connector's only connection is used.

A call that the vendor's limits hold up waits for its turn, a minute unless --wait says otherwise; with --bulk it lets others
go first and waits for 15 minutes. A write whose answer was lost fails as in_doubt: look before you repeat it, or repeat it with the same
--key where the action declares one.`,
		Example: `  $ host run hello.greet --input '{"name": "Ada"}'
  $ host run tallyfy.list_tasks --connection acme --all
  $ host run netsuite.suiteql --input @query.json --json
  $ host run hello.greet --input '{"name": "Ada"}' --usage`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			i := strings.LastIndexByte(args[0], '.')
			if i < 1 || i == len(args[0])-1 {
				return cli.Hint(cli.Usage("%q: want CONNECTOR.OPERATION", args[0]), "for example 'host run hello.greet'")
			}
			o.call.Connector, o.call.Operation = args[0][:i], args[0][i+1:]
			ctx := c.Context()
			if o.timeout > 0 {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, o.timeout)
				defer cancel()
			}
			return with(ctx, logger(s, o.verbose), func(a *app) error { return runRun(ctx, s, a, o) })
		},
	}
	o.input.Flag(c)
	c.Flags().StringVarP(&o.call.Connection, "connection", "c", "", "connection to use (default the only one)")
	c.Flags().StringVar(&o.cursor, "cursor", "", "cursor of the page to get, as JSON")
	c.Flags().BoolVar(&o.all, "all", false, "get every page")
	c.Flags().DurationVar(&o.timeout, "timeout", 0, "give up after this long, such as 5s (default the connector's own limit)")
	c.Flags().DurationVar(&o.call.Patience, "wait", 0, "how long a request may wait for the vendor's limits (default 1m, with --bulk 15m)")
	c.Flags().BoolVar(&o.bulk, "bulk", false, "let calls that somebody waits for go first")
	c.Flags().StringVar(&o.call.Key, "key", "", "key by which the vendor knows the call when it is repeated (default a new one)")
	c.Flags().BoolVar(&o.usage, "usage", false, "show what the call used of its limits; with --json as {\"output\", \"usage\"}")
	c.Flags().BoolVarP(&o.verbose, "verbose", "v", false, "print log lines of the guest and the host to standard error")
	return c
}

func runRun(ctx context.Context, s *cli.Streams, a *app, o runOptions) error {
	var err error
	if o.call.Input, err = o.input.Read(s); err != nil {
		return err
	}
	if o.cursor != "" {
		if err := abi.CheckJSON([]byte(o.cursor)); err != nil {
			return cli.Usage("--cursor: %w", err)
		}
		o.call.Cursor = json.RawMessage(o.cursor)
	}
	if o.bulk {
		o.call.Priority = host.Bulk
	}
	var used host.Usage
	o.call.Usage = &used
	r, err := runPages(ctx, a, o)
	if o.usage {
		s.Note("used %s", describeUsage(used))
	}
	if err != nil {
		return adviseRotation(ctx, a, o.call.Connector, o.call.Connection, err)
	}
	out := host.Output(r)
	if o.usage && s.JSON {
		return s.Print(map[string]any{"output": out, "usage": used}, nil)
	}
	return s.Print(out, func(w io.Writer) {
		cli.WriteJSON(w, out)
	})
}

func describeUsage(u host.Usage) string {
	text := fmt.Sprintf("%d units of fuel, %d bytes of memory, %d HTTP and %d host calls, %v",
		u.Fuel, u.PeakMemory, u.HTTPCalls, u.HostCalls, u.Wall.Round(time.Microsecond))
	if u.Slept >= time.Millisecond {
		text += fmt.Sprintf(", of which the guest slept %v", u.Slept.Round(time.Millisecond))
	}
	if u.Waited >= time.Millisecond {
		text += fmt.Sprintf(", and %v of waiting for the vendor's limits", u.Waited.Round(time.Millisecond))
	}
	return text
}

// runPages runs the call, and with --all the calls for the pages that follow.
func runPages(ctx context.Context, a *app, o runOptions) (abi.Result, error) {
	r, err := a.host.Run(ctx, o.call)
	for all := r.Items; err == nil && o.all && r.Status == abi.StatusPage && !r.Last(); all = r.Items {
		if bytes.Equal(o.call.Cursor, r.Cursor) {
			return r, abi.Faultf(abi.Internal, "the connector gave the cursor %.60s twice: its pages have no end", r.Cursor)
		}
		o.call.Cursor = r.Cursor
		if r, err = a.host.Run(ctx, o.call); err == nil {
			r.Items = append(all, r.Items...)
		}
	}
	return r, err
}

// adviseRotation adds to the error of a call whose credential the vendor refused the command that replaces it. Without a
// connection it is the connector's only one.
func adviseRotation(ctx context.Context, a *app, connector, connection string, err error) error {
	var f *abi.Fault
	if !errors.As(err, &f) || f.Code != abi.Unauthorized {
		return err
	}
	if connection == "" {
		rec, missing := a.host.Installed(ctx, connector)
		list, unread := a.host.Connections(ctx, rec.Connector)
		if missing != nil || unread != nil || len(list) != 1 {
			return err
		}
		connection = list[0].Name
	}
	return cli.Hint(err, "run 'host connections rotate %s': the vendor refused the credential of that connection", connection)
}

func newTest(s *cli.Streams) *cobra.Command {
	var verbose bool
	c := &cobra.Command{
		Use:     "test CONNECTION",
		Short:   "Test a connection",
		Long:    `Test calls the vendor with a connection's credential, through the operation that its connector names as the proof that a connection works.`,
		Example: `  $ host test tallyfy`,
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return with(c.Context(), logger(s, verbose), func(a *app) error {
				r, err := a.host.Test(c.Context(), args[0])
				if err != nil {
					return adviseRotation(c.Context(), a, "", args[0], err)
				}
				result := map[string]any{"connection": args[0], "ok": true, "output": r.Output}
				return s.Print(result, func(w io.Writer) { fmt.Fprintf(w, "%s works: %s\n", args[0], cli.Clean(string(r.Output))) })
			})
		},
	}
	c.Flags().BoolVarP(&verbose, "verbose", "v", false, "print log lines of the guest and the host to standard error")
	return c
}

// logger prints log lines to standard error when they were asked for.
func logger(s *cli.Streams, verbose bool) *slog.Logger {
	if !verbose {
		return nil
	}
	return slog.New(slog.NewTextHandler(s.Err, &slog.HandlerOptions{Level: slog.LevelDebug}))
}
