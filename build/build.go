// Package build makes a connector's folder into its bundle: it reads connector.yaml, compiles the guest with
// the Go toolchain (or takes a prebuilt module), checks the module against the ABI and the manifest, and
// collects what else ships. The same folder and toolchain give the same bytes, wherever they are.
//
// Not for use outside this module.
package build

import (
	"cmp"
	"context"
	"fmt"

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

func (o Options) tool() string { return cmp.Or(o.Go, "go") }

// ManifestFile is the name of the manifest in a connector's folder.
const ManifestFile = "connector.yaml"

// Manifest reads and checks the manifest in dir. What is wrong with it is a [manifest.Diagnostics].
func Manifest(dir string) (*manifest.Manifest, error) {
	f, err := openFolder(dir)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return f.manifest()
}

// Connector builds the connector in dir. What ships comes from dir alone: a link that leads out of it is refused.
func Connector(ctx context.Context, dir string, opts Options) (*bundle.Bundle, error) {
	f, err := openFolder(dir)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	m, err := f.manifest()
	if err != nil {
		return nil, err
	}
	module, err := f.guest(ctx, m.Guest, opts)
	if err != nil {
		return nil, err
	}
	if err := checkModule(m, module); err != nil {
		return nil, err
	}
	c := bundle.Contents{Module: module}
	if c.SBOM, err = f.materials(ctx, m, opts); err != nil {
		return nil, err
	}
	if c.Manifest, err = m.Canonical(); err != nil {
		return nil, err
	}
	if err := f.collect(m, &c); err != nil {
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
