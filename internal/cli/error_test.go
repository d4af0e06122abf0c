package cli

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"patchbay/abi"
)

var update = flag.Bool("update", false, "write the golden files")

// golden compares got with a file in testdata.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got)\n%s", path, diff)
	}
}

func streams(in string) (s *Streams, out, errs *bytes.Buffer) {
	out, errs = &bytes.Buffer{}, &bytes.Buffer{}
	return &Streams{In: bytes.NewBufferString(in), Out: out, Err: errs}, out, errs
}

func TestExit(t *testing.T) {
	t.Parallel()
	plain := errors.New("x")
	for _, tt := range []struct {
		name string
		err  error
		want int
	}{
		{"none", nil, ExitOK},
		{"plain", plain, ExitError},
		{"usage", Usage("x"), ExitUsage},
		{"given", WithExit(plain, ExitFindings), ExitFindings},
		{"wrapped", fmt.Errorf("a: %w", WithExit(plain, ExitNotTrusted)), ExitNotTrusted},
		{"below a hint", Hint(WithExit(plain, ExitFindings), "h"), ExitFindings},
		{"below a printed one", Printed(WithExit(plain, ExitFindings)), ExitFindings},
		{"outermost", WithExit(WithExit(plain, ExitUsage), ExitNotTrusted), ExitNotTrusted},
		{"joined", errors.Join(plain, WithExit(plain, ExitFindings)), ExitFindings},
		{"joined behind a hint", errors.Join(Hint(plain, "h"), WithExit(plain, ExitFindings)), ExitFindings},
		{"not there", fmt.Errorf("a: %w", fs.ErrNotExist), ExitNotFound},
		{"not there, with a hint", Hint(fs.ErrNotExist, "h"), ExitNotFound},
		{"not there, given", WithExit(fs.ErrNotExist, ExitUsage), ExitUsage},
		{"fault not_found", fmt.Errorf("a: %w", abi.Faultf(abi.NotFound, "x")), ExitNotFound},
		{"fault canceled", abi.Faultf(abi.Canceled, "x"), ExitInterrupted},
		{"other fault", abi.Faultf(abi.Internal, "x"), ExitError},
		{"interrupted", fmt.Errorf("a: %w", context.Canceled), ExitInterrupted},
		{"deadline", context.DeadlineExceeded, ExitError},
	} {
		if got := Exit(tt.err); got != tt.want {
			t.Errorf("%s: exit %d, want %d", tt.name, got, tt.want)
		}
	}
}

func TestHint(t *testing.T) {
	t.Parallel()
	plain := errors.New("x")
	for _, tt := range []struct {
		name string
		err  error
		want string
	}{
		{"none", plain, ""},
		{"hint", Hint(plain, "do %s", "it"), "do it"},
		{"outermost", Hint(Hint(plain, "inner"), "outer"), "outer"},
		{"below an exit code", WithExit(Hint(plain, "inner"), 3), "inner"},
		{"wrapped", fmt.Errorf("a: %w", Hint(plain, "inner")), "inner"},
		{"joined", errors.Join(WithExit(plain, 3), Hint(plain, "second")), "second"},
		{"advised", Advise(plain, "advice %"), "advice %"},
		{"advised in vain", Advise(Hint(plain, "inner"), "advice"), "inner"},
		{"no advice", Advise(plain, ""), ""},
	} {
		if got := hint(tt.err); got != tt.want {
			t.Errorf("%s: hint %q, want %q", tt.name, got, tt.want)
		}
		if !errors.Is(tt.err, plain) {
			t.Errorf("%s: does not match its cause", tt.name)
		}
	}
	for name, err := range map[string]error{"Hint": Hint(nil, "h"), "Advise": Advise(nil, "h"), "WithExit": WithExit(nil, 3), "Printed": Printed(nil)} {
		if err != nil {
			t.Errorf("%s of nil is %v", name, err)
		}
	}
}

func TestReport(t *testing.T) {
	t.Parallel()
	fault := &abi.Fault{Code: abi.NotFound, Message: "no <thing>\x1b[2J \u202egnp", Field: "/id", RetryAfter: 1.5}
	for _, tt := range []struct {
		name string
		json bool
		err  error
	}{
		{"plain", false, errors.New("first line\nsecond line\n")},
		{"plain.json", true, errors.New("first line\nsecond line\n")},
		{"fault", false, Hint(fmt.Errorf("run: %w", fault), "one\ntwo")},
		{"fault.json", true, Hint(fmt.Errorf("run: %w", fault), "one\ntwo")},
		{"printed", false, Printed(WithExit(errors.New("2 findings"), ExitFindings))},
		{"printed.json", true, fmt.Errorf("check: %w", Printed(WithExit(errors.New("2 findings"), ExitFindings)))},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, out, errs := streams("")
			s.JSON = tt.json
			code := report(s, "host", tt.err)
			golden(t, "report_"+tt.name, fmt.Appendf(nil, "exit %d\n-- stdout --\n%s-- stderr --\n%s", code, out, errs))
		})
	}
}
