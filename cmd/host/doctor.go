package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"patchbay/host"
	"patchbay/internal/cli"
)

func newDoctor(s *cli.Streams) *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "Show what this machine can enforce on connectors",
		Long: `Doctor starts a process as the host does for a connector, and lets it attack what holds it: files, the network,
its parent, other programs. It shows which attacks the kernel denied, the tier that this makes, and how used
instances are put back to their first state.

  A   Landlock, seccomp and resource limits: nothing is known to be missing
  B   seccomp and resource limits
  C   resource limits at most: run connectors of publishers that you trust, and no others

The way of resetting is, from the fastest to the slowest: scan, pagemap, populate, drop or copy. All of them leave
nothing of a call behind.

It ends with exit code 3 when less than tier A is reached.`,
		Example: `  $ host doctor --json`,
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, args []string) error { return runDoctor(c.Context(), s) },
	}
}

func runDoctor(ctx context.Context, s *cli.Streams) error {
	h, err := host.Examine(ctx)
	if err != nil {
		return err
	}
	err = s.Print(h, func(w io.Writer) {
		fmt.Fprintf(w, "platform   %s\ntier       %s\nattacks    %d tried, %d denied\n", h.Platform, h.Confined, h.Attacks, h.Attacks-len(h.Passed))
		for _, passed := range h.Passed {
			fmt.Fprintf(w, "  not denied  %s\n", cli.Clean(passed))
		}
		for _, missing := range h.Missing {
			fmt.Fprintf(w, "  missing     %s\n", cli.Clean(missing))
		}
		fmt.Fprintf(w, "reset      %s\n", h.Reset)
		if h.Slower != "" {
			fmt.Fprintf(w, "  not faster  %s\n", cli.Clean(h.Slower))
		}
	})
	if err != nil || h.Sound() {
		return err
	}
	return cli.Hint(cli.WithExit(errors.New("this machine confines connectors less than it could"), cli.ExitFindings),
		"it says above what is missing: build with CGO_ENABLED=0, run on Linux 6.12 or newer with Landlock and seccomp, or install only what you trust")
}
