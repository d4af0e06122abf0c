package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"patchbay/build"
	"patchbay/bundle"
	"patchbay/internal/cli"
	"patchbay/manifest"
	"patchbay/wasm"
)

func newRoot(s *cli.Streams) *cobra.Command {
	root := &cobra.Command{
		Use:   "pack",
		Short: "Make, test and publish connectors",
		Long: `pack makes, builds, records, tests, certifies, signs and publishes connectors.

Exit codes: 0 done, 1 error, 2 wrong usage, 3 findings, 4 not found, 5 not trusted, 130 interrupted.
PATCHBAY_HOME names the folder that holds keys and the local registry; it defaults to ~/.patchbay.`,
		Example: `  # a connector from nothing to the local registry
  $ pack new hello && cd hello
  $ pack build
  $ pack test
  $ pack certify
  $ pack publish`,
	}
	root.AddCommand(newNew(s), newBuild(s), newCheck(s), newTest(s), newCertify(s), newRules(s), newExplain(s), newDiff(s), newRun(s), newRecord(s), newPublish(s), newInspect(s), newKeys(s))
	return root
}

// dirArg is the folder a command works on: its argument, or the current one.
func dirArg(args []string) string {
	if len(args) > 0 {
		return args[0]
	}
	return "."
}

// buildDir builds the connector in dir, with errors that tell an author what to do.
func buildDir(ctx context.Context, dir string) (*bundle.Bundle, error) {
	home, err := cli.Home()
	if err != nil {
		return nil, err
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	work := filepath.Join(cli.CacheDir(home), "build", fmt.Sprintf("%x", sha256.Sum256([]byte(abs)))[:32])
	b, err := build.Connector(ctx, dir, build.Options{WorkDir: work})
	return b, explain(dir, err)
}

// load takes a .bundle file as it is, and builds anything else.
func load(ctx context.Context, path string) (*bundle.Bundle, error) {
	if !strings.HasSuffix(path, ".bundle") {
		return buildDir(ctx, path)
	}
	b, err := bundle.ReadFile(path)
	return b, explain(path, err)
}

// explain adds a hint and an exit code to what building or reading a bundle may say.
func explain(path string, err error) error {
	var (
		diags   manifest.Diagnostics
		compile *build.CompileError
		module  *wasm.Error
	)
	switch {
	case err == nil:
		return nil
	case errors.As(err, &diags):
		return cli.Hint(cli.WithExit(told{diags.Format(filepath.Join(path, build.ManifestFile)), err}, cli.ExitFindings),
			"correct %s; its format is described in docs/manifest.md, which 'pack new' puts into third_party/patchbay", build.ManifestFile)
	case errors.As(err, &compile):
		return cli.Hint(err, "the guest is built for GOOS=wasip1: 'go vet ./...' in %s shows the same errors in your editor", path)
	case errors.Is(err, bundle.ErrCorrupt):
		return cli.Hint(cli.WithExit(err, cli.ExitNotTrusted), "the file was changed after it was built: build it again, or fetch it again")
	case errors.As(err, &module):
		return cli.WithExit(err, cli.ExitFindings) // its text says what to do
	case errors.Is(err, fs.ErrNotExist):
		if _, statErr := os.Stat(path); statErr != nil {
			return fmt.Errorf("%s: %w", path, fs.ErrNotExist)
		}
		if _, statErr := os.Stat(filepath.Join(path, build.ManifestFile)); statErr == nil {
			return err // its text says which file of the connector is not there
		}
		if near, _ := filepath.Glob(filepath.Join(path, "*", build.ManifestFile)); len(near) > 0 {
			return cli.Hint(err, "there is a connector in %[1]s: 'cd %[1]s' first, or name the folder", filepath.Dir(near[0]))
		}
		return cli.Hint(err, "run pack in a connector's folder, or make one with 'pack new NAME'")
	}
	return err
}

// told is an error in other words.
type told struct {
	text string
	error
}

func (t told) Error() string { return t.text }
func (t told) Unwrap() error { return t.error }
