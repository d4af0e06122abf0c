package hunks

import (
	"strings"
	"testing"
)

func TestApply(t *testing.T) {
	t.Parallel()
	const text = "a\nb\n\nc\nb\n"
	for _, tt := range []struct{ name, hunks, want, wrong string }{
		{"replace", "-a\n+x\n", "x\nb\n\nc\nb\n", ""},
		{"take away with what stays", " c\n-b\n", "a\nb\n\nc\n", ""},
		{"insert", " c\n+d\n", "a\nb\n\nc\nd\nb\n", ""},
		{"two hunks", "-a\n+x\n\n-c\n+y\n", "x\nb\n\ny\nb\n", ""},
		{"an empty line stays", " b\n \n-c\n", "a\nb\n\nb\n", ""},
		{"there twice", "-b\n", "", "there 2 times"},
		{"not there", "-z\n", "", "there 0 times"},
		{"a part of a line", "-\n", "a\nb\nc\nb\n", ""},
		{"nothing to hold on to", "+x\n", "", "want once"},
	} {
		got, err := Apply(text, tt.hunks)
		if got != tt.want || (err == nil) != (tt.wrong == "") || err != nil && !strings.Contains(err.Error(), tt.wrong) {
			t.Errorf("%s: %q, %v, want %q, %q", tt.name, got, err, tt.want, tt.wrong)
		}
	}
	if got, err := Apply("", "+x\n+y\n"); got != "x\ny\n" || err != nil {
		t.Errorf("a new file: %q, %v", got, err)
	}
}

func TestOverlay(t *testing.T) {
	t.Parallel()
	files := map[string]string{"a": "1\n", "b": "2\n", "c": "3\n"}
	got, err := Overlay(files, map[string]string{"a.edit": "-1\n+x\n", "b.delete": "", "c": "whole", "d.edit": "+new\n"})
	if err != nil || len(got) != 3 || got["a"] != "x\n" || got["c"] != "whole" || got["d"] != "new\n" || files["a"] != "1\n" {
		t.Errorf("got %q, %v; before %q", got, err, files)
	}
	for _, over := range []map[string]string{{"z.delete": ""}, {"a.edit": "-z\n"}} {
		if _, err := Overlay(files, over); err == nil {
			t.Errorf("%v is taken", over)
		}
	}
}
