package cli

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"patchbay/manifest"
)

func TestAsk(t *testing.T) {
	t.Parallel()
	for name, in := range map[string]io.Reader{
		"plain": strings.NewReader("Yes\r\n\n Ada \ns3cret\nrest"), "buffered": bufio.NewReader(strings.NewReader("Yes\r\n\n Ada \ns3cret\nrest")),
	} {
		s, out, errs := streams("")
		s.In = in
		yes, err := s.Confirm("Go on?")
		def, err2 := s.Ask("Host", "example.com")
		ada, err3 := s.Ask("Name", "")
		secret, err4 := s.AskSecret("Token")
		if err := errors.Join(err, err2, err3, err4); err != nil || !yes || def != "example.com" || ada != "Ada" || secret != "s3cret" {
			t.Errorf("%s: %v, %q, %q, %q, %v", name, yes, def, ada, secret, err)
		}
		if rest, err := io.ReadAll(s.In); string(rest) != "rest" || err != nil {
			t.Errorf("%s: %q is left, %v; want exactly one line read a question", name, rest, err)
		}
		if got, want := errs.String(), "Go on? [y/N] Host (example.com): Name: Token: "; got != want || out.Len() > 0 {
			t.Errorf("%s: asked %q, want %q, and nothing on standard output", name, got, want)
		}
	}
}

func TestAsk_Ends(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]bool{"y": true, "YES\n": true, "n\n": false, "\n": false, "yess\n": false} {
		s, _, _ := streams(in)
		if got, err := s.Confirm("?"); got != want || err != nil {
			t.Errorf("%q: %v, %v, want %v", in, got, err, want)
		}
	}
	s, _, _ := streams("")
	if yes, err := s.Confirm("?"); yes || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("no input: %v, %v", yes, err)
	}
	if _, err := s.Ask("?", "x"); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("no input: %v", err)
	}
}

func TestStreams(t *testing.T) {
	t.Parallel()
	s, out, errs := streams("")
	text := func(w io.Writer) { fmt.Fprint(w, "text") }
	s.Note("a %d", 1)
	if err := s.Print(map[string]string{"a": "<b>"}, text); err != nil || out.String() != "text" || errs.String() != "a 1\n" {
		t.Errorf("out %q, err %q, %v", out, errs, err)
	}
	s, out, _ = streams("")
	s.Err = out
	note := func(w io.Writer) {
		s.Note("next")
		fmt.Fprintln(w, "result")
	}
	if err := s.Print(nil, note); err != nil || out.String() != "result\nnext\n" {
		t.Errorf("a result with a note: %q, %v", out, err)
	}
	s, out, errs = streams("")
	s.JSON, s.Terminal = true, true
	s.Note("a")
	if err := s.Print(map[string]string{"a": "<b>"}, text); err != nil || out.String() != "{\n  \"a\": \"<b>\"\n}\n" || errs.Len() > 0 {
		t.Errorf("with --json: out %q, err %q, %v", out, errs, err)
	}
	if s.Interactive() {
		t.Error("a command with --json asks questions")
	}
	if s.JSON = false; !s.Interactive() {
		t.Error("a command on a terminal asks no questions")
	}
}

