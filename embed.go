// Package patchbay carries the sources that an author's connector is built from, so that the commands can
// lay them down where there is no network: the ABI, the SDK, and the two connectors of the demo.
//
// Not for use outside this module.
package patchbay

import (
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

//go:embed abi/*.go sdk/*.go sdk/reseed/*.go sdk/sdktest/*.go docs/manifest.md docs/cases.md docs/errors.md manifest/schema.json
//go:embed plugins/*/*.go plugins/*/connector.yaml plugins/*/README.md plugins/*/icon.svg plugins/*/testdata/cases/*.txtar
var sources embed.FS

// goMod is the module file of the sources that are laid down. They need the standard library alone.
const goMod = "module patchbay\n\ngo 1.26.0\n"

// WriteSDK lays down package abi, package sdk and a go.mod in dir, as the module patchbay, with what an author
// reads: docs/manifest.md, docs/cases.md, docs/errors.md, and the manifest's JSON Schema for editors.
func WriteSDK(dir string) error { return write(dir, "abi", "sdk", "docs", "manifest") }

// WriteConnectors lays down what WriteSDK does and the demo's connectors, as plugins/NAME.
func WriteConnectors(dir string) error { return write(dir, "abi", "sdk", "plugins") }

func write(dir string, folders ...string) error {
	if err := put(filepath.Join(dir, "go.mod"), []byte(goMod)); err != nil {
		return err
	}
	for _, folder := range folders {
		err := fs.WalkDir(sources, folder, func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || strings.HasSuffix(name, "_test.go") {
				return err
			}
			data, err := sources.ReadFile(name)
			if err != nil {
				return err
			}
			return put(filepath.Join(dir, filepath.FromSlash(name)), data)
		})
		if err != nil {
			return fmt.Errorf("lay down %s: %w", folder, err)
		}
	}
	return nil
}

// put writes a file unless it holds the same bytes, so that the Go build cache sees no change where there is none.
func put(path string, data []byte) error {
	if old, err := os.ReadFile(path); err == nil && string(old) == string(data) {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o644)
}
