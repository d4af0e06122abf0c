package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"patchbay/audit"
	"patchbay/internal/cli"
)

func newAudit(s *cli.Streams) *cobra.Command {
	c := &cobra.Command{
		Use:   "audit",
		Short: "Show and verify the record of what was done",
		Long: `The audit log records installs, grants, connections, calls with the hosts that they reached, and what became of the
vault. It holds no secrets, inputs or outputs. Entries are signed and cannot be changed unseen; keep exports, or
copies of PATCHBAY_HOME/audit.checkpoint, on another machine, so that not even this one can rewrite it.`,
	}
	c.AddCommand(newAuditList(s), newAuditVerify(s), newAuditExport(s))
	return c
}

func newAuditList(s *cli.Streams) *cobra.Command {
	var q audit.Query
	var since time.Duration
	c := &cobra.Command{
		Use:   "list",
		Short: "List what was done, the newest last",
		Example: `  $ host audit list --limit 20
  $ host audit list --kind run --connector tallyfy --since 24h --json`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, args []string) error {
			if q.Kind != "" && !audit.Known(q.Kind) {
				return cli.Usage("--kind %q: there are %s", q.Kind, strings.Join(audit.Kinds, ", "))
			}
			if since < 0 || q.Limit < 0 {
				return cli.Usage("--since and --limit: want no negative numbers")
			}
			if since > 0 {
				q.After = time.Now().Add(-since)
			}
			return with(c.Context(), nil, func(a *app) error {
				entries, err := a.audit.List(c.Context(), q)
				if err != nil {
					return err
				}
				return s.Print(append([]audit.Entry{}, entries...), func(w io.Writer) { printEntries(w, entries) })
			})
		},
	}
	c.Flags().StringVar(&q.Kind, "kind", "", "only this kind: "+strings.Join(audit.Kinds, ", "))
	c.Flags().StringVar(&q.Connector, "connector", "", "only this connector")
	c.Flags().StringVar(&q.Connection, "connection", "", "only this connection")
	c.Flags().DurationVar(&since, "since", 0, "only the last while, such as 24h")
	c.Flags().IntVar(&q.Limit, "limit", 100, "only the newest so many; 0 for all")
	return c
}

func printEntries(w io.Writer, entries []audit.Entry) {
	if len(entries) == 0 {
		fmt.Fprintln(w, "there are no such entries")
		return
	}
	var rows [][]string
	for _, e := range entries {
		rows = append(rows, []string{strconv.FormatInt(e.Number, 10), e.Time.Local().Format("2006-01-02 15:04:05"), e.Kind, e.Actor, what(e)})
	}
	cli.Table(w, []string{"n", "time", "kind", "who", "what"}, rows)
}

// what says in one line what an entry is about.
func what(e audit.Entry) string {
	var parts []string
	add := func(text string) {
		if text != "" {
			parts = append(parts, text)
		}
	}
	subject := e.Connector
	if e.Version != "" {
		subject += "@" + e.Version
	}
	if e.Operation != "" {
		subject += "." + e.Operation
	}
	add(subject)
	add(e.Connection)
	for _, name := range sorted(e.Detail) {
		add(name + "=" + e.Detail[name])
	}
	for _, g := range e.Egress {
		outcome := g.Code
		if g.Status > 0 {
			outcome = strconv.Itoa(g.Status)
		}
		add(fmt.Sprintf("[%s %s %s x%d]", g.Method, g.Host, outcome, g.Count))
	}
	if e.Code != "" {
		add("failed: " + e.Code)
	}
	return strings.Join(parts, " ")
}

func newAuditVerify(s *cli.Streams) *cobra.Command {
	var key, since string
	c := &cobra.Command{
		Use:   "verify [EXPORT]",
		Short: "Check that nobody changed the record",
		Long: `Verify checks every entry, the tree that they make, and that the log is as long as its checkpoint says. With the
name of an exported file it checks that instead, and needs nothing of this machine but the key. --since names an older
export or checkpoint that was kept elsewhere: the log must be its continuation.

It ends with exit code 3 when something is wrong, and names the first entry that is not as it was signed.`,
		Example: `  $ host audit verify --since /mnt/elsewhere/audit.checkpoint
  $ host audit verify audit.jsonl --key patchbay-audit+3a5f9c01+AXz...`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 1 {
				return verifyExport(s, args[0], key, since)
			}
			if key != "" {
				return cli.Usage("--key is for an exported file: 'host audit verify EXPORT --key KEY'")
			}
			return with(c.Context(), nil, func(a *app) error { return verifyLog(c.Context(), s, a.audit, since) })
		},
	}
	c.Flags().StringVar(&key, "key", "", "public key of the log, or @FILE (default this host's)")
	c.Flags().StringVar(&since, "since", "", "an older export or checkpoint, kept elsewhere")
	return c
}

