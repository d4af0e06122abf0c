package sbom

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const golden = `{
  "bomFormat": "CycloneDX",
  "specVersion": "1.6",
  "version": 1,
  "metadata": {
    "component": {
      "type": "application",
      "bom-ref": "acme/desk@1.2.0",
      "group": "acme",
      "name": "desk",
      "version": "1.2.0",
      "licenses": [
        {
          "expression": "Apache-2.0"
        }
      ]
    }
  },
  "components": [
    {
      "type": "library",
      "bom-ref": "pkg:golang/example.com/a@v2.0.0%2Bincompatible",
      "name": "example.com/a",
      "version": "v2.0.0+incompatible",
      "licenses": [
        {
          "license": {
            "id": "MIT"
          }
        }
      ],
      "purl": "pkg:golang/example.com/a@v2.0.0%2Bincompatible"
    },
    {
      "type": "library",
      "bom-ref": "pkg:golang/example.com/b",
      "name": "example.com/b",
      "purl": "pkg:golang/example.com/b"
    }
  ],
  "dependencies": [
    {
      "ref": "acme/desk@1.2.0",
      "dependsOn": [
        "pkg:golang/example.com/a@v2.0.0%2Bincompatible",
        "pkg:golang/example.com/b"
      ]
    }
  ]
}
`

func TestDocument(t *testing.T) {
	t.Parallel()
	a, b := Module("example.com/a", "v2.0.0+incompatible", "MIT"), Module("example.com/b", "", "")
	for _, modules := range [][]Component{{a, b}, {b, a}} {
		d := New(Connector("acme", "desk", "1.2.0", "Apache-2.0"), modules)
		got, err := d.JSON()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(golden, string(got)); diff != "" {
			t.Error(diff)
		}
		read, err := Parse(got)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(d, read); diff != "" {
			t.Error(diff)
		}
	}
}

func TestParse_Refuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ data, want string }{
		{"no", "not a CycloneDX document"},
		{`{"spdxVersion": "SPDX-2.3"}`, `bomFormat is ""`},
		{`{"bomFormat": "CycloneDX", "specVersion": "2"}`, "specVersion"},
		{`{"bomFormat": "CycloneDX", "specVersion": "1.5"}`, "metadata.component.name"},
	} {
		if _, err := Parse([]byte(tt.data)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want %q", tt.data, err, tt.want)
		}
	}
}

func TestComponent_SPDX(t *testing.T) {
	t.Parallel()
	c := Component{Licenses: []License{{Expression: "MIT OR ISC"}, {License: &Named{ID: "Zlib"}}, {License: &Named{Name: "Ours"}}, {}}}
	if got := c.SPDX(); got != "MIT OR ISC AND Zlib AND Ours" {
		t.Errorf("SPDX() = %q", got)
	}
}

func TestIdentify(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ text, want string }{
		{"The MIT License\n\nPermission is hereby granted, free of charge, to any\nperson obtaining a copy of this software ...\nTHE SOFTWARE IS PROVIDED “AS IS”, WITHOUT", "MIT"},
		{"Apache License\n   Version 2.0, January 2004", "Apache-2.0"},
		{"Redistribution and use in source and binary forms, with or without\nmodification ... Neither the name of Google", "BSD-3-Clause"},
		{"Redistribution and use in source and binary forms, with or without modification", "BSD-2-Clause"},
		{"Permission to use, copy, modify, and/or distribute this software for any\npurpose with or without fee is hereby granted", "ISC"},
		{"Mozilla Public License Version 2.0", "MPL-2.0"},
		{"GNU AFFERO GENERAL PUBLIC LICENSE\nVersion 3, 19 November 2007 ... GNU General Public License", "AGPL-3.0-only"},
		{"GNU LESSER GENERAL PUBLIC LICENSE Version 3 ... the GNU General Public License", "LGPL-3.0-only"},
		{"GNU GENERAL PUBLIC LICENSE Version 2, June 1991", "GPL-2.0-only"},
		{"Business Source License 1.1", "BUSL-1.1"},
		{"All rights reserved.", ""},
	} {
		if got := Identify(tt.text); got != tt.want {
			t.Errorf("%.40q: %q, want %q", tt.text, got, tt.want)
		}
	}
}
