package printable

import (
	"encoding/json"
	"testing"
)

func TestForms(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, in, clean, lines, words string
	}{
		{"plain", "a b", "a b", "a b", "a b"},
		{"colour", "\x1b[31mred", " [31mred", " [31mred", "[31mred"},
		{"one-byte CSI", "a\u009b2Jb", "a 2Jb", "a 2Jb", "a 2Jb"},
		{"carriage return", "fail\rpass", "fail pass", "fail pass", "fail pass"},
		{"lines", "a\n b\u2028c", "a  b c", "a\n b c", "a b c"},
		{"right to left", "a\u202egpj", "a gpj", "a gpj", "a gpj"},
		{"not UTF-8", "a\xff", "a\ufffd", "a\ufffd", "a\ufffd"},
		{"others' letters", "žluťoučký 犬 🐕", "žluťoučký 犬 🐕", "žluťoučký 犬 🐕", "žluťoučký 犬 🐕"},
	} {
		if got := Clean(tt.in); got != tt.clean {
			t.Errorf("%s: Clean gives %q, want %q", tt.name, got, tt.clean)
		}
		if got := Lines(tt.in); got != tt.lines {
			t.Errorf("%s: Lines gives %q, want %q", tt.name, got, tt.lines)
		}
		if got := Words(tt.in); got != tt.words {
			t.Errorf("%s: Words gives %q, want %q", tt.name, got, tt.words)
		}
	}
}

func TestJSON(t *testing.T) {
	t.Parallel()
	const value = "a\x1b\u009b\u202e\u2028\u007f b"
	document, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	fit := JSON(append(document, '\n'))
	if got, want := string(fit), `"a\u001b\u009b\u202e\u2028\u007f b"`+"\n"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	var back string
	if err := json.Unmarshal(fit, &back); err != nil || back != value {
		t.Errorf("it reads as %q, %v", back, err)
	}
}

// TestLog leaves no command to the runner of a CI job, and everything else as it is.
func TestLog(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"::error::x": ": :error::x", "a\n  ::add-mask::b": "a\n  : :add-mask::b", "x ##vso[task.complete]": "x # #vso[task.complete]",
		"##[group]": "# #[group]", "##teamcity[x]": "# #teamcity[x]", "a::b": "a::b", "## Title": "## Title", "::1 is an address": ": :1 is an address",
		"\x1b::error": " : :error",
	} {
		if got := Log(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
		if got := Log(Log(text)); got != want {
			t.Errorf("%q becomes %q the second time", text, got)
		}
	}
}
