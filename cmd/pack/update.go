package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"patchbay/bundle"
	"patchbay/internal/cli"
	"patchbay/testkit"
)

// runUpdate has cases expect what their replay gives.
func runUpdate(ctx context.Context, s *cli.Streams, o testOptions) error {
	if strings.HasSuffix(o.path, ".bundle") {
		return cli.Usage("--update writes to a connector's folder, and %s is a bundle", o.path)
	}
	b, err := load(ctx, o.path)
	if err != nil {
		return err
	}
	home, err := cli.Home()
	if err != nil {
		return err
	}
	all, err := testkit.Update(ctx, b, o.only, cli.CacheDir(home))
	if err != nil {
		return err
	}
	if len(all) == 0 {
		return noCase()
	}
	for _, u := range all {
		if u.Changed {
			if err := os.WriteFile(filepath.Join(o.path, "testdata", "cases", u.Name), u.Text, 0o644); err != nil {
				return err
			}
		}
	}
	return printUpdates(s, b, all)
}

func printUpdates(s *cli.Streams, b *bundle.Bundle, all []testkit.Updated) error {
	left := 0
	for _, u := range all {
		if u.Problem != "" {
			left++
		}
	}
	result := map[string]any{"connector": b.Ref(), "ok": left == 0, "cases": all}
	if err := s.Print(result, func(w io.Writer) { writeUpdates(w, all) }); err != nil {
		return err
	}
	if left > 0 {
		return cli.Hint(cli.WithExit(fmt.Errorf("%d of %d cases were not updated", left, len(all)), cli.ExitFindings),
			"a case whose requests are others now is recorded again with 'pack record --update', or edited")
	}
	return nil
}

func writeUpdates(w io.Writer, all []testkit.Updated) {
	indent := func(text string) string { return "      " + cli.CleanLines(strings.ReplaceAll(text, "\n", "\n      ")) }
	for _, u := range all {
		switch {
		case u.Problem != "":
			fmt.Fprintf(w, "left  %s\n%s\n", cli.Clean(u.Name), indent(u.Problem))
		case u.Changed:
			fmt.Fprintf(w, "wrote %s\n%s\n", cli.Clean(u.Name), indent(u.Diff))
		default:
			fmt.Fprintf(w, "ok    %s\n", cli.Clean(u.Name))
		}
	}
}
