// Command bench compares Patchbay's engines with other ways to run the same plugin: the same work, the same bytes
// across the boundary, in turns in one process. README.md says what is compared and what the figures do not say.
//
//	cd bench && go run . --json
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"time"

	"patchbay/host/bench/measure"
)

func main() {
	serveHashicorp()
	runTask()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "bench: error:", err)
		os.Exit(1)
	}
}

// options are the command line's.
type options struct {
	plan measure.Plan
	only []string
	json bool
	list bool
}

func parse(args []string, stderr io.Writer) (o options, err error) {
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.IntVar(&o.plan.Rounds, "rounds", 10, "turns of every row that count")
	f.DurationVar(&o.plan.Turn, "time", 40*time.Millisecond, "length of a turn, which has at least one run")
	f.BoolVar(&o.json, "json", false, "print JSON")
	f.BoolVar(&o.list, "list", false, "print the names and what they are, and measure nothing")
	only := f.String("only", "", "measure these alone: `NAME,...`")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if f.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q", f.Arg(0))
	}
	if o.plan.Rounds < 1 {
		return o, errors.New("--rounds must be 1 or more")
	}
	if *only != "" {
		o.only = strings.Split(*only, ",")
	}
	return o, o.known()
}

// known refuses a name in --only that nothing has.
func (o *options) known() error {
	var names []string
	for _, s := range subjects() {
		names = append(names, s.name)
	}
	for _, f := range figures() {
		names = append(names, f.name)
	}
	for _, name := range o.only {
		if !slices.Contains(names, name) {
			return fmt.Errorf("nothing is called %q; --list prints the names", name)
		}
	}
	return nil
}

func (o *options) wants(name string) bool { return len(o.only) == 0 || slices.Contains(o.only, name) }

func run(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	o, err := parse(args, stderr)
	if err != nil {
		return err
	}
	if o.list {
		return printList(stdout)
	}
	g, err := newGuests()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, g.Close()) }()
	report, err := measureAll(ctx, o, g, stderr)
	if err != nil {
		return err
	}
	if o.json {
		enc := json.NewEncoder(stdout)
		enc.SetIndent("", "  ")
		return enc.Encode(report)
	}
	return report.print(stdout)
}
