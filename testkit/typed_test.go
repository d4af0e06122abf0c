package testkit_test

import (
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"patchbay/testkit/report"
)

// every says which mutants are typed: every one in so many. All of them: go test ./testkit -run TestTyped -every 1
var every = flag.Int("every", 16, "of so many broken variants one is certified as it is typed")

// TestTyped types pack certify for broken variants, and then what each finding says that shows it again, in a shell that
// knows nothing: the same finding must come.
func TestTyped(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/mutants/*/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no mutants", err)
	}
	pack := filepath.Join(workshop(t), "bin", "pack")
	build := exec.Command("go", "build", "-o", pack, "patchbay/cmd/pack")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-buildvcs=false")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for i, file := range files {
		if i%*every != *every/2 {
			continue
		}
		t.Run(strings.TrimSuffix(strings.TrimPrefix(file, "testdata/mutants/"), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			id, _, _ := strings.Cut(filepath.Base(file), "-")
			now, before := layers(archive)
			connector := filepath.Base(filepath.Dir(file))
			s := shell{home: filepath.Join(workshop(t), "home"), bin: filepath.Dir(pack)}
			first := "pack certify --only " + id
			if len(before) > 0 {
				s.home = t.TempDir()
				s.run(t, layDown(t, connector, before), "pack publish")
				first += " --previous " + connector
			}
			dir := layDown(t, connector, now)
			found := s.certify(t, dir, first)
			if len(found) == 0 {
				t.Fatalf("%s finds nothing", first)
			}
			for _, f := range found {
				again := false
				for _, g := range s.certify(t, dir, f.Reproduce) {
					again = again || f == g
				}
				if !again {
					t.Errorf("%s does not show %v again", f.Reproduce, f)
				}
				if testing.Short() {
					break
				}
			}
		})
	}
}

// shell is where commands are typed.
type shell struct{ home, bin string }

// certify types a command and reads its findings.
func (s shell) certify(t *testing.T, dir, command string) []report.Finding {
	t.Helper()
	var r report.Report
	if out := s.run(t, dir, command+" --format json"); json.Unmarshal(out, &r) != nil {
		t.Fatalf("%s gives\n%s", command, out)
	}
	return r.Findings
}

// run types a command in a folder. Findings make it exit with 3, which is no failure here.
func (s shell) run(t *testing.T, dir, command string) []byte {
	t.Helper()
	c := exec.Command("sh", "-c", command)
	c.Dir = dir
	c.Env = []string{"PATH=" + s.bin + ":" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "PATCHBAY_HOME=" + s.home, "GOPROXY=off"}
	var said strings.Builder
	c.Stderr = &said
	out, err := c.Output()
	if exit := c.ProcessState; err != nil && (exit == nil || exit.ExitCode() != 3) {
		t.Fatalf("%s: %v\n%s", command, err, said.String())
	}
	return out
}
