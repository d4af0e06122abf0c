package sdk_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"patchbay/abi"
)

// maxGuest is the size that a guest with two actions must stay under.
const maxGuest = 4 << 20

func TestGuest(t *testing.T) {
	t.Parallel()
	for name, want := range map[string][]string{
		"guest":  {abi.ModuleHTTP + " call", abi.ModuleHTTP + " take", abi.ModuleLog + " call", abi.ModuleSys + " call", abi.ModuleSys + " take"},
		"silent": {abi.ModuleSys + " call", abi.ModuleSys + " take"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			module := buildGuest(t, filepath.Join("testdata", name))
			t.Logf("%d bytes", len(module))
			if len(module) >= maxGuest {
				t.Errorf("the guest has %d bytes, want less than %d", len(module), maxGuest)
			}
			m, err := readModule(module)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, m.capabilities()); diff != "" {
				t.Errorf("capability imports: %s", diff)
			}
			for _, name := range []string{abi.ExportMemory, abi.ExportInitialize, abi.ExportInvoke} {
				if !slices.Contains(m.exports, name) {
					t.Errorf("exports %q lack %s", m.exports, name)
				}
			}
			if slices.Contains(m.exports, "_start") {
				t.Error("the guest is a command, want a reactor")
			}
		})
	}
}

// buildGuest builds the main package in dir as an author does.
func buildGuest(t *testing.T, dir string) []byte {
	t.Helper()
	// Read by the test itself, so that the test cache knows of the file.
	if _, err := os.ReadFile(filepath.Join(dir, "main.go")); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "guest.wasm")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-buildmode=c-shared", "-trimpath", "-ldflags", "-s -w", "-o", out, "./"+filepath.ToSlash(dir))
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0", "GOFLAGS=-buildvcs=false")
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build %s: %v\n%s", dir, err, text)
	}
	module, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return module
}

// module is what the tests want to know of a WebAssembly module.
type module struct {
	imports []string // "module name"
	exports []string
}

// capabilities lists the imports from Patchbay's own modules, sorted.
func (m *module) capabilities() []string {
	var own []string
	for _, i := range m.imports {
		if strings.HasPrefix(i, "patchbay.") {
			own = append(own, i)
		}
	}
	slices.Sort(own)
	return own
}

var errModule = errors.New("not the module that the Go toolchain writes")

// readModule reads the import and export sections (WebAssembly core specification 5.5.5 and 5.5.10), only
// as far as a guest of the Go toolchain uses them: it imports functions and nothing else.
func readModule(data []byte) (m module, err error) {
	defer func() {
		if recover() != nil {
			err = errModule
		}
	}()
	if !bytes.HasPrefix(data, []byte("\x00asm\x01\x00\x00\x00")) {
		return m, errModule
	}
	for r := (reader{data[8:]}); len(r.data) > 0; {
		id := r.bytes(1)[0]
		section := reader{r.bytes(r.number())}
		switch id {
		case 2:
			for range section.number() {
				from := section.text() + " " + section.text()
				if section.bytes(1)[0] != 0 {
					return m, errModule
				}
				section.number() // type
				m.imports = append(m.imports, from)
			}
		case 7:
			for range section.number() {
				m.exports = append(m.exports, section.text())
				section.bytes(1)
				section.number()
			}
		}
	}
	return m, nil
}

type reader struct{ data []byte }

func (r *reader) bytes(n int) []byte {
	b := r.data[:n]
	r.data = r.data[n:]
	return b
}

func (r *reader) number() int {
	n, size := binary.Uvarint(r.data)
	r.data = r.data[size:]
	return int(n)
}

func (r *reader) text() string { return string(r.bytes(r.number())) }
