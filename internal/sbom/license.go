package sbom

import "strings"

// known are licences by sentences that their texts have, the most particular first.
var known = []struct {
	id    string
	texts []string // in lower case, white space as one space
}{
	{"AGPL-3.0-only", []string{"gnu affero general public license", "version 3"}},
	{"SSPL-1.0", []string{"server side public license"}},
	{"BUSL-1.1", []string{"business source license 1.1"}},
	{"Elastic-2.0", []string{"elastic license 2.0"}},
	{"LGPL-3.0-only", []string{"gnu lesser general public license", "version 3"}},
	{"LGPL-2.1-only", []string{"gnu lesser general public license", "version 2.1"}},
	{"MPL-2.0", []string{"mozilla public license", "version 2.0"}},
	{"MPL-2.0", []string{"mozilla public license, v. 2.0"}},
	{"EPL-2.0", []string{"eclipse public license - v 2.0"}},
	{"Apache-2.0", []string{"apache license", "version 2.0"}},
	{"GPL-3.0-only", []string{"gnu general public license", "version 3"}},
	{"GPL-2.0-only", []string{"gnu general public license", "version 2"}},
	{"MIT", []string{"permission is hereby granted, free of charge, to any person obtaining a copy", `the software is provided "as is"`}},
	{"ISC", []string{"permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby granted"}},
	{"ISC", []string{"permission to use, copy, modify, and distribute this software for any purpose with or without fee is hereby granted"}},
	{"BSD-3-Clause", []string{"redistribution and use in source and binary forms", "neither the name"}},
	{"BSD-2-Clause", []string{"redistribution and use in source and binary forms"}},
	{"Unlicense", []string{"this is free and unencumbered software released into the public domain"}},
	{"CC0-1.0", []string{"cc0 1.0 universal"}},
	{"Zlib", []string{"this software is provided 'as-is'", "altered source versions must be plainly marked"}},
}

// Identify returns the SPDX id of a licence's text, and "" for one that is not known.
func Identify(text string) string {
	text = strings.ToLower(strings.Join(strings.Fields(text), " "))
	text = strings.NewReplacer("“", `"`, "”", `"`).Replace(text)
	for _, l := range known {
		all := true
		for _, t := range l.texts {
			all = all && strings.Contains(text, t)
		}
		if all {
			return l.id
		}
	}
	return ""
}
