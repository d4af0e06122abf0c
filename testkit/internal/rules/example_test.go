package rules

import (
	"strings"
	"testing"
)

func TestExample(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]string{
		"M001": "The manifest names no icon.\n\nconnector.yaml\n-icon: icon.svg\n",
		"D001": "There is no README.\n\nREADME.md is taken away\n",
		"S004": "A key is compiled into the guest.\n", // the guest's name says nothing
		"X001": "",
	} {
		if got := Example(id); got != want {
			t.Errorf("%s: %q, want %q", id, got, want)
		}
	}
	if got := Example("S002"); strings.Contains(got, Gap) {
		t.Errorf("the gap is shown: %s", got)
	}
}
