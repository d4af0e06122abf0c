package manifest

import (
	"fmt"

	"github.com/Masterminds/semver/v3"
)

// Version is a version as Semantic Versioning 2.0.0 defines it. The zero value is 0.0.0.
type Version struct{ v semver.Version }

// ParseVersion reads a version: MAJOR.MINOR.PATCH, perhaps with -PRERELEASE and +BUILD, and nothing less or more.
func ParseVersion(s string) (Version, error) {
	v, err := semver.StrictNewVersion(s)
	if err != nil {
		return Version{}, fmt.Errorf("version %.80q: want MAJOR.MINOR.PATCH, perhaps with -PRERELEASE (semver.org)", s)
	}
	return Version{*v}, nil
}

// String returns the version as it is written.
func (v Version) String() string { return v.v.String() }

// Prerelease reports whether the version is one, like 1.0.0-rc.1.
func (v Version) Prerelease() bool { return v.v.Prerelease() != "" }

// Compare returns -1, 0 or 1 by precedence, in which build metadata does not count.
func (v Version) Compare(w Version) int { return v.v.Compare(&w.v) }

// Range is a set of versions. The zero value holds none.
type Range struct {
	text        string
	constraints *semver.Constraints
}

// ParseRange reads a range: "1.2.3" (this one), "1.2" or "1.2.x", "^1.2" (from 1.2.0 below 2.0.0), "~1.2.3" (from
// 1.2.3 below 1.3.0), ">=1.2 <3", "1.2 - 1.4", several joined by "||". A prerelease is only in a range that names one.
func ParseRange(s string) (Range, error) {
	c, err := semver.NewConstraint(s)
	if err != nil {
		return Range{}, fmt.Errorf("version range %.80q: %v; use for example 1.2.3, ^1.2 or \">=1.2 <3\"", s, err)
	}
	return Range{s, c}, nil
}

// String returns the range as it was written.
func (r Range) String() string { return r.text }

// Contains reports whether v is in the range.
func (r Range) Contains(v Version) bool { return r.constraints != nil && r.constraints.Check(&v.v) }

// Numbers returns major, minor and patch.
func (v Version) Numbers() (major, minor, patch uint64) { return v.v.Major(), v.v.Minor(), v.v.Patch() }

// Release returns v without its pre-release and build parts: 1.2.0 for 1.2.0-rc.1.
func (v Version) Release() Version {
	return Version{*semver.New(v.v.Major(), v.v.Minor(), v.v.Patch(), "", "")}
}
