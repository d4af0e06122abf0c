package cli

import (
	"bytes"
	"io"
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

// A key in PEM is one answer, however many lines it has; what follows it is left for the next question.
func TestReadHidden(t *testing.T) {
	for in, want := range map[string][2]string{
		"token\nmore": {"token", "more"},
		"-----BEGIN PRIVATE KEY-----\r\nMIG\r\n-----END PRIVATE KEY-----\r\nmore": {"-----BEGIN PRIVATE KEY-----\nMIG\n-----END PRIVATE KEY-----", "more"},
	} {
		lines := bytes.Split([]byte(in), []byte("\n"))
		next := func() ([]byte, error) {
			line := lines[0]
			lines = lines[1:]
			return line, nil
		}
		got, err := readHidden(next)
		if err != nil || got != want[0] || string(lines[0]) != want[1] {
			t.Errorf("readHidden = %q, %v, and %q is left; want %q", got, err, lines[0], want)
		}
	}
	if _, err := readHidden(func() ([]byte, error) { return []byte("-----BEGIN X-----"), io.EOF }); err == nil {
		t.Error("half a key is taken")
	}
}
