package main

import (
	"os"
	"slices"
	"testing"

	"patchbay/manifest"
)

// What vendor prints is what the connectors ask for: every method but the first, with each of its fields.
func TestVendorMethods(t *testing.T) {
	for _, name := range []string{"tallyfy", "netsuite"} {
		v, err := newVendorServer(name)
		if err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile("../../plugins/" + name + "/connector.yaml")
		if err != nil {
			t.Fatal(err)
		}
		m, err := manifest.Parse(text)
		if err != nil || len(m.Auth) != len(v.methods)+1 {
			t.Fatalf("%s has not %d other methods: %v", name, len(v.methods), err)
		}
		for _, method := range m.Auth[1:] {
			i := slices.IndexFunc(v.methods, func(p vendorMethod) bool { return p.Auth == method.ID })
			if i < 0 {
				t.Errorf("%s: %s is not printed", name, method.ID)
				continue
			}
			for _, f := range method.AllFields() {
				printed := v.methods[i].Fields
				if f.Secret {
					printed = v.methods[i].Secrets
				}
				if f.Required && printed[f.Name] == "" {
					t.Errorf("%s: %s is printed without %s", name, method.ID, f.Name)
				}
			}
		}
	}
}