func verifyLog(ctx context.Context, s *cli.Streams, log *audit.Log, since string) error {
	copies, err := readCopies(since, log.PublicKey())
	if err != nil {
		return err
	}
	r, err := log.Verify(ctx, copies...)
	if err != nil {
		return err
	}
	return printReport(s, r, log.PublicKey())
}

func verifyExport(s *cli.Streams, path, key, since string) error {
	key, err := auditKey(key)
	if err != nil {
		return err
	}
	copies, err := readCopies(since, key)
	if err != nil {
		return err
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	r, err := audit.VerifyExport(f, key, copies...)
	if err != nil {
		return cli.WithExit(err, cli.ExitUsage)
	}
	return printReport(s, r, key)
}

// auditKey returns the public key that a flag names, or this host's.
func auditKey(flag string) (string, error) {
	if path, ok := strings.CutPrefix(flag, "@"); ok {
		data, err := os.ReadFile(path)
		return string(data), err
	}
	if flag != "" {
		return flag, nil
	}
	home, err := cli.Home()
	if err != nil {
		return "", err
	}
	key, err := audit.PublicKey(cli.AuditKeyFile(home))
	return key, cli.Hint(err, "give the key that 'host audit export' printed with --key")
}

// readCopies reads the file of --since, if there is one.
func readCopies(path, key string) ([]*audit.Copy, error) {
	if path == "" {
		return nil, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	copied, err := audit.ReadCopy(f, key)
	if err != nil {
		return nil, cli.Hint(fmt.Errorf("--since %s: %w", path, err), "it must be an export or a checkpoint of this log")
	}
	return []*audit.Copy{copied}, nil
}

func printReport(s *cli.Streams, r audit.Report, key string) error {
	value := struct {
		audit.Report
		OK  bool   `json:"ok"`
		Key string `json:"key"`
	}{r, r.OK(), key}
	err := s.Print(value, func(w io.Writer) {
		fmt.Fprintf(w, "entries   %d in order\nroot      %s\nkey       %s\n", r.Entries, r.Root, key)
		if r.Unsealed > 0 {
			fmt.Fprintf(w, "          the last %d lie beyond the checkpoint: written a moment ago, or a process was killed\n", r.Unsealed)
		}
		for _, f := range r.Findings {
			fmt.Fprintf(w, "finding   %s\n          %s\n", cli.Clean(f.Error()), f.Remedy)
		}
	})
	if err != nil || r.OK() {
		return err
	}
	return cli.Printed(cli.Hint(cli.WithExit(r.Findings[0], cli.ExitFindings), "%s", r.Findings[0].Remedy))
}

func newAuditExport(s *cli.Streams) *cobra.Command {
	var out string
	c := &cobra.Command{
		Use:   "export",
		Short: "Write the record to a file that verifies by itself",
		Long: `Export writes all entries, a line of JSON each, with the notes that sign them. Keep the file, and the key that
export prints, on another machine: 'host audit verify FILE --key KEY' checks it there.`,
		Example: `  $ host audit export --out audit.jsonl`,
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, args []string) error {
			return with(c.Context(), nil, func(a *app) error {
				if out == "" {
					_, err := a.audit.Export(c.Context(), s.Out)
					return err
				}
				r, err := exportTo(c.Context(), a.audit, out)
				if err != nil {
					return err
				}
				return s.Print(map[string]any{"file": out, "entries": r.Entries, "root": r.Root, "key": a.audit.PublicKey()}, func(w io.Writer) {
					fmt.Fprintf(w, "wrote %d entries to %s\nverify with\n  host audit verify %s --key %s\n", r.Entries, out, out, a.audit.PublicKey())
				})
			})
		},
	}
	c.Flags().StringVar(&out, "out", "", "file to write (default standard output)")
	return c
}

// exportTo replaces a file once the export is whole, so that a good copy does not make room for a bad one.
func exportTo(ctx context.Context, log *audit.Log, path string) (audit.Report, error) {
	f, err := os.OpenFile(path+".part", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return audit.Report{}, err
	}
	r, err := log.Export(ctx, f)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		if !errors.Is(err, audit.ErrTampered) {
			return r, errors.Join(err, os.Remove(f.Name()))
		}
		return r, cli.Hint(cli.WithExit(err, cli.ExitFindings), "what could be read is in %s; 'host audit verify' says what to do", f.Name())
	}
	return r, os.Rename(f.Name(), path)
}
