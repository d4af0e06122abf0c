package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
)

func file(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestInput_Read(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, flag, stdin, want, err string }{
		{"none", "", "{}x", "{}", ""},
		{"text", ` {"a": 1.10} `, "", `{"a": 1.10}`, ""},
		{"standard input", "-", "[1]\n", "[1]", ""},
		{"file", "@" + file(t, "{\"a\": 1}\n"), "", `{"a": 1}`, ""},
		{"no JSON", "name=Ada", "", "", "--input: "},
		{"key twice", `{"a": 1, "a": 2}`, "", "", "--input: "},
		{"empty standard input", "-", "", "", "--input: "},
		{"no file", "@" + filepath.Join(t.TempDir(), "absent"), "", "", "--input: open "},
		{"folder", "@" + t.TempDir(), "", "", "--input: read "},
		{"too large", "-", strings.Repeat(" ", maxInput+1), "", "--input: standard input has more than 16777216 bytes"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var in Input
			c := &cobra.Command{}
			in.Flag(c)
			if err := c.ParseFlags([]string{"--input", tt.flag}); err != nil {
				t.Fatal(err)
			}
			s, _, _ := streams(tt.stdin)
			got, err := in.Read(s)
			if tt.err != "" {
				if err == nil || !strings.HasPrefix(err.Error(), tt.err) || Exit(err) != ExitUsage {
					t.Errorf("error %v with exit %d, want %q with %d", err, Exit(err), tt.err, ExitUsage)
				}
				return
			}
			if err != nil || string(got) != tt.want {
				t.Errorf("got %s, %v, want %s", got, err, tt.want)
			}
		})
	}
}

func TestValues_Read(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		args     []string
		stdin    string
		terminal bool
		want     map[string]string
		err      string
	}{
		{name: "none", want: map[string]string{}},
		{name: "fields", args: []string{"-f", "a=1", "--field", "b=x=y", "-f", "c="}, want: map[string]string{"a": "1", "b": "x=y", "c": ""}},
		{name: "file", args: []string{"-s", "t=@" + file(t, " s3cret \r\n")}, want: map[string]string{"t": " s3cret "}},
		{name: "standard input", args: []string{"--secret", "t=-"}, stdin: "s3cret\n", want: map[string]string{"t": "s3cret"}},
		{name: "asked", args: []string{"-s", "t", "-s", "u"}, stdin: "one\ntwo\n", terminal: true, want: map[string]string{"t": "one", "u": "two"}},
		{name: "field without a value", args: []string{"-f", "a"}, err: `--field: want NAME=VALUE`},
		{name: "field without a name", args: []string{"-f", "=a"}, err: `--field: want`},
		{name: "typed", args: []string{"-s", "t=s3cret"}, err: "--secret t: a secret must not stand on the command line"},
		{name: "without a name", args: []string{"-s", "=s3cret"}, err: "--secret: want NAME=@FILE"},
		{name: "no terminal", args: []string{"-s", "t"}, err: "--secret t: there is no terminal"},
		{name: "no file", args: []string{"-s", "t=@" + filepath.Join(t.TempDir(), "absent")}, err: "--secret t: open "},
		{name: "empty", args: []string{"-s", "t=@" + file(t, "\n")}, err: "--secret t: its source is empty"},
		{name: "standard input twice", args: []string{"-s", "t=-", "-s", "u=-"}, stdin: "s3cret\n", err: "--secret u: its source is empty"},
		{name: "too large", args: []string{"-s", "t=-"}, stdin: strings.Repeat("x", maxInput+1), err: "--secret t: standard input has more"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var v Values
			c := &cobra.Command{}
			v.Flags(c)
			if err := c.ParseFlags(tt.args); err != nil {
				t.Fatal(err)
			}
			s, _, _ := streams(tt.stdin)
			s.Terminal = tt.terminal
			got, err := v.Read(s)
			if tt.err != "" {
				if err == nil || !strings.HasPrefix(err.Error(), tt.err) || Exit(err) != ExitUsage {
					t.Fatalf("error %v with exit %d, want %q with %d", err, Exit(err), tt.err, ExitUsage)
				}
				if strings.Contains(err.Error()+hint(err), "s3cret") {
					t.Errorf("the error repeats the secret: %v", err)
				}
				return
			}
			if diff := cmp.Diff(tt.want, got); diff != "" || err != nil {
				t.Error(diff, err)
			}
		})
	}
}
