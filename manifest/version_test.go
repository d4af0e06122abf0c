package manifest

import (
	"slices"
	"strings"
	"testing"
)

func TestParseVersion(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"0.0.0", "1.2.3", "1.0.0-rc.1", "1.0.0-alpha+001", "10.20.30"} {
		v, err := ParseVersion(s)
		if err != nil || v.String() != s {
			t.Errorf("ParseVersion(%q) = %q, %v", s, v, err)
		}
	}
	for _, s := range []string{"", "1", "1.2", "v1.2.3", "01.2.3", "1.2.3-", "1.2.3-01", "1.2.3 ", " 1.2.3", "1.2.3.4", "^1.2.3", "1.2.x", "99999999999999999999.0.0"} {
		if v, err := ParseVersion(s); err == nil {
			t.Errorf("ParseVersion(%q) = %q, want an error", s, v)
		}
	}
}

func TestVersion_Compare(t *testing.T) {
	t.Parallel()
	// In the order of semver.org, item 11.
	want := []string{"1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "1.2.0", "1.10.0", "2.0.0"}
	var got []Version
	for _, s := range slices.Backward(want) {
		v, err := ParseVersion(s)
		if err != nil {
			t.Fatal(err)
		}
		if v.Prerelease() != strings.Contains(s, "-") {
			t.Errorf("%s: Prerelease() = %v", s, v.Prerelease())
		}
		got = append(got, v)
	}
	slices.SortFunc(got, Version.Compare)
	for i, v := range got {
		if v.String() != want[i] {
			t.Errorf("place %d: %s, want %s", i, v, want[i])
		}
	}
}

func TestRange(t *testing.T) {
	t.Parallel()
	versions := []string{"0.9.0", "1.2.0", "1.2.3", "1.3.0-rc.1", "1.3.0", "2.0.0", "2.1.0-beta"}
	for _, test := range []struct{ text, want string }{
		{"1.2.3", "1.2.3"},
		{"1.2", "1.2.0 1.2.3"},
		{"^1.2", "1.2.0 1.2.3 1.3.0"},
		{"~1.2.3", "1.2.3"},
		{">=1.2 <3", "1.2.0 1.2.3 1.3.0 2.0.0"},
		{"1.3.0-rc.1", "1.3.0-rc.1"},
		{"*", "0.9.0 1.2.0 1.2.3 1.3.0 2.0.0"},
		{"<1 || ^2", "0.9.0 2.0.0"},
	} {
		r, err := ParseRange(test.text)
		if err != nil || r.String() != test.text {
			t.Errorf("ParseRange(%q) = %q, %v", test.text, r, err)
		}
		var in []string
		for _, s := range versions {
			v, err := ParseVersion(s)
			if err != nil {
				t.Fatal(err)
			}
			if r.Contains(v) {
				in = append(in, s)
			}
		}
		if got := strings.Join(in, " "); got != test.want {
			t.Errorf("%s holds %s, want %s", test.text, got, test.want)
		}
	}
	for _, s := range []string{"", "latest", "^", "1.2.3.4", strings.Repeat("1.0.0 || ", 40) + "1.0.0"} {
		if _, err := ParseRange(s); err == nil {
			t.Errorf("ParseRange(%q) wants an error", s)
		}
	}
	if (Range{}).Contains(Version{}) {
		t.Error("the zero range holds a version")
	}
}
