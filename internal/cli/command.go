package cli

import (
	"context"
	"io"
	"log"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
)

// Main runs the command tree with the process's arguments until it ends or is interrupted, prints its
// error and returns the exit code.
func Main(root *cobra.Command, s *Streams, args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, func() {
		stop() // a second interrupt ends the process as it would any other
		s.interrupted()
	})
	// net/http writes bytes of a response that nobody asked for to the standard logger: a vendor's, or a secret's.
	log.SetOutput(io.Discard)
	prepare(root, s)
	root.SetArgs(args)
	// An error that stops cobra before it reads flags must still be JSON when it was asked for.
	s.JSON = wantsJSON(args)
	if err := root.ExecuteContext(ctx); err != nil {
		return report(s, root.Name(), err)
	}
	return ExitOK
}

func prepare(root *cobra.Command, s *Streams) {
	root.SilenceErrors, root.SilenceUsage = true, true
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SetIn(s.In)
	root.SetOut(s.Out)
	root.SetErr(s.Err)
	root.PersistentFlags().BoolVar(&s.JSON, "json", false, "print the result as one JSON document")
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return Hint(WithExit(err, ExitUsage), "see '%s --help'", c.CommandPath())
	})
	walk(root, func(c *cobra.Command) {
		c.Args = usageArgs(c.Args)
		c.SuggestionsMinimumDistance = 2 // cobra's default where it suggests by itself
		if c.HasSubCommands() && c.RunE == nil {
			c.RunE = group
		}
	})
}

func walk(c *cobra.Command, visit func(*cobra.Command)) {
	visit(c)
	for _, sub := range c.Commands() {
		walk(sub, visit)
	}
}

// usageArgs makes a wrong number of arguments a usage error that points to the help.
func usageArgs(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if check == nil {
			return nil
		}
		if err := check(c, args); err != nil {
			return Hint(WithExit(err, ExitUsage), "usage: %s\nsee '%s --help'", c.UseLine(), c.CommandPath())
		}
		return nil
	}
}

// group is what a command that only has subcommands does: help, or an error for an unknown one.
func group(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return c.Help()
	}
	err := Usage("%s has no command %q", c.CommandPath(), args[0])
	if near := c.SuggestionsFor(args[0]); len(near) > 0 {
		return Hint(err, "did you mean '%s %s'?", c.CommandPath(), strings.Join(near, "' or '"))
	}
	return Hint(err, "see '%s --help'", c.CommandPath())
}

func wantsJSON(args []string) bool {
	for _, a := range args {
		if a == "--" {
			return false
		}
		if a == "--json" || a == "--json=true" {
			return true
		}
	}
	return false
}
