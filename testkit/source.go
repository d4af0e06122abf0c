package testkit

import (
	"cmp"
	"os"
	"path/filepath"

	"patchbay/build"
	"patchbay/bundle"
	"patchbay/manifest"
	"patchbay/testkit/internal/rule"
	"patchbay/testkit/report"
)

// Source says where the files of a connector are that was built from a folder, for those who read the report about it
// where they are now. Without a bundle, as when it could not be built, places in its manifest have no lines.
func Source(dir string, b *bundle.Bundle) report.Source {
	at := report.Source{Folder: filepath.ToSlash(filepath.Clean(dir))}
	if at.Folder == "." {
		at.Folder = ""
	}
	text, err := os.ReadFile(filepath.Join(dir, build.ManifestFile))
	if err != nil || b == nil {
		return at
	}
	pointers := map[string]string{"guest": "/guest"}
	for _, op := range (&rule.Subject{Manifest: b.Manifest()}).Operations() {
		pointers[op.Title] = op.Place
	}
	lines := manifest.Lines(text)
	at.Line = func(place string) int { return lines(cmp.Or(pointers[place], place)) }
	return at
}
