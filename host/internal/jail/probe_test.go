//go:build linux && (amd64 || arm64)

package jail

import (
	"os"
	"os/exec"
	"testing"
)

var children = map[string]func() error{
	"jail": func() error { return Answer(Spec{Data: 512 << 20}, os.Stdin, os.Stdout) },
	"control": func() error {
		return answer(Spec{Data: 512 << 20}, os.Stdin, os.Stdout, func(Spec) (Report, error) { return Report{}, nil })
	},
	"landlock": func() error {
		return answer(Spec{Data: 512 << 20}, os.Stdin, os.Stdout, func(s Spec) (Report, error) { return enter(s, walls{landlock: true}) })
	},
}

func child(name string) *exec.Cmd {
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = []string{"JAIL_CHILD=" + name}
	return cmd
}

func TestProbe(t *testing.T) {
	f, err := Probe(t.Context(), child("jail"))
	if err != nil {
		t.Fatal(err)
	}
	if f.Passed() != nil || f.Tier() == TierC {
		t.Errorf("tier %v, passed %v, missing %q", f.Tier(), f.Passed(), f.Report.Missing)
	}
	for _, control := range []string{"control", "landlock"} {
		f, err := Probe(t.Context(), child(control))
		if err != nil || f.Passed() == nil || f.Tier() != TierC {
			t.Errorf("%s: tier %v, passed %v, %v", control, f.Tier(), f.Passed(), err)
		}
	}
}