func TestClean(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"Zoë – 日本 👩‍💻": "Zoë – 日本 👩‍💻", "a\x1b[2Jb": "a [2Jb", "a\nb\tc\rd\x00e\x7ff": "a b c d e f", "a\u0085b\u009bc": "a b c",
		"a\u202eb\u202ac\u2066d\u2069e\u200ef\u200fg\u061ch": "a b c d e f g h", "a\u2028b\u2029c": "a b c", "a\x9bb": "a\ufffdb",
	} {
		if got := Clean(in); got != want {
			t.Errorf("Clean(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestTable(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	rows := [][]string{{"tallyfy", "0.1.0\ta"}, {"x", ""}, {"\x1b[31m", "y"}}
	Table(&b, []string{"name", "version"}, rows)
	if got, want := b.String(), "NAME     VERSION\ntallyfy  0.1.0 a\nx        \n [31m    y\n"; got != want {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
	if rows[2][0] != "\x1b[31m" {
		t.Error("the caller's rows were changed")
	}
}

func TestGrants(t *testing.T) {
	t.Parallel()
	no := false
	got := "none\n" + Grants(nil) + "some\n" + Grants([]manifest.Grant{
		{ID: "api", URL: "https://{host}/api", Methods: []string{"GET", "POST"}, Paths: []string{"/me", "/orders/**"}, Reason: "Reads\norders\u202e."},
		{ID: "files", URL: "https://files.example.com\x1b[2J", Methods: []string{"GET"}, Auth: &no},
	})
	golden(t, "grants", []byte(got))
}

func TestHome(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	user := t.TempDir()
	t.Setenv("HOME", user)
	for env, want := range map[string]string{dir: dir, "": filepath.Join(user, ".patchbay")} {
		t.Setenv(HomeVariable, env)
		got, err := Home()
		if err != nil || got != want {
			t.Fatalf("Home = %q, %v, want %q", got, err, want)
		}
		if info, err := os.Stat(got); err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("%s: %v, want it for its owner alone", got, info.Mode())
		}
	}
	t.Chdir(user)
	t.Setenv(HomeVariable, "rel")
	if got, err := Home(); err != nil || !filepath.IsAbs(got) {
		t.Errorf("Home = %q, %v, want an absolute path", got, err)
	}
	t.Setenv(HomeVariable, file(t, ""))
	if _, err := Home(); err == nil || !strings.Contains(hint(err), HomeVariable) {
		t.Errorf("a file for a home: error %v, hint %q", err, hint(err))
	}
	t.Setenv(HomeVariable, "")
	t.Setenv("HOME", "")
	if _, err := Home(); err == nil || !strings.Contains(hint(err), HomeVariable) {
		t.Errorf("no home: error %v, hint %q", err, hint(err))
	}
}

// tree is a small command tree whose leaf does run.
func tree(run func(context.Context) error) *cobra.Command {
	root := &cobra.Command{Use: "host"}
	group := &cobra.Command{Use: "vendor"}
	group.AddCommand(&cobra.Command{Use: "start NAME", Args: cobra.ExactArgs(1), RunE: func(c *cobra.Command, _ []string) error { return run(c.Context()) }})
	root.AddCommand(group, &cobra.Command{Use: "install", RunE: func(*cobra.Command, []string) error { return nil }})
	return root
}

func TestMain_Usage(t *testing.T) {
	t.Parallel()
	fail := func(context.Context) error { return errors.New("broken") }
	for _, tt := range []struct {
		args string
		exit int
		want string // in what is printed
	}{
		{"install", ExitOK, ""},
		{"vendor", ExitOK, "start"},
		{"frobnicate", ExitUsage, `host: error: host has no command "frobnicate"` + "\nhost: hint: see 'host --help'\n"},
		{"isntall", ExitUsage, "host: hint: did you mean 'host install'?\n"},
		{"vendor stat", ExitUsage, "host: error: host vendor has no command \"stat\"\nhost: hint: did you mean 'host vendor start'?\n"},
		{"vendor start", ExitUsage, "host: hint: usage: host vendor start NAME"},
		{"vendor start a b", ExitUsage, "see 'host vendor start --help'"},
		{"install --nope", ExitUsage, "host: hint: see 'host install --help'\n"},
		{"vendor start a", ExitError, "host: error: broken\n"},
		{"vendor start a --json", ExitError, "{\n  \"error\": {\n    \"message\": \"broken\",\n    \"exit\": 1\n  }\n}\n"},
		{"--json frobnicate", ExitUsage, `"exit": 2`},
		{"--nope --json", ExitUsage, `"message": "unknown flag: --nope"`},
		{"vendor start -- --json a", ExitUsage, "host: error: accepts 1 arg(s), received 2"},
	} {
		t.Run(tt.args, func(t *testing.T) {
			t.Parallel()
			s, out, errs := streams("")
			if got := Main(tree(fail), s, strings.Fields(tt.args)); got != tt.exit {
				t.Errorf("exit %d, want %d", got, tt.exit)
			}
			if got := out.String() + errs.String(); !strings.Contains(got, tt.want) {
				t.Errorf("printed\n%s\nwant in it\n%s", got, tt.want)
			}
			if json := strings.HasPrefix(out.String(), "{"); json != (strings.Contains(tt.want, `"`) && strings.Contains(tt.args, "--json") && !strings.Contains(tt.args, "-- ")) {
				t.Errorf("standard output is %q", out)
			}
		})
	}
}

// TestMain_Interrupted sends this process the signal while a command waits.
func TestMain_Interrupted(t *testing.T) {
	s, _, errs := streams("")
	got := Main(tree(func(ctx context.Context) error {
		self, err := os.FindProcess(os.Getpid())
		if err != nil {
			return err
		}
		if err := self.Signal(os.Interrupt); err != nil {
			return err
		}
		<-ctx.Done()
		return fmt.Errorf("wait: %w", ctx.Err())
	}), s, []string{"vendor", "start", "x"})
	if got != ExitInterrupted {
		t.Errorf("exit %d, want %d: %s", got, ExitInterrupted, errs)
	}
}

func TestStreams_Progress(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		s    *Streams
		want string
	}{
		{&Streams{Terminal: true}, "\r\x1b[K1 of 2\r\x1b[K"},
		{&Streams{}, ""},
		{&Streams{Terminal: true, JSON: true}, ""},
	} {
		var out strings.Builder
		tt.s.Err = &out
		tt.s.Progress("%d of %d", 1, 2)
		tt.s.Progress("")
		if out.String() != tt.want {
			t.Errorf("terminal %v, JSON %v: %q, want %q", tt.s.Terminal, tt.s.JSON, out.String(), tt.want)
		}
	}
}
