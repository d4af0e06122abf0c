package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"patchbay/internal/cli"
	"patchbay/testkit"
	"patchbay/testkit/report"
)

func newRules(s *cli.Streams) *cobra.Command {
	return &cobra.Command{
		Use:     "rules [FAMILY]",
		Short:   "List the rules of certification",
		Long:    "Rules lists every rule that 'pack certify' looks at, with its severity; with a letter, those of one family.",
		Example: "  $ pack rules\n  $ pack rules N",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			all := []report.Rule{}
			for _, r := range testkit.Rules() {
				if len(args) == 0 || r.Family() == strings.ToUpper(args[0]) {
					all = append(all, r)
				}
			}
			if len(all) == 0 {
				return cli.Usage("there is no family %q: they are M A N S W O T R C D L", args[0])
			}
			result := map[string]any{"ruleset": testkit.RuleSet(), "rules": all}
			return s.Print(result, func(w io.Writer) {
				for _, r := range all {
					fmt.Fprintf(w, "%s  %-7s  %s\n", r.ID, r.Severity, r.Title)
				}
				fmt.Fprintf(w, "%d rules of %.30s…\n", len(all), testkit.RuleSet())
				s.Note("next: pack explain %s", all[0].ID)
			})
		},
	}
}

func newExplain(s *cli.Streams) *cobra.Command {
	return &cobra.Command{
		Use:     "explain RULE",
		Short:   "Say what a rule of certification wants, and why",
		Long:    "Explain says what a rule wants, why, how to meet it, who has a rule like it, and shows a connector that breaks it.",
		Example: "  $ pack explain N004",
		Args:    cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			e, err := testkit.Explain(strings.ToUpper(args[0]))
			if err != nil {
				return cli.Hint(cli.WithExit(err, cli.ExitNotFound), "'pack rules' lists them")
			}
			return s.Print(e, func(w io.Writer) {
				fmt.Fprintf(w, "%s  %s\n\n%s\n\n  severity  %s\n  fix       %s\n", e.ID, e.Title, e.Rationale, e.Severity, e.Fix)
				if e.Origin != "" {
					fmt.Fprintf(w, "  like      %s\n", e.Origin)
				}
				fmt.Fprintf(w, "\na connector that breaks it:\n\n%s", indent(e.Example))
				s.Note("next: pack certify --only %s", e.ID)
			})
		},
	}
}

func indent(text string) string {
	return "    " + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n    ") + "\n"
}
