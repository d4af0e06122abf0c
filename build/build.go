// Package build makes a connector's folder into its bundle: it reads connector.yaml, compiles the guest with
// the Go toolchain (or takes a prebuilt module), checks the module against the ABI and the manifest, and
// collects what else ships. The same folder and toolchain give the same bytes, wherever they are.
//
// Not for use outside this module.
package build

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"patchbay/abi"
	"patchbay/bundle"
	"patchbay/manifest"
	"patchbay/wasm"
)

// Options tune a build. The zero value works.
type Options struct {
	// WorkDir keeps the compiled guest between builds, so that an unchanged one is not linked again.
	// Defaults to a temporary folder that is removed.
	WorkDir string
	// Go is the go command. Defaults to "go", looked up in PATH.
	Go string
}

// ManifestFile is the name of the manifest in a connector's folder.
const ManifestFile = "connector.yaml"

// maxFile bounds every file that is read besides the manifest and the module.
const maxFile = 1 << 20

// Manifest reads and checks the manifest in dir. What is wrong with it is a [manifest.Diagnostics].
func Manifest(dir string) (*manifest.Manifest, error) {
	data, err := readFile(filepath.Join(dir, ManifestFile), manifest.MaxSize)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s has no %s: %w", dir, ManifestFile, fs.ErrNotExist)
	}
	if err != nil {
		return nil, err
	}
	return manifest.Parse(data)
}

// Connector builds the connector in dir.
func Connector(ctx context.Context, dir string, opts Options) (*bundle.Bundle, error) {
	m, err := Manifest(dir)
	if err != nil {
		return nil, err
	}
	module, err := guest(ctx, dir, m.Guest, opts)
	if err != nil {
		return nil, err
	}
	if err := checkModule(m, module); err != nil {
		return nil, err
	}
	c := bundle.Contents{Module: module}
	if c.Manifest, err = m.Canonical(); err != nil {
		return nil, err
	}
	if c.Readme, err = optional(dir, "README.md"); err != nil {
		return nil, err
	}
	if m.Icon != "" {
		if c.Icon, err = readFile(filepath.Join(dir, filepath.FromSlash(m.Icon)), maxFile); err != nil {
			return nil, fmt.Errorf("icon: %w", err)
		}
		c.IconType = iconType(m.Icon)
	}
	if c.Cases, err = cases(dir); err != nil {
		return nil, err
	}
	return bundle.New(c)
}

// checkModule reads the module before anything runs it, and compares what it imports with what the manifest asks for.
func checkModule(m *manifest.Manifest, module []byte) error {
	mod, err := wasm.Scan(module)
	if err == nil {
		err = wasm.Check(mod)
	}
	if err != nil {
		return fmt.Errorf("guest: %w", err)
	}
	for _, c := range mod.Capabilities() {
		if c == abi.ModuleHTTP && len(m.HTTP) == 0 {
			return fmt.Errorf("guest: it imports %s, but %s asks for no http grant: list the hosts it needs under http, or remove the requests", c, ManifestFile)
		}
	}
	return nil
}

// cases reads the connector's cases, which ship with it so that a reviewer can run them too.
func cases(dir string) (map[string][]byte, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "testdata", "cases", "*.txtar"))
	if err != nil {
		return nil, err
	}
	out := map[string][]byte{}
	for _, p := range paths {
		data, err := readFile(p, maxFile)
		if err != nil {
			return nil, fmt.Errorf("case: %w", err)
		}
		out[filepath.Base(p)] = data
	}
	return out, nil
}

func optional(dir, name string) ([]byte, error) {
	data, err := readFile(filepath.Join(dir, name), maxFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return data, err
}

// readFile reads a regular file of at most max bytes.
func readFile(path string, max int64) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", path)
	}
	if info.Size() > max {
		return nil, fmt.Errorf("%s has %d bytes, at most %d are allowed", path, info.Size(), max)
	}
	return os.ReadFile(path)
}

func iconType(name string) string {
	if strings.HasSuffix(name, ".png") {
		return "image/png"
	}
	return "image/svg+xml"
}
