package manifest

import (
	"fmt"
	"regexp"
	"strings"
)

// licenses are the identifiers of https://spdx.org/licenses that connectors are likely to have. Others are fine;
// these are known well enough to recognize when they are misspelt.
var licenses = strings.Fields(`0BSD AFL-3.0 AGPL-3.0-only AGPL-3.0-or-later Apache-2.0 Artistic-2.0 BlueOak-1.0.0 BSD-2-Clause
	BSD-3-Clause BSL-1.0 BUSL-1.1 CC-BY-4.0 CC0-1.0 CDDL-1.0 ECL-2.0 EPL-2.0 EUPL-1.2 GPL-2.0-only GPL-2.0-or-later
	GPL-3.0-only GPL-3.0-or-later ISC LGPL-2.1-only LGPL-2.1-or-later LGPL-3.0-only LGPL-3.0-or-later MIT MIT-0 MPL-2.0
	MS-PL NCSA OSL-3.0 PostgreSQL Python-2.0 Unlicense UPL-1.0 WTFPL Zlib ZPL-2.1`)

var (
	licenseID = regexp.MustCompile(`^(DocumentRef-[A-Za-z0-9.-]+:)?[A-Za-z0-9][A-Za-z0-9.-]*\+?$`)
	squeeze   = strings.NewReplacer("-", "", ".", "", " ", "", "_", "", "v", "")
)

// checkLicense says what is wrong with an SPDX license expression (SPDX 2.3, annex D), or nothing.
func checkLicense(expression string) (message, fix string) {
	if known := knownLicense(expression); known != "" && known != expression {
		return quote(expression) + " is not an SPDX license", "did you mean " + known + "?"
	}
	words := strings.Fields(strings.NewReplacer("(", " ( ", ")", " ) ").Replace(expression))
	open, wantID := 0, true
	for _, w := range words {
		operator := w == "AND" || w == "OR" || w == "WITH"
		switch {
		case w == "(" && wantID:
			open++
		case w == ")" && !wantID && open > 0:
			open--
		case operator && !wantID:
			wantID = true
		case !operator && wantID && licenseID.MatchString(w):
			if known := knownLicense(w); known != "" && known != w {
				return fmt.Sprintf("%s is not an SPDX license", quote(w)), "did you mean " + known + "?"
			}
			wantID = false
		default:
			return quote(expression) + " is not an SPDX license expression", "see https://spdx.org/licenses, or use LicenseRef-Proprietary"
		}
	}
	if open > 0 || wantID {
		return quote(expression) + " is not an SPDX license expression", "see https://spdx.org/licenses, or use LicenseRef-Proprietary"
	}
	return "", ""
}

// knownLicense returns the identifier that differs from text only in case and punctuation.
func knownLicense(text string) string {
	text = strings.TrimSuffix(strings.TrimSuffix(squeeze.Replace(strings.ToLower(text)), "license"), "licence")
	for _, id := range licenses {
		if squeeze.Replace(strings.ToLower(id)) == text {
			return id
		}
	}
	return ""
}
