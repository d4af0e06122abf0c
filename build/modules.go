package build

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"patchbay/internal/sbom"
	"patchbay/manifest"
)

// goModule is what the go command says of a module that a package belongs to.
type goModule struct {
	Path, Version, Dir string
	Main               bool
	Replace            *goModule
}

// materials lists what is compiled into the guest: the modules of all packages that it needs, and the standard library.
// The guest's own module is the connector itself.
func materials(ctx context.Context, dir string, m *manifest.Manifest, opts Options) ([]byte, error) {
	tool := opts.tool()
	pkgs, err := ask(ctx, tool, dir, "list", "-deps", "-json=Standard,Module", "./"+filepath.ToSlash(filepath.Clean(m.Guest.Package)))
	if err != nil {
		return nil, err
	}
	version, err := ask(ctx, tool, dir, "env", "GOVERSION")
	if err != nil {
		return nil, err
	}
	all, err := modules(pkgs)
	if err != nil {
		return nil, err
	}
	release, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(string(version)), "go"), " ")
	all = append(all, sbom.Module("std", release, "BSD-3-Clause"))
	return sbom.New(sbom.Connector(m.Publisher, m.Name, m.Version, m.License), all).JSON()
}

// modules reads the packages that 'go list' writes one after the other.
func modules(packages []byte) ([]sbom.Component, error) {
	var all []sbom.Component
	seen := map[string]bool{}
	for dec := json.NewDecoder(bytes.NewReader(packages)); ; {
		var p struct {
			Standard bool
			Module   *goModule
		}
		switch err := dec.Decode(&p); {
		case errors.Is(err, io.EOF):
			return all, nil
		case err != nil:
			return nil, fmt.Errorf("read what the go command says of the guest's packages: %w", err)
		}
		if p.Standard || p.Module == nil || p.Module.Main || seen[p.Module.Path] {
			continue
		}
		seen[p.Module.Path] = true
		all = append(all, p.Module.component())
	}
}

// component is the module that is compiled in. Of one in a folder nothing is told but its name and version.
func (m goModule) component() sbom.Component {
	from := m
	if r := m.Replace; r != nil {
		from.Dir = r.Dir
		if r.Version != "" {
			from.Path, from.Version = r.Path, r.Version
		}
	}
	return sbom.Module(from.Path, from.Version, license(from.Dir))
}

// license looks for a licence where modules have theirs.
func license(dir string) string {
	for _, name := range []string{"LICENSE", "LICENSE.txt", "LICENSE.md", "LICENCE", "COPYING", "COPYING.txt"} {
		if text, err := os.ReadFile(filepath.Join(dir, name)); err == nil {
			return sbom.Identify(string(text))
		}
	}
	return ""
}

// ask runs the go command and returns what it writes. What was compiled a moment ago needs no network.
func ask(ctx context.Context, tool, dir string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, tool, args...)
	prepare(cmd, dir)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	return out, explain(ctx, err, &said)
}
