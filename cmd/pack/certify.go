package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"patchbay/bundle"
	"patchbay/internal/cli"
	"patchbay/testkit"
	"patchbay/testkit/report"
)

type certifyOptions struct {
	path     string
	format   string
	out      string
	only     []string
	skip     []string
	reason   string
	previous string
	registry string

	sign      bool
	certifier string
}

func newCertify(s *cli.Streams) *cobra.Command {
	var o certifyOptions
	c := &cobra.Command{
		Use:   "certify [DIR|BUNDLE]",
		Short: "Look for everything that a reviewer would, with evidence",
		Long: `Certify tries a connector by every rule there is, offline: its listing, permissions, documents and code, its cases, and
each of its operations at a vendor that throttles, fails, hangs, drips, cuts off, and answers nonsense. The same
bundle gives the same report on every machine, byte for byte, so a registry gets the verdict that you got.

It exits with 0 for a pass, with 3 when a finding is an error. A rule is left out with --skip RULE --reason TEXT; the
report and the marketplace repeat both. With --sign a pass is certified: the report and a certificate, signed with the
certifier's key, are written beside the bundle, and 'pack publish' takes them along. 'pack rules' lists the rules, 'pack explain RULE' says what one is for.`,
		Example: `  $ pack certify
  $ pack certify dist/hello-0.1.0.bundle --format html --out report.html
  $ pack certify --only R003,R004
  $ pack certify --sign
  $ pack certify --skip D007 --reason "the vendor's pages are behind a login"`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			o.path = dirArg(args)
			return runCertify(c.Context(), s, o)
		},
	}
	c.Flags().StringVar(&o.format, "format", "text", "text, json, sarif, junit or html")
	c.Flags().StringVarP(&o.out, "out", "o", "", "file to write (default standard output)")
	c.Flags().StringSliceVar(&o.only, "only", nil, "look only at these rules; such a report cannot be signed")
	c.Flags().StringSliceVar(&o.skip, "skip", nil, "leave these rules out, for --reason")
	c.Flags().StringVar(&o.reason, "reason", "", "why rules are left out; shown on the listing")
	c.Flags().StringVar(&o.previous, "previous", "", "the version before: a folder, a bundle, or a name in the registry")
	c.Flags().BoolVar(&o.sign, "sign", false, "sign a report that is a pass")
	c.Flags().StringVar(&o.certifier, "certifier", "", "`NAME` to certify under, with --sign (default the publisher's); its key is made on first use")
	c.Flags().StringVar(&o.registry, "registry", "", "registry folder (default PATCHBAY_HOME/registry)")
	return c
}

func runCertify(ctx context.Context, s *cli.Streams, o certifyOptions) error {
	opts, err := o.options(ctx)
	if err != nil {
		return err
	}
	b, err := load(ctx, o.path)
	if r, ok := testkit.Refused(err, opts); ok {
		return errors.Join(o.write(s, &r, o.source(nil)), findings(&r))
	}
	if err != nil {
		return err
	}
	if err := keep(b, o.path); err != nil {
		return err
	}
	opts.Progress = func(done, total int, r report.Rule) { s.Progress("%d of %d  %s  %.60s", done+1, total, r.ID, r.Title) }
	r, err := certified(ctx, b, opts)
	s.Progress("")
	if err != nil {
		return err
	}
	if err := o.write(s, &r, o.source(b)); err != nil {
		return err
	}
	if r.Verdict != report.Pass {
		return findings(&r)
	}
	if err := o.signed(s, b, &r); err != nil {
		return err
	}
	s.Note("next: pack publish")
	return nil
}

// signed signs the report if that was asked for.
func (o *certifyOptions) signed(s *cli.Streams, b *bundle.Bundle, r *report.Report) error {
	if !o.sign {
		return nil
	}
	name := o.certifier
	if name == "" {
		name = b.Manifest().Publisher
	}
	return signReport(s, b, r, name, distOf(o.path))
}

// keep leaves what was certified in the folder's dist: it is what findings are reproduced with.
func keep(b *bundle.Bundle, path string) error {
	if strings.HasSuffix(path, ".bundle") {
		return nil
	}
	dist := filepath.Join(path, "dist")
	if err := os.MkdirAll(dist, 0o755); err != nil {
		return err
	}
	return b.WriteFile(filepath.Join(dist, b.FileName()))
}

func (o *certifyOptions) options(ctx context.Context) (testkit.Options, error) {
	opts := testkit.Options{Only: o.only}
	if err := o.writable(); err != nil {
		return opts, err
	}
	switch {
	case o.sign && len(o.only) > 0:
		return opts, cli.Usage("--sign wants all rules, not --only some")
	case o.certifier != "" && !o.sign:
		return opts, cli.Usage("--certifier is for --sign")
	case o.certifier != "" && !bundle.ValidName(o.certifier):
		return opts, cli.Usage("certifier %q: use lower-case letters, digits and, within, hyphens", o.certifier)
	}
	if _, err := report.ParseFormat(o.format); err != nil { // now, not after a minute's work
		return opts, cli.Usage("--format: %v", err)
	}
	if len(o.skip) > 0 && strings.TrimSpace(o.reason) == "" {
		return opts, cli.Usage("--skip wants --reason: whoever installs the connector is shown why")
	}
	for _, id := range o.skip {
		opts.Skip = append(opts.Skip, report.Skip{Rule: id, Reason: o.reason})
	}
	if o.previous == "" {
		return opts, nil
	}
	var err error
	opts.Previous, err = find(ctx, o.previous, o.registry)
	return opts, err
}

// writable refuses a file that cannot be written before anybody has waited for the report.
func (o *certifyOptions) writable() error {
	if o.out == "" {
		return nil
	}
	if info, err := os.Stat(o.out); err == nil && info.IsDir() {
		return cli.Hint(fmt.Errorf("--out %s is a folder", o.out), "name a file in it")
	}
	if _, err := os.Stat(filepath.Dir(o.out)); err != nil {
		return cli.Hint(fmt.Errorf("--out %s: %w", o.out, err), "make the folder first")
	}
	return nil
}

// source is where the reader of the report is: where the command was typed. Of a connector that was not built (b is nil),
// places have their lines already.
func (o *certifyOptions) source(b *bundle.Bundle) report.Source {
	var at report.Source
	file := o.path
	if !strings.HasSuffix(file, ".bundle") {
		at = testkit.Source(o.path, b)
		if b != nil {
			file = filepath.Join(o.path, "dist", b.FileName())
		}
	}
	if file != "." {
		at.Argument = shellWord(file)
	}
	at.Previous = shellWord(o.previous)
	return at
}

// plain is what a shell takes as it is.
var plain = regexp.MustCompile(`^[A-Za-z0-9_@%+=:,./-]*$`)

// shellWord is text as one word of a shell's command.
func shellWord(text string) string {
	if plain.MatchString(text) {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

func (o *certifyOptions) write(s *cli.Streams, r *report.Report, at report.Source) error {
	if s.JSON && o.out == "" {
		o.format = "json"
	}
	var text bytes.Buffer
	if err := r.Write(&text, report.Format(o.format), testkit.Rules(), at); err != nil {
		return err
	}
	if o.out == "" {
		_, err := s.Out.Write(text.Bytes())
		return err
	}
	if err := os.WriteFile(o.out, text.Bytes(), 0o644); err != nil {
		return err
	}
	return s.Print(r, func(w io.Writer) { fmt.Fprintf(w, "%s: %s, report in %s\n", r.Connector, r.Verdict, o.out) })
}
