package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"patchbay/state"
	"patchbay/vault"
)

// sealed demands what the vault holds of a connection: sealed NAME FIELD VALUE, or that it holds nothing: ! sealed NAME
func sealed(ts *testscript.TestScript, neg bool, args []string) {
	ctx := context.Background()
	home := ts.Getenv("PATCHBAY_HOME")
	s, err := state.Open(ctx, state.Config{Dir: filepath.Join(home, "state")})
	ts.Check(err)
	defer s.Close()
	bucket, err := s.Bucket(ctx, "secrets")
	ts.Check(err)
	v, err := vault.Open(ctx, vault.Config{
		Store: bucket, Key: vault.NewSecret(ts.Getenv(masterKeyVariable)), KeyFile: filepath.Join(home, "master.key"),
		IsConflict: func(err error) bool { return errors.Is(err, state.ErrConflict) },
	})
	ts.Check(err)
	secrets, err := v.Get(ctx, args[0])
	if neg {
		if !errors.Is(err, fs.ErrNotExist) {
			ts.Fatalf("the vault has secrets of %s, or %v", args[0], err)
		}
		return
	}
	ts.Check(err)
	if secrets[args[1]] != args[2] {
		ts.Fatalf("%s of %s is %q, want %q", args[1], args[0], secrets[args[1]], args[2])
	}
}

// mode gives a file a mode: mode 640 FILE
func mode(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.ParseUint(args[0], 8, 32)
	ts.Check(err)
	ts.Check(os.Chmod(ts.MkAbs(args[1]), fs.FileMode(n)))
}

// private demands that a file is its owner's alone: private FILE
func private(ts *testscript.TestScript, _ bool, args []string) {
	info, err := os.Stat(ts.MkAbs(args[0]))
	ts.Check(err)
	if info.Mode() != 0o600 {
		ts.Fatalf("%s has mode %v", args[0], info.Mode())
	}
}

// keyFrom gives the master key in the environment: keyfrom FILE...
func keyFrom(ts *testscript.TestScript, _ bool, args []string) {
	var keys []string
	for _, path := range args {
		keys = append(keys, strings.TrimSpace(ts.ReadFile(path)))
	}
	ts.Setenv(masterKeyVariable, strings.Join(keys, " "))
}

func TestTakeMasterKey(t *testing.T) {
	t.Setenv(masterKeyVariable, "the key")
	key, err := takeMasterKey()
	if err != nil || key.Reveal() != "the key" {
		t.Errorf("takeMasterKey = %q, %v", key.Reveal(), err)
	}
	if out, err := exec.Command("env").Output(); err != nil || !strings.Contains(string(out), "PATH=") || strings.Contains(string(out), "the key") {
		t.Errorf("a child has the key in its environment, or %v", err)
	}
	if key, err := takeMasterKey(); err != nil || key.Reveal() != "" {
		t.Errorf("without the variable: %q, %v", key.Reveal(), err)
	}
	t.Setenv(masterKeyVariable, "")
	if _, err := takeMasterKey(); err == nil || !strings.Contains(err.Error(), masterKeyVariable) {
		t.Errorf("an empty variable: %v", err)
	}
}
