package bundle

import (
	"fmt"
	"regexp"
	"strings"

	"patchbay/manifest"
)

// namePattern is the manifest's for publishers and connectors.
var namePattern = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)

const nameRule = "2 to 40 lower-case letters, digits and single hyphens, beginning with a letter"

// ValidName reports whether s can name a publisher or a connector: 2 to 40 lower-case letters, digits and single
// hyphens, beginning with a letter. Such a name is safe as a file name and in an OCI repository's name.
func ValidName(s string) bool { return len(s) >= 2 && len(s) <= 40 && namePattern.MatchString(s) }

// checkVersion refuses what a manifest may say but an OCI tag may not.
func checkVersion(m *manifest.Manifest) error {
	if strings.Contains(m.Version, "+") {
		return fmt.Errorf("manifest: version %s: leave out the part from \"+\" on, which no tag in a registry can have", m.Version)
	}
	return nil
}
