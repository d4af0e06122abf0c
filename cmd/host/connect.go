package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"patchbay/host"
	"patchbay/internal/cli"
	"patchbay/manifest"
)

type connectOptions struct {
	req    host.ConnectRequest
	values cli.Values
	visit  visit
	noTest bool
	dryRun bool
}

func newConnect(s *cli.Streams) *cobra.Command {
	var o connectOptions
	c := &cobra.Command{
		Use:   "connect CONNECTOR",
		Short: "Connect an account",
		Long: `Connect makes a connection to a vendor's account, or replaces the one of that name, and tests it. Fields that no flag
gives are asked for on a terminal. Secrets come from a file, standard input or the terminal, never from the command
line, and are sealed in the vault: no command ever prints them.

Some methods need your consent in a browser: connect prints the address to open and waits for the vendor to send the
browser back to --callback. With a browser on another machine, --paste lets you copy the address over by hand. Where there is
no browser at all, give the tokens that you have: --secret refresh_token=@FILE or --secret access_token=@FILE.

--dry-run shows what would be asked for, where each value would be kept, and who would get the credential.`,
		Example: `  $ host connect tallyfy
  $ host connect netsuite --auth tba --env prod
  $ host connect tallyfy --auth login --paste
  $ host connect netsuite --auth certificate --dry-run
  $ host connect tallyfy --name acme --field organization=0f3a… --secret token=@token.txt
  $ host connect tallyfy --field organization=0f3a… --secret token=- --url api=http://127.0.0.1:4000/api --allow-private < token.txt`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			o.req.Connector = args[0]
			return with(c.Context(), nil, func(a *app) error { return runConnect(c.Context(), s, a, o) })
		},
	}
	o.values.Flags(c)
	f := c.Flags()
	f.StringVar(&o.req.Name, "name", "", "name of the connection (default the connector's)")
	f.StringVar(&o.req.Auth, "auth", "", "auth method (default the connector's first; 'host info' lists them)")
	f.StringVar(&o.req.Env, "env", "", "label that says what the connection is for, such as dev, test or prod")
	f.StringToStringVar(&o.req.URLs, "url", nil, "base URL instead of the manifest's, as `GRANT=URL`, or authorize_url=URL, token_url=URL, step:0=URL")
	f.Lookup("url").DefValue = "" // not []
	f.BoolVar(&o.req.AllowPrivate, "allow-private", false, "let --url point to private addresses and plain http")
	f.BoolVar(&o.dryRun, "dry-run", false, "show what would be asked for and where it would go, and do nothing")
	o.visit.flags(c)
	f.BoolVar(&o.noTest, "no-test", false, "do not call the vendor to test the connection")
	return c
}

func runConnect(ctx context.Context, s *cli.Streams, a *app, o connectOptions) error {
	err := a.vault.Check(ctx) // before anything is asked for or replaced
	if err != nil {
		return err
	}
	if o.req.Values, err = o.values.Read(s); err != nil {
		return err
	}
	rec, method, fields, err := a.host.Requirements(ctx, o.req.Connector, o.req.Auth)
	if err != nil {
		return err
	}
	if err := o.values.RefuseSecrets(fields); err != nil {
		return err
	}
	if o.dryRun {
		return showPlan(ctx, s, a, o.req)
	}
	if s.Interactive() {
		introduce(s, a, rec, method)
		if err := ask(s, method, fields, o.req.Values); err != nil {
			return err
		}
	}
	if o.req.Name == "" {
		_, o.req.Name, _ = strings.Cut(rec.Connector, "/")
	}
	saved := "saved"
	if _, err := a.host.Connection(ctx, o.req.Name); err == nil {
		saved = "saved in place of the one that was there"
	}
	conn, err := o.connect(ctx, s, a, method, a.host.Connect)
	if err != nil {
		return cli.ExplainFields(err)
	}
	tested, err := prove(ctx, a, conn, o.noTest)
	if err != nil {
		return cli.Hint(fmt.Errorf("connection %s was %s, but its test failed: %w", conn.Name, saved, err),
			"'host connections rotate %[1]s' takes another credential, 'host connect' other fields, and 'host disconnect %[1]s' removes it", conn.Name)
	}
	result := struct {
		host.Connection
		Tested bool `json:"tested"`
	}{conn, tested}
	return s.Print(result, func(w io.Writer) {
		how := "tested"
		if !tested {
			how = "not tested"
		}
		fmt.Fprintf(w, "connected %s to %s (%s)\n", conn.Name, conn.Connector, how)
		_, name, _ := strings.Cut(conn.Connector, "/")
		s.Note("next: host info %s", name)
	})
}

