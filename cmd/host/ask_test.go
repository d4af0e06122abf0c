package main

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"patchbay/internal/cli"
	"patchbay/manifest"
)

// What does not fit is asked for again, a secret may come from a file, and what may be left out may be left out.
func TestAsk(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("from the file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	fields := []manifest.Field{
		{Name: "account", Title: "Account", Required: true, Pattern: "[0-9]+"},
		{Name: "given", Required: true},
		{Name: "host", Default: "example.com"},
		{Name: "key_id", Title: "Key ID"},
		{Name: "token", Title: "Token", Required: true, Secret: true},
	}
	var out bytes.Buffer
	s := &cli.Streams{In: strings.NewReader("\nacme\n7\n\n@" + file + ".none\n@" + file + "\n"), Err: &out, Terminal: true}
	values := map[string]string{"given": "1"}
	method := manifest.AuthMethod{ID: "token", Type: "bearer", Description: "Settings > API."}
	if err := ask(s, method, fields, values); err != nil {
		t.Fatal(err)
	}
	if want := map[string]string{"given": "1", "account": "7", "token": "from the file"}; !maps.Equal(values, want) {
		t.Errorf("the answers are %v, want %v", values, want)
	}
	want := "Account:   not taken: must not be empty\n" +
		"Account:   not taken: does not match the pattern [0-9]+\n" +
		"Account: Key ID, optional:   Settings > API.\n" +
		"  What you type is not shown; @FILE takes it from a file.\n" +
		"Token:   not taken: Token: open " + file + ".none: no such file or directory\nToken: "
	if out.String() != want {
		t.Errorf("asked\n%s\nwant\n%s", out.String(), want)
	}
}
