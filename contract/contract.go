// Package contract says what changed from one version of a connector to the next, and how much a version must grow for
// it: whoever installs an upgrade, or has it installed for them, must be able to rely on the number.
//
// A change is major when a recipe or a connection that worked may stop working, minor when more works than before or
// more is asked for, and patch when nobody who uses the connector needs to know. Where it cannot be proven that nothing
// breaks, it is major. Below version 1.0.0, where everything may change, a major change needs a new minor version and
// the others a new patch.
//
// Inputs are compared as what is taken: all that was valid must stay valid. Outputs are compared as what is read: all
// that comes now must be what a reader of the old schema expects, who ignores properties that it does not know.
package contract

import (
	"cmp"
	"fmt"
	"slices"

	"patchbay/manifest"
)

// Level says how much a change means.
type Level int

// Levels, the least first.
const (
	None Level = iota
	Patch
	Minor
	Major
)

func (l Level) String() string { return [...]string{"none", "patch", "minor", "major"}[l] }

// MarshalText writes a level's name.
func (l Level) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// Change is one difference.
type Change struct {
	Level   Level  `json:"level"`
	Place   string `json:"place"` // JSON pointer into the new manifest, or into the old one for what is gone
	Reason  string `json:"reason"`
	Consent bool   `json:"consent,omitempty"` // an admin is asked before it is installed
}

// Diff is what changed.
type Diff struct {
	Level   Level    `json:"level"` // of the greatest change
	Changes []Change `json:"changes"`
}

// Compare compares two versions of one connector. Their version numbers are not looked at.
func Compare(old, new *manifest.Manifest) Diff {
	c := &comparison{old: old, new: new}
	c.listing()
	c.connection()
	c.auth()
	c.grants()
	c.limits()
	c.faults()
	c.actions()
	c.triggers()
	c.functions()
	slices.SortStableFunc(c.found, func(a, b Change) int {
		return cmp.Or(cmp.Compare(b.Level, a.Level), cmp.Compare(a.Place, b.Place), cmp.Compare(a.Reason, b.Reason))
	})
	d := Diff{Changes: c.found}
	for _, x := range d.Changes {
		d.Level = max(d.Level, x.Level)
	}
	if d.Changes == nil {
		d.Changes = []Change{}
	}
	return d
}

// comparison collects what differs.
type comparison struct {
	old, new *manifest.Manifest
	found    []Change
}

func (c *comparison) add(l Level, place, reason string, args ...any) {
	c.found = append(c.found, Change{Level: l, Place: place, Reason: fmt.Sprintf(reason, args...)})
}

// ask adds a change that an admin is asked about.
func (c *comparison) ask(l Level, place, reason string, args ...any) {
	c.found = append(c.found, Change{Level: l, Place: place, Reason: fmt.Sprintf(reason, args...), Consent: true})
}

// Least returns the least version that may carry a change of level l after version old, "1.3.0" say.
func Least(old manifest.Version, l Level) string {
	major, minor, patch := old.Numbers()
	if major == 0 && l > Patch { // 0.y.z: a step less
		l--
	}
	switch {
	case l == Major:
		return fmt.Sprintf("%d.0.0", major+1)
	case l == Minor:
		return fmt.Sprintf("%d.%d.0", major, minor+1)
	}
	if old.Prerelease() { // 1.2.0 comes after 1.2.0-rc.1
		return fmt.Sprintf("%d.%d.%d", major, minor, patch)
	}
	return fmt.Sprintf("%d.%d.%d", major, minor, patch+1)
}

// Allows reports whether the new version's number is great enough for what changed.
func (d Diff) Allows(old, new manifest.Version) error {
	if d.Level == None && new.Compare(old) == 0 {
		return nil
	}
	least := Least(old, d.Level)
	want, err := manifest.ParseVersion(least)
	if err != nil {
		return err
	}
	if new.Release().Compare(want) < 0 || new.Compare(old) <= 0 {
		return fmt.Errorf("version %s is too small for a %s change after %s: the least is %s", new, d.Level, old, least)
	}
	return nil
}
