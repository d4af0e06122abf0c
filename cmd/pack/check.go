package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"patchbay/bundle"
	"patchbay/internal/cli"
	"patchbay/testkit"
)

func newCheck(s *cli.Streams) *cobra.Command {
	return &cobra.Command{
		Use:   "check [DIR|BUNDLE]",
		Short: "Check a connector without calling anyone",
		Long: `Check reads the manifest, the guest, the documents and the cases and lists what is not in order.
It exits with 3 when there is an error among the findings; warnings alone exit with 0.`,
		Example: `  $ pack check
  $ pack check dist/hello-0.1.0.bundle --json`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			b, err := load(c.Context(), dirArg(args))
			if err != nil {
				return err
			}
			return withSession(c.Context(), b, testkit.Options{}, func(t *testkit.Session) error {
				return printReport(s, b, t.Check(c.Context()), "pack test")
			})
		},
	}
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
		RunE: func(c *cobra.Command, args []string) error {
			b, err := load(c.Context(), dirArg(args))
			if err != nil {
				return err
			}
			return withSession(c.Context(), b, testkit.Options{Only: only}, func(t *testkit.Session) error {
				if len(t.Names()) == 0 {
					return cli.Hint(errors.New("there is no case to run"), "add testdata/cases/NAME.txtar; 'pack new' makes an example of one")
				}
				return printReport(s, b, t.Cases(c.Context()), "pack publish")
			})
		},
	}
	c.Flags().StringVar(&only, "run", "", "run only cases whose name contains this")
	return c
}

func withSession(ctx context.Context, b *bundle.Bundle, o testkit.Options, use func(*testkit.Session) error) error {
	home, err := cli.Home()
	if err != nil {
		return err
	}
	o.CacheDir = cli.CacheDir(home)
	t, err := testkit.Open(ctx, b, o)
	if err != nil {
		return err
	}
	return errors.Join(use(t), t.Close(context.WithoutCancel(ctx)))
}

func printReport(s *cli.Streams, b *bundle.Bundle, r testkit.Report, next string) error {
	result := struct {
		Connector string `json:"connector"`
		Digest    string `json:"digest"`
		OK        bool   `json:"ok"`
		testkit.Report
	}{b.Ref(), b.Digest(), r.OK(), r}
	if result.Findings == nil {
		result.Findings = []testkit.Finding{}
	}
	err := s.Print(result, func(w io.Writer) { writeReport(w, b, r) })
	if err != nil {
		return err
	}
	if !r.OK() {
		return findings(r)
	}
	s.Note("next: %s", next)
	return nil
}

func writeReport(w io.Writer, b *bundle.Bundle, r testkit.Report) {
	passed := 0
	for _, c := range r.Cases {
		mark := "ok  "
		if c.OK {
			passed++
		} else {
			mark = "FAIL"
		}
		fmt.Fprintf(w, "%s  %s (%d ms)\n", mark, cli.Clean(c.Name), c.MS)
	}
	for _, f := range r.Findings {
		fmt.Fprintln(w, cli.CleanLines(f.String()))
	}
	switch {
	case len(r.Cases) > 0:
		fmt.Fprintf(w, "%s: %d of %d cases passed\n", b.Ref(), passed, len(r.Cases))
	case r.OK():
		fmt.Fprintf(w, "%s: in order, %d warning(s)\n", b.Ref(), len(r.Findings))
	}
}

// findings is the error that makes a command exit with 3; the findings themselves were printed as its result.
func findings(r testkit.Report) error {
	n := 0
	for _, f := range r.Findings {
		if f.Severity == testkit.Error {
			n++
		}
	}
	return cli.WithExit(fmt.Errorf("%d finding(s) that keep it from being published", n), cli.ExitFindings)
}
