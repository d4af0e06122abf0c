package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"patchbay/bundle"
	"patchbay/internal/cli"
	"patchbay/testkit"
	"patchbay/testkit/report"
)

type testOptions struct {
	path   string
	only   string
	update bool
}

func newTest(s *cli.Streams) *cobra.Command {
	var o testOptions
	c := &cobra.Command{
		Use:   "test [DIR|BUNDLE]",
		Short: "Run a connector's cases in the sandbox",
		Long: `Test builds the connector and runs every case in testdata/cases against the built guest, in the real sandbox, with
the vendor's answers replayed from the case. No network is used. It exits with 3 when a case fails.

With --update, what a case expects becomes what its replay gives; read the differences that are shown. Recorded requests
and answers stay: a case whose requests are others now must be recorded again, with 'pack record --update'.`,
		Example: `  $ pack test
  $ pack test --run greet
  $ pack test --update --run greet`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			o.path = dirArg(args)
			if o.update {
				return runUpdate(c.Context(), s, o)
			}
			return runTest(c.Context(), s, o)
		},
	}
	c.Flags().StringVar(&o.only, "run", "", "run only cases whose name contains this")
	c.Flags().BoolVar(&o.update, "update", false, "let cases expect what their replay gives")
	return c
}

func runTest(ctx context.Context, s *cli.Streams, o testOptions) error {
	b, err := load(ctx, o.path)
	if err != nil {
		return err
	}
	home, err := cli.Home()
	if err != nil {
		return err
	}
	cases, err := testkit.Cases(ctx, b, o.only, cli.CacheDir(home))
	if err != nil {
		return err
	}
	if len(cases) == 0 {
		return noCase()
	}
	failed := 0
	for _, c := range cases {
		if !c.OK {
			failed++
		}
	}
	result := map[string]any{"connector": b.Ref(), "digest": b.Digest(), "ok": failed == 0, "cases": cases}
	if err := s.Print(result, func(w io.Writer) { writeCases(w, b, cases, failed) }); err != nil {
		return err
	}
	noteAge(s, cases, time.Now())
	if failed > 0 {
		return cli.WithExit(fmt.Errorf("%d of %d cases failed", failed, len(cases)), cli.ExitFindings)
	}
	s.Note("next: pack certify")
	return nil
}

func writeCases(w io.Writer, b *bundle.Bundle, cases []report.Case, failed int) {
	for _, c := range cases {
		if c.OK {
			fmt.Fprintf(w, "ok    %s\n", cli.Clean(c.Name))
			continue
		}
		fmt.Fprintf(w, "FAIL  %s\n      %s\n", cli.Clean(c.Name), cli.CleanLines(strings.ReplaceAll(c.Reason, "\n", "\n      ")))
	}
	fmt.Fprintf(w, "%s: %d of %d cases passed\n", b.Ref(), len(cases)-failed, len(cases))
}

func noCase() error {
	return cli.Hint(errors.New("there is no case to run"), "add testdata/cases/NAME.txtar, or make one of a live call with 'pack record'; 'pack new' makes an example of one")
}

// stale is how old a recorded case may be before somebody should look at the vendor again.
const stale = 180 * 24 * time.Hour

// noteAge names cases that were recorded long ago.
func noteAge(s *cli.Streams, cases []report.Case, now time.Time) {
	var old []string
	for _, c := range cases {
		if days := age(c.Recorded, now); days > int(stale.Hours()/24) {
			old = append(old, fmt.Sprintf("%s (%d days)", c.Name, days))
		}
	}
	if len(old) > 0 {
		s.Note("recorded long ago: %s; 'pack record --compare' says whether the vendor still answers so", cli.Clean(strings.Join(old, ", ")))
	}
}

// age is how many days ago a day was; 0 if there is none.
func age(day string, now time.Time) int {
	at, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return 0
	}
	return int(now.Sub(at).Hours() / 24)
}
