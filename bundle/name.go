package bundle

import (
	"fmt"
	"regexp"
	"strings"

	"patchbay/manifest"
)

var namePattern = regexp.MustCompile(`^[a-z0-9]+(-+[a-z0-9]+)*$`)

// maxVersion is the length of an OCI tag, which must not contain "+" either.
const maxVersion = 128

// ValidName reports whether s can name a publisher or a connector: lower-case letters, digits and, within, hyphens, at most 64
// characters. Such a name is safe as a file name and in an OCI repository's name.
func ValidName(s string) bool { return len(s) <= 64 && namePattern.MatchString(s) }

func checkIdentity(m *manifest.Manifest) error {
	if !ValidName(m.Publisher) {
		return fmt.Errorf("manifest: publisher %q: use 1 to 64 lower-case letters, digits and hyphens", m.Publisher)
	}
	if !ValidName(m.Name) {
		return fmt.Errorf("manifest: name %q: use 1 to 64 lower-case letters, digits and hyphens", m.Name)
	}
	if _, err := manifest.ParseVersion(m.Version); err != nil {
		return fmt.Errorf("manifest: %w", err)
	}
	if strings.Contains(m.Version, "+") || len(m.Version) > maxVersion {
		return fmt.Errorf("manifest: version %q: leave out the part from \"+\" on, and keep to %d characters, "+
			"so that it can be a tag in a registry", m.Version, maxVersion)
	}
	return nil
}
