package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"github.com/spf13/cobra"

	"patchbay/abi"
	"patchbay/host"
	"patchbay/internal/cli"
	"patchbay/testkit"
)

type recordOptions struct {
	dir     string
	call    host.Call
	kind    string
	cursor  string
	name    string
	about   string
	input   cli.Input
	account account
	update  bool
	compare bool
}

func newRecord(s *cli.Streams) *cobra.Command {
	var o recordOptions
	c := &cobra.Command{
		Use:   "record [CONNECTION] OPERATION | record --compare [CASE...]",
		Short: "Make a case of a live call",
		Long: `Record builds the connector, runs one operation at the real vendor, and writes what was asked and answered as a case in
testdata/cases, where 'pack test' replays it. What the operation changes at the vendor is changed.

CONNECTION is one that 'host connect' has made; the connector must ask for no more than the installed version. Without one, a
connection is made of the flags, as for 'pack run'. Secrets are taken out of the case by what the host knows, by
names, and once more when it is written. Personal data stays: replace what it should not hold.

With --compare, the calls of recorded cases are made again, with --connection or the flags, and what is no longer as it was
is told: requests, and status and shape of answers and results, not their values. Cases of operations that may change
something are left out unless they are named. It exits with 3 when there is drift.`,
		Example: `  $ pack record acme get_order --input '{"id": "7"}'
  $ pack record acme get_order --name not_found --input '{"id": "0"}'
  $ pack record list_orders --field region=eu --secret token=@token.txt --update
  $ pack record --compare --connection acme
  $ pack record --compare get_order get_order-not_found --connection acme --json`,
		Args: func(c *cobra.Command, args []string) error {
			if o.compare {
				return nil
			}
			return cobra.RangeArgs(1, 2)(c, args)
		},
		RunE: func(c *cobra.Command, args []string) error {
			if o.compare {
				return runCompare(c.Context(), s, o, args)
			}
			if err := o.called(args); err != nil {
				return err
			}
			return runRecord(c.Context(), s, o)
		},
	}
	o.flags(c)
	return c
}

func (o *recordOptions) flags(c *cobra.Command) {
	o.input.Flag(c)
	o.account.flags(c)
	f := c.Flags()
	f.StringVar(&o.dir, "dir", ".", "the connector's folder")
	f.StringVarP(&o.account.connection, "connection", "c", "", "connection that 'host connect' has made, as CONNECTION")
	f.BoolVar(&o.compare, "compare", false, "make recorded calls again and say what has changed; writes nothing")
	f.StringVar(&o.kind, "kind", "", "action, trigger, options, schema or test, if the operation's name has several")
	f.StringVar(&o.cursor, "cursor", "", "cursor of the page to get, as JSON")
	f.StringVar(&o.name, "name", "", "what tells the case from others of the operation: OPERATION-NAME.txtar")
	f.StringVar(&o.about, "about", "", "what the case shows, in a sentence (default the operation's title)")
	f.BoolVar(&o.update, "update", false, "record a case anew that is there already")
}

// called takes the operation, and the connection before it, from the arguments.
func (o *recordOptions) called(args []string) error {
	if len(args) == 2 && o.account.connection != "" {
		return cli.Usage("connection %s and --connection %s: give one of them", args[0], o.account.connection)
	}
	if len(args) == 2 {
		o.account.connection = args[0]
	}
	o.call.Operation = args[len(args)-1]
	return nil
}

// caseName is what tells a case from others.
var caseName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]*$`)

// file is the name of the case's file.
func (o *recordOptions) file() (string, error) {
	if o.name == "" {
		return o.call.Operation + ".txtar", nil
	}
	if !caseName.MatchString(o.name) {
		return "", cli.Usage("--name %q: use lower-case letters, digits, - and _", o.name)
	}
	return o.call.Operation + "-" + o.name + ".txtar", nil
}

// request is what to record, as far as flags say.
func (o *recordOptions) request(s *cli.Streams) (req testkit.RecordRequest, err error) {
	if req.Name, err = o.file(); err != nil {
		return req, err
	}
	if o.call.Input, err = o.input.Read(s); err != nil {
		return req, err
	}
	if o.cursor != "" {
		if err := abi.CheckJSON([]byte(o.cursor)); err != nil {
			return req, cli.Usage("--cursor: %w", err)
		}
		o.call.Cursor = json.RawMessage(o.cursor)
	}
	o.call.Kind, o.call.Connection = abi.Kind(o.kind), o.account.connection
	req.Comment, req.Day, req.Call = o.about, time.Now().UTC(), o.call
	return req, nil
}

// recorded is what the command prints.
type recorded struct {
	File string `json:"file"`
	testkit.Recording
}

func runRecord(ctx context.Context, s *cli.Streams, o recordOptions) error {
	req, err := o.request(s)
	if err != nil {
		return err
	}
	path := filepath.Join(o.dir, "testdata", "cases", req.Name)
	if _, err := os.Stat(path); err == nil && !o.update {
		return cli.Hint(fmt.Errorf("%s: %w", path, fs.ErrExist), "--update records it anew; --name NAME makes another case")
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	b, err := buildDir(ctx, o.dir)
	if err != nil {
		return err
	}
	if err := o.account.read(s, b.Manifest()); err != nil {
		return err
	}
	req.Connect = o.account.connect
	return o.account.use(ctx, s, b, func(opts testkit.LiveOptions) error {
		r, err := testkit.Record(ctx, b, req, opts)
		if err != nil {
			return err
		}
		if err := writeFile(path, r.Text); err != nil {
			return err
		}
		return printRecording(s, recorded{path, r})
	})
}

func printRecording(s *cli.Streams, r recorded) error {
	err := s.Print(r, func(w io.Writer) {
		fmt.Fprintf(w, "wrote %s: %d request(s) and their answers, and %s\n", cli.Clean(r.File), r.Requests, r.Want)
	})
	if err != nil {
		return err
	}
	if r.Fault != nil {
		s.Note("the call ended with a fault, which is what the case expects: %s", cli.CleanLines(r.Fault.Error()))
	}
	const most = 10
	for i, p := range r.Personal {
		if i == most {
			s.Note("and %d more", len(r.Personal)-most)
			break
		}
		s.Note("%s: %s %s; replace it everywhere in the case, unless it may be public", p.Place, p.What, cli.Clean(p.Text))
	}
	s.Note("next: read it, then 'pack test --run %s'", filepath.Base(r.File))
	return nil
}
