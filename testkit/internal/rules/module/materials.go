package module

import (
	"cmp"
	"slices"
	"strings"

	"patchbay/internal/sbom"
	"patchbay/testkit/internal/rule"
	"patchbay/testkit/report"
)

// materials are the rules about what a module is made of.
var materials = []rule.Rule{listed, told, own, versioned, licensed, free, compatible}

var listed = rule.Look(report.Rule{
	ID: "W019", Title: "A guest built from Go lists what it is made of", Severity: report.Warning,
	Rationale: "When a module is found to be unsafe, one has to know which connectors have it.",
	Fix:       "build the bundle with 'pack build', which adds the list",
	Origin:    "EU Cyber Resilience Act, annex I; NTIA minimum elements",
}, func(s *rule.Subject, found rule.Found) {
	if s.Manifest.Guest.Package != "" && len(s.Contents.SBOM) == 0 {
		found("guest", "the bundle has no sbom.json")
	}
})

var told = rule.Look(report.Rule{
	ID: "W020", Title: "A module that was built elsewhere comes with what it is made of", Severity: report.Note,
	Rationale: "When a library is found to be unsafe, one has to know which connectors have it.",
	Fix:       "put a CycloneDX document into sbom.json beside connector.yaml",
	Origin:    "EU Cyber Resilience Act, annex I; NTIA minimum elements",
}, func(s *rule.Subject, found rule.Found) {
	if s.Manifest.Guest.Module != "" && len(s.Contents.SBOM) == 0 {
		found("guest", "the bundle has no sbom.json")
	}
})

var own = rule.Look(report.Rule{
	ID: "W021", Title: "The bill of materials is of this connector", Severity: report.Error,
	Rationale: "The list of another connector, or of another version, is worse than none.",
	Fix:       "make sbom.json anew: CycloneDX JSON whose metadata.component has the name and version of the manifest",
}, func(s *rule.Subject, found rule.Found) {
	if len(s.Contents.SBOM) == 0 {
		return
	}
	d, err := sbom.Parse(s.Contents.SBOM)
	switch c := d.Metadata.Component; {
	case err != nil:
		found("sbom.json", "%v", err)
	case c.Name != s.Manifest.Name || c.Version != s.Manifest.Version || c.Group != "" && c.Group != s.Manifest.Publisher:
		found("sbom.json", "it is of %s/%s@%s, and the connector is %s", c.Group, c.Name, c.Version, s.Bundle.Ref())
	}
})

var versioned = rule.Look(report.Rule{
	ID: "W022", Title: "Everything that a module is made of has a version", Severity: report.Warning,
	Rationale: "Advisories are about versions: without one nobody can tell whether it is affected.",
	Fix:       "require a released version of it",
	Origin:    "NTIA minimum elements",
}, func(s *rule.Subject, found rule.Found) {
	for _, c := range components(s) {
		if c.Name == "" || c.Version == "" {
			found("sbom.json", "%s has no version", cmp.Or(c.Name, "a component"))
		}
	}
})

var licensed = rule.Look(report.Rule{
	ID: "W023", Title: "The licences of what a module is made of are known", Severity: report.Note,
	Rationale: "Whoever ships a bundle ships all that is in it, and has to know what that is allowed to.",
	Fix:       "find out under which licence it may be used; without one it may not",
}, func(s *rule.Subject, found rule.Found) {
	for _, c := range components(s) {
		if c.SPDX() == "" && c.Name != sdkModule {
			found("sbom.json", "no licence is known of %s %s", c.Name, c.Version)
		}
	}
})

// sdkModule is where the SDK is, which comes from whoever runs the registry.
const sdkModule = "patchbay"

var free = rule.Look(report.Rule{
	ID: "W024", Title: "Nothing in a module forbids passing it on or running it for others", Severity: report.Error,
	Rationale: "A marketplace passes bundles on and runs them for others. Licences that forbid that forbid the connector.",
	Fix:       "use another library",
}, func(s *rule.Subject, found rule.Found) {
	for _, c := range components(s) {
		if id := match(c.SPDX(), restricted); id != "" {
			found("sbom.json", "%s %s is under %s", c.Name, c.Version, id)
		}
	}
})

var compatible = rule.Look(report.Rule{
	ID: "W025", Title: "The connector's licence is one that its parts allow", Severity: report.Warning,
	Rationale: "What holds code under the GPL is under the GPL, whatever its manifest says.",
	Fix:       "use another library, or put the connector under a licence that fits",
}, func(s *rule.Subject, found rule.Found) {
	for _, c := range components(s) {
		if id := match(c.SPDX(), copyleft); id != "" && match(s.Manifest.License, copyleft) == "" {
			found("sbom.json", "%s %s is under %s; the manifest says %s", c.Name, c.Version, id, s.Manifest.License)
		}
	}
})

var (
	// restricted are licences that forbid to sell, to host, or to pass on.
	restricted = []string{"BUSL-", "SSPL-", "Elastic-", "PolyForm-", "CC-BY-NC", "CC-BY-ND", "Commons-Clause", "JSON", "RSAL", "Confluent-", "LicenseRef-Proprietary", "proprietary", "UNLICENSED"}
	// copyleft are licences that a whole program takes on. The LGPL, MPL and EPL are for files or libraries.
	copyleft = []string{"GPL-", "AGPL-", "OSL-", "EUPL-"}
)

// match returns the first licence of an expression that begins with one of some prefixes. Of alternatives, all must.
func match(expression string, prefixes []string) string {
	first := ""
	for _, choice := range strings.Split(strings.Trim(expression, "()"), " OR ") {
		bad := ""
		for _, id := range strings.FieldsFunc(choice, func(r rune) bool { return strings.ContainsRune(" ()", r) }) {
			if slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(strings.ToLower(id), strings.ToLower(p)) }) {
				bad = id
			}
		}
		if bad == "" {
			return ""
		}
		first = cmp.Or(first, bad)
	}
	return first
}

// components are the parts that the bill of materials lists; none if it cannot be read.
func components(s *rule.Subject) []sbom.Component {
	d, err := sbom.Parse(s.Contents.SBOM)
	if err != nil {
		return nil
	}
	return d.Components
}
