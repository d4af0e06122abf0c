package cli

import (
	"bytes"
	"testing"
)

func TestShellQuote(t *testing.T) {
	for in, want := range map[string]string{
		`{"name":"Ada"}`:   `'{"name":"Ada"}'`,
		`O'Brien`:          `'O'\''Brien'`,
		`'; rm -rf ~; '`:   `''\''; rm -rf ~; '\'''`,
		"a\x1b[2Jb\u202ec": "'a [2Jb c'",
		"":                 "''",
	} {
		if got := ShellQuote(in); got != want {
			t.Errorf("ShellQuote(%q) = %s, want %s", in, got, want)
		}
	}
}

func TestWriteJSON(t *testing.T) {
	var b bytes.Buffer
	WriteJSON(&b, []byte("{\"a\":\"x\u202ey\",\"b\":[1.10]}"))
	want := "{\n  \"a\": \"x\\u202ey\",\n  \"b\": [\n    1.10\n  ]\n}\n"
	if b.String() != want {
		t.Errorf("got %q, want %q", b.String(), want)
	}
}

func TestCleanLines(t *testing.T) {
	if got, want := CleanLines("one\x1b[31m\ntwo\rthree"), "one [31m\ntwo three"; got != want {
		t.Errorf("CleanLines = %q, want %q", got, want)
	}
}
