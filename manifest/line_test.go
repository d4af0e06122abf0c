package manifest

import "testing"

func TestLines(t *testing.T) {
	t.Parallel()
	line := Lines([]byte("schema: patchbay/v1\nauth:\n  - id: token\n    type: bearer\nactions: []\n"))
	for pointer, want := range map[string]int{"/schema": 1, "/auth": 2, "/auth/0": 3, "/auth/0/type": 4, "/auth/0/title": 3, "/actions/7": 5, "": 1} {
		if got := line(pointer); got != want {
			t.Errorf("%q is at line %d, want %d", pointer, got, want)
		}
	}
	if got := Lines([]byte("a: [\n"))("/a"); got != 0 {
		t.Errorf("a text that is no YAML has line %d", got)
	}
}
