package build

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"

	"patchbay/bundle"
	"patchbay/manifest"
)

// maxFile bounds every file that is read besides the manifest and the module.
const maxFile = 1 << 20

const casesDir = "testdata/cases"

// folder is a connector's folder. It may be a stranger's: a link in it must not make a file of whoever builds it
// a part of the bundle, so everything is read through an [os.Root].
type folder struct{ *os.Root }

func openFolder(dir string) (folder, error) {
	root, err := os.OpenRoot(dir)
	return folder{root}, err
}

func (f folder) manifest() (*manifest.Manifest, error) {
	data, err := f.read(ManifestFile, manifest.MaxSize)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s has no %s: %w", f.Name(), ManifestFile, fs.ErrNotExist)
	}
	if err != nil {
		return nil, err
	}
	return manifest.Parse(data)
}

// collect reads what ships besides the manifest and the module.
func (f folder) collect(m *manifest.Manifest, c *bundle.Contents) (err error) {
	if c.Readme, err = f.read("README.md", maxFile); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if m.Icon != "" {
		c.Icon, err = f.read(m.Icon, maxFile)
		if errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("icon: %s is not there: add it, or correct icon in %s: %w", m.Icon, ManifestFile, fs.ErrNotExist)
		}
		if err != nil {
			return fmt.Errorf("icon: %w", err)
		}
		c.IconType = iconType(m.Icon)
	}
	c.Cases, err = f.cases()
	return err
}

// sbomFile says what a module that was built elsewhere is made of.
const sbomFile = "sbom.json"

// materials are what the guest is made of: as the go command says, or, of a module that was built elsewhere, its author.
func (f folder) materials(ctx context.Context, m *manifest.Manifest, opts Options) ([]byte, error) {
	if m.Guest.Module == "" {
		return materials(ctx, f.Name(), m, opts)
	}
	data, err := f.read(sbomFile, maxFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return data, err
}

// cases reads the connector's cases, which ship with it so that a reviewer can run them too.
func (f folder) cases() (map[string][]byte, error) {
	entries, err := fs.ReadDir(f.FS(), casesDir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("cases: %w", err)
	}
	out := map[string][]byte{}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".txtar") {
			continue
		}
		if out[e.Name()], err = f.read(path.Join(casesDir, e.Name()), maxFile); err != nil {
			return nil, fmt.Errorf("case: %w", err)
		}
	}
	return out, nil
}

// read reads a regular file of at most max bytes; name is relative and has slashes.
func (f folder) read(name string, max int64) ([]byte, error) {
	info, err := f.Stat(name) // before it is opened: opening a pipe waits for its writer
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", name)
	}
	if info.Size() > max {
		return nil, fmt.Errorf("%s has %d bytes, at most %d are allowed", name, info.Size(), max)
	}
	return f.ReadFile(name)
}

func iconType(name string) string {
	if strings.HasSuffix(name, ".png") {
		return bundle.TypePNG
	}
	return bundle.TypeSVG
}
