package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"patchbay/internal/cli"
)

type demoOptions struct {
	once bool
	dir  string
}

// stage is one line of the demo's report.
type stage struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	MS     int64  `json:"ms"`
	Detail string `json:"detail,omitempty"`
	Error  string `json:"error,omitempty"`
}

func newDemo(s *cli.Streams) *cobra.Command {
	var o demoOptions
	c := &cobra.Command{
		Use:   "demo",
		Short: "Build, publish, install and run two connectors on this machine",
		Long: `Demo goes the whole way on this machine, with no account and no network: it builds the Tallyfy and NetSuite connectors
from source, checks, signs and publishes them to a registry, installs and connects them to two simulated vendors, and
drives a sales order from NetSuite through an approval process in Tallyfy and back.

It works in a folder of its own below PATCHBAY_HOME and leaves your connectors and connections alone. On a terminal
the vendors stay up when it is done, for you to try commands on; --once ends it there.
The first run compiles everything and takes a minute or so; later runs take seconds. It needs the go command.`,
		Example: `  $ host demo
  $ host demo --once --json`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, args []string) error { return runDemo(c.Context(), s, o) },
	}
	c.Flags().BoolVar(&o.once, "once", false, "end when the job is done, also on a terminal")
	c.Flags().StringVar(&o.dir, "dir", "", "folder to work in; it is emptied first (default PATCHBAY_HOME/demo)")
	return c
}

func runDemo(ctx context.Context, s *cli.Streams, o demoOptions) error {
	home, err := cli.Home()
	if err != nil {
		return err
	}
	if o.dir == "" {
		o.dir = filepath.Join(home, "demo")
	}
	if err := emptyDemo(o.dir); err != nil {
		return err
	}
	d := &demo{s: s, dir: o.dir, cache: cli.CacheDir(home), vendors: map[string]vendor{}, served: map[string]*served{}}
	s.Note("order to approval: NetSuite and Tallyfy, simulated on this machine\n")
	start := time.Now()
	err = d.job(ctx)
	if err == nil && s.Interactive() && !o.once {
		d.stay(ctx)
	}
	err = errors.Join(err, d.close())
	result := struct {
		OK     bool    `json:"ok"`
		MS     int64   `json:"ms"`
		Stages []stage `json:"stages"`
	}{err == nil, time.Since(start).Milliseconds(), d.stages}
	if s.JSON {
		if perr := s.Print(result, nil); perr != nil {
			return perr
		}
		return cli.Printed(explain(err))
	}
	if err != nil {
		return explain(err)
	}
	return s.Print(nil, func(w io.Writer) {
		fmt.Fprintf(w, "\nthe job is done: %d stages in %.1f s\n", len(d.stages), time.Since(start).Seconds())
		s.Note("next: build the commands as the README says, then 'pack new hello' starts a connector of your own")
	})
}

// emptyDemo removes what an earlier demo left. A folder that no demo made is not touched.
func emptyDemo(dir string) error {
	mark := filepath.Join(dir, ".patchbay-demo")
	entries, err := os.ReadDir(dir)
	if err == nil && len(entries) > 0 {
		if _, err := os.Stat(mark); err != nil {
			return cli.Hint(fmt.Errorf("%s exists and was not made by a demo", dir), "give another --dir")
		}
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return os.WriteFile(mark, nil, 0o600)
}

// demo is one run of the demo.
type demo struct {
	s       *cli.Streams
	dir     string // the demo's own home
	cache   string // shared with everything else, so that later runs are quick
	app     *app
	vendors map[string]vendor
	served  map[string]*served
	stages  []stage
}

// step runs one stage and prints its line; a stage that fails ends the demo.
func (d *demo) step(name string, do func() (detail string, err error)) error {
	if d.s.Interactive() {
		fmt.Fprintf(d.s.Err, "  …  %s", name)
	}
	start := time.Now()
	detail, err := do()
	st := stage{Name: name, OK: err == nil, MS: time.Since(start).Milliseconds(), Detail: detail}
	mark := "✓"
	if err != nil {
		mark, st.Error = "✗", err.Error()
	}
	d.stages = append(d.stages, st)
	if d.s.Interactive() {
		fmt.Fprint(d.s.Err, "\r\x1b[K")
	}
	d.s.Note("  %s  %-28s %7d ms  %s", mark, name, st.MS, detail)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// stay keeps the vendors up until the user has had enough.
func (d *demo) stay(ctx context.Context) {
	d.s.Note("\nthe vendors stay up until you press Ctrl-C; in another terminal try")
	d.s.Note("  go build -o bin/ ./cmd/... && export PATH=\"$PWD/bin:$PATH\"   # in the clone, unless you did")
	d.s.Note("  export PATCHBAY_HOME=%s", d.dir)
	d.s.Note("  host list\n  host run netsuite.get_record --input '{\"type\": \"salesOrder\", \"id\": \"1\"}'\n  host run tallyfy.list_tasks")
	<-ctx.Done()
}

func (d *demo) close() error {
	var errs []error
	if d.app != nil {
		errs = append(errs, d.app.close())
	}
	for _, v := range d.served {
		errs = append(errs, v.close())
	}
	return errors.Join(errs...)
}
