package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"patchbay/internal/cli"
)

type buildOptions struct {
	dir string
	out string
}

func newBuild(s *cli.Streams) *cobra.Command {
	var o buildOptions
	c := &cobra.Command{
		Use:   "build [DIR]",
		Short: "Build a connector's bundle",
		Long: `Build compiles the guest, checks it against the ABI and the manifest, and writes DIR/dist/NAME-VERSION.bundle.
The same sources and Go version give the same bytes. It needs no network and no key.`,
		Example: `  $ pack build
  $ pack build ./hello --out /tmp/hello.bundle`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			o.dir = dirArg(args)
			return runBuild(c, s, o)
		},
	}
	c.Flags().StringVarP(&o.out, "out", "o", "", "file to write (default DIR/dist/NAME-VERSION.bundle)")
	return c
}

func runBuild(c *cobra.Command, s *cli.Streams, o buildOptions) error {
	b, err := buildDir(c.Context(), o.dir)
	if err != nil {
		return err
	}
	if o.out == "" {
		o.out = filepath.Join(o.dir, "dist", b.FileName())
		if err := os.MkdirAll(filepath.Dir(o.out), 0o755); err != nil {
			return err
		}
	}
	if err := b.WriteFile(o.out); err != nil {
		return err
	}
	result := map[string]any{"connector": b.Ref(), "digest": b.Digest(), "file": o.out, "size": b.Size(), "module_size": len(b.Contents().Module)}
	return s.Print(result, func(w io.Writer) {
		fmt.Fprintf(w, "built %s\n  file    %s (%s, guest %s)\n  digest  %s\n", b.Ref(), o.out, size(b.Size()), size(int64(len(b.Contents().Module))), b.Digest())
		s.Note("next: pack test")
	})
}

// size writes a number of bytes for people.
func size(n int64) string {
	switch {
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%d B", n)
}