// connect makes the connection by do, with the help of a browser if the method needs one.
func (o *connectOptions) connect(ctx context.Context, s *cli.Streams, a *app, method manifest.AuthMethod,
	do func(context.Context, host.ConnectRequest) (host.Connection, error)) (conn host.Connection, err error) {
	if method.Grant == "authorization_code" && o.req.Values["refresh_token"]+o.req.Values["access_token"] == "" {
		end, err := o.visit.prepare(ctx, s, &o.req)
		if err != nil {
			return conn, err
		}
		defer func() { err = errors.Join(err, end()) }()
	}
	return do(ctx, o.req)
}

func onlySecret(fields []manifest.Field) (list []manifest.Field) {
	for _, f := range fields {
		if f.Secret {
			list = append(list, f)
		}
	}
	return list
}

// prove calls the vendor with the new connection. A connection that fails its test is kept, so that what was
// typed is not lost; the error says so.
func prove(ctx context.Context, a *app, conn host.Connection, skip bool) (tested bool, err error) {
	if skip {
		return false, nil
	}
	_, err = a.host.Test(ctx, conn.Name)
	if errors.Is(err, host.ErrNoTest) {
		return false, nil
	}
	return err == nil, err
}

// introduce says which auth method is going to be asked for, and what else there is.
func introduce(s *cli.Streams, a *app, rec host.Installed, method manifest.AuthMethod) {
	b, err := a.host.Bundle(rec)
	if err != nil || method.ID == "" {
		return
	}
	var others []string
	for _, m := range b.Manifest().Auth {
		if m.ID != method.ID {
			others = append(others, m.ID)
		}
	}
	s.Note("connecting to %s by its auth method %s: %s", cli.Clean(b.Manifest().Title), method.ID, cli.Clean(method.Title))
	if len(others) > 0 {
		s.Note("  --auth takes another one: %s", strings.Join(others, ", "))
	}
}

// ask asks for what no flag gave.
func ask(s *cli.Streams, method manifest.AuthMethod, fields []manifest.Field, values map[string]string) error {
	described, hidden := method.Description == "", false
	for _, f := range fields {
		if _, given := values[f.Name]; given || !f.Required && f.Default != nil {
			continue
		}
		if own := slices.ContainsFunc(method.AllFields(), func(m manifest.Field) bool { return m.Name == f.Name }); own && !described {
			s.Note("  %s", cli.Clean(method.Description)) // where its values are found
			described = true
		}
		if f.Secret && !hidden {
			s.Note("  What you type is not shown; @FILE takes it from a file.")
			hidden = true
		}
		if f.Description != "" {
			s.Note("  %s", cli.Clean(f.Description))
		}
		answer, err := askField(s, f)
		if err != nil {
			return err
		}
		if answer != "" {
			values[f.Name] = answer
		}
	}
	return nil
}

// askField asks until the answer fits the field.
func askField(s *cli.Streams, f manifest.Field) (string, error) {
	label := cli.Clean(f.Title)
	if label == "" {
		label = f.Name
	}
	if !f.Required {
		label += ", optional"
	}
	for {
		answer, err := askOnce(s, f, label)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) { // the file of an @FILE
			s.Note("  not taken: %v", err)
			continue
		}
		if err != nil {
			return "", err
		}
		if answer == "" && !f.Required {
			return "", nil
		}
		_, problem := f.Value(answer)
		if problem == "" {
			return answer, nil
		}
		s.Note("  not taken: %s", problem)
	}
}

func askOnce(s *cli.Streams, f manifest.Field, label string) (string, error) {
	if f.Secret {
		return s.AskSecret(label)
	}
	def := ""
	if f.Default != nil {
		def = fmt.Sprint(f.Default)
	}
	return s.Ask(label, def)
}
