package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"patchbay/testkit/vendors/simulated"
	"patchbay/testkit/vendors/tallyfy"
)

// TestTwentyAtOnce: twenty commands on one home work at the same time, and go on when the one that serves the
// state is killed under them.
func TestTwentyAtOnce(t *testing.T) {
	s := newStation(t)
	// The first command has the state open, and hangs at the vendor until it is killed.
	s.tallyfy.Fail(simulated.Rule{Path: "/api/organizations/*/runs/**", Times: -1, Effect: simulated.Hang})
	first := exec.CommandContext(t.Context(), filepath.Join(bin, "host"), "run", "tallyfy.list_tasks", "--input",
		`{"process_id": "00000000000000000000000000000000"}`)
	first.Env = append(os.Environ(), "PATCHBAY_HOME="+s.home)
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	waitFor(t, func() bool { return asked(s.tallyfy, "/runs/") })

	const commands = 19
	var wg sync.WaitGroup
	failed := make(chan string, commands)
	for i := range commands {
		wg.Go(func() {
			out, errOut, code := s.run(t, "", "host", "run", "tallyfy.list_blueprints")
			if code != 0 || !strings.Contains(out, "Sales order approval") {
				failed <- fmt.Sprintf("command %d exited with %d: %s%s", i, code, out, errOut)
			}
		})
	}
	waitFor(t, func() bool { return asked(s.tallyfy, "/checklists") })
	if err := first.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = first.Wait() // it was killed
	wg.Wait()
	close(failed)
	for f := range failed {
		t.Error(f)
	}
	if out := s.must(t, "", "host", "connections"); !strings.Contains(out, "tallyfy") || !strings.Contains(out, "netsuite") {
		t.Errorf("connections afterwards: %s", out)
	}
}

func asked(v *tallyfy.Server, path string) bool {
	for _, r := range v.Requests() {
		if strings.Contains(r.Path, path) {
			return true
		}
	}
	return false
}
