package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"patchbay/bundle"
	"patchbay/internal/cli"
	"patchbay/testkit"
	"patchbay/testkit/report"
)

func newCheck(s *cli.Streams) *cobra.Command {
	return &cobra.Command{
		Use:   "check [DIR|BUNDLE]",
		Short: "Look for what needs no run of a connector to be found",
		Long: `Check looks at the manifest, the guest's bytes, the documents and the cases, with those rules of certification that run
nothing. It is quick enough to be run at every save; 'pack certify' looks at everything.
It exits with 3 when there is an error among the findings; warnings alone exit with 0.`,
		Example: `  $ pack check
  $ pack check dist/hello-0.1.0.bundle --json`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			b, err := load(c.Context(), dirArg(args))
			if err != nil {
				return err
			}
			r, err := certified(c.Context(), b, testkit.Options{Static: true})
			if err != nil {
				return err
			}
			return printFindings(s, &r)
		},
	}
}

// certified certifies with the home's compile cache.
func certified(ctx context.Context, b *bundle.Bundle, o testkit.Options) (report.Report, error) {
	home, err := cli.Home()
	if err != nil {
		return report.Report{}, err
	}
	o.CacheDir = cli.CacheDir(home)
	return testkit.Certify(ctx, b, o)
}

func printFindings(s *cli.Streams, r *report.Report) error {
	err := s.Print(r, func(w io.Writer) {
		writeFindings(w, r)
		if r.Verdict == report.Pass {
			fmt.Fprintf(w, "%s: in order, %d warning(s)\n", r.Connector, r.Count(report.Warning))
		}
	})
	if err != nil {
		return err
	}
	if r.Verdict != report.Pass {
		return findings(r)
	}
	s.Note("next: pack test")
	return nil
}

func writeFindings(w io.Writer, r *report.Report) {
	for _, f := range r.Findings {
		fmt.Fprintln(w, cli.CleanLines(f.String()))
	}
}

// findings is the error that makes a command exit with 3; the findings themselves were printed as its result.
func findings(r *report.Report) error {
	return cli.WithExit(fmt.Errorf("%d finding(s) that keep it from being published", r.Count(report.Error)), cli.ExitFindings)
}

func newTest(s *cli.Streams) *cobra.Command {
	var only string
	c := &cobra.Command{
		Use:   "test [DIR|BUNDLE]",
		Short: "Run a connector's cases in the sandbox",
		Long: `Test builds the connector and runs every case in testdata/cases against the built guest, in the real sandbox, with
the vendor's answers replayed from the case. No network is used. It exits with 3 when a case fails.`,
		Example: `  $ pack test
  $ pack test --run greet`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return runTest(c.Context(), s, dirArg(args), only) },
	}
	c.Flags().StringVar(&only, "run", "", "run only cases whose name contains this")
	return c
}

func runTest(ctx context.Context, s *cli.Streams, path, only string) error {
	b, err := load(ctx, path)
	if err != nil {
		return err
	}
	home, err := cli.Home()
	if err != nil {
		return err
	}
	cases, err := testkit.Cases(ctx, b, only, cli.CacheDir(home))
	if err != nil {
		return err
	}
	if len(cases) == 0 {
		return cli.Hint(errors.New("there is no case to run"), "add testdata/cases/NAME.txtar; 'pack new' makes an example of one")
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
