package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"patchbay/bundle"
	"patchbay/internal/cli"
	"patchbay/testkit"
)

// runCompare makes recorded calls again, and says what is no longer as it was.
func runCompare(ctx context.Context, s *cli.Streams, o recordOptions, names []string) error {
	b, err := buildDir(ctx, o.dir)
	if err != nil {
		return err
	}
	if err := o.account.read(s, b.Manifest()); err != nil {
		return err
	}
	req := testkit.CompareRequest{Names: names, Connection: o.account.connection, Connect: o.account.connect}
	return o.account.use(ctx, s, b, func(opts testkit.LiveOptions) error {
		all, err := testkit.Compare(ctx, b, req, opts)
		if err != nil {
			return err
		}
		if len(all) == 0 {
			return cli.Hint(noRecorded(), "make one with 'pack record OPERATION', or name cases that were written by hand")
		}
		return printComparison(s, b, all)
	})
}

func noRecorded() error { return fmt.Errorf("no case says when it was recorded") }

func printComparison(s *cli.Streams, b *bundle.Bundle, all []testkit.Comparison) error {
	drifted := 0
	for _, c := range all {
		if len(c.Differences) > 0 {
			drifted++
		}
	}
	result := map[string]any{"connector": b.Ref(), "ok": drifted == 0, "cases": all}
	if err := s.Print(result, func(w io.Writer) { writeComparison(w, all, time.Now()) }); err != nil {
		return err
	}
	if drifted == 0 {
		return nil
	}
	return cli.Hint(cli.WithExit(fmt.Errorf("%d of %d cases are no longer as the vendor is", drifted, len(all)), cli.ExitFindings),
		"see whether the connector still does what it should, then record them again with 'pack record --update'")
}

func writeComparison(w io.Writer, all []testkit.Comparison, now time.Time) {
	for _, c := range all {
		switch {
		case c.Skipped != "":
			fmt.Fprintf(w, "skip  %s%s: %s\n", cli.Clean(c.Name), since(c, now), c.Skipped)
		case len(c.Differences) == 0:
			fmt.Fprintf(w, "same  %s%s\n", cli.Clean(c.Name), since(c, now))
		default:
			fmt.Fprintf(w, "DRIFT %s%s\n", cli.Clean(c.Name), since(c, now))
			for _, d := range c.Differences {
				fmt.Fprintf(w, "      %s: %s\n", cli.Clean(d.Place), cli.CleanLines(strings.ReplaceAll(d.What, "\n", "\n      ")))
			}
		}
	}
}

// since says how old a case is.
func since(c testkit.Comparison, now time.Time) string {
	if c.Recorded == "" {
		return ""
	}
	return fmt.Sprintf(" (recorded %s, %d days ago)", c.Recorded, age(c.Recorded, now))
}
