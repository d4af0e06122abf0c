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
	said := "1 error keeps it from being published"
	if n := r.Count(report.Error); n != 1 {
		said = fmt.Sprintf("%d errors keep it from being published", n)
	}
	return cli.WithExit(errors.New(said), cli.ExitFindings)
}
