package difftest

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/tetratelabs/wazero"

	"patchbay/wasm"
)

// samples returns the modules that come with the runtime's own tests and examples, by path.
func samples(t *testing.T) map[string][]byte {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/tetratelabs/wazero").Output()
	if err != nil {
		t.Fatal(err)
	}
	root := strings.TrimSpace(string(out))
	found := map[string][]byte{}
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".wasm" {
			return err
		}
		rel, _ := filepath.Rel(root, path)
		found[rel], err = os.ReadFile(path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestSamples hardens what others have compiled, and the specification's own tests, of which many are invalid in one
// instruction: the runtime must take the hardened module if it takes the raw one, and refuse it if not.
func TestSamples(t *testing.T) {
	t.Parallel()
	all := samples(t)
	hardened, refusals := 0, map[string]int{}
	for name, raw := range all {
		valid := validate(t, raw)
		h, err := wasm.Harden(raw)
		if err == nil {
			hardened++
			if got := validate(t, h.Code); (got == nil) != (valid == nil) {
				t.Errorf("%s: raw: %v\nhardened: %v", name, valid, got)
			}
			if _, err := wasm.Scan(h.Code); err != nil {
				t.Errorf("%s: hardened: %v", name, err)
			}
			continue
		}
		var refused *wasm.Error
		if !errors.As(err, &refused) {
			t.Errorf("%s: %v", name, err)
		} else if valid == nil {
			// That data or elements do not fit an instance tells; all else that is malformed the runtime refuses as well.
			if refused.Kind == wasm.ErrMalformed && !strings.Contains(refused.Problem, " do not fit the ") {
				t.Errorf("%s: valid, but %v", name, err)
			}
			refusals[refused.Kind.Error()+": "+reason(refused)]++
		}
	}
	if hardened < 1000 {
		t.Errorf("hardened %d of %d samples, want at least 1000", hardened, len(all))
	}
	t.Logf("hardened %d of %d samples", hardened, len(all))
	for why, n := range refusals {
		t.Logf("refused though valid: %d: %s", n, why)
	}
}

var quoted = regexp.MustCompile(`"[^"]*"|[0-9]+`)

// reason is an error's problem without what differs from module to module.
func reason(e *wasm.Error) string { return quoted.ReplaceAllString(e.Problem, "_") }

func validate(t *testing.T, module []byte) error {
	t.Helper()
	r := wazero.NewRuntimeWithConfig(t.Context(), wazero.NewRuntimeConfigInterpreter())
	_, err := r.CompileModule(t.Context(), module)
	if err := r.Close(t.Context()); err != nil {
		t.Error(err)
	}
	return err
}
