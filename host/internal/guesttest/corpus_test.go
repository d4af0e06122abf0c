package guesttest

import (
	"errors"
	"slices"
	"testing"

	"patchbay/wasm"
)

// TestAttacks holds the corpus to what package wasm says of its modules, so that an attack is what its name says:
// one that must be refused is, and one that is to run is a guest.
func TestAttacks(t *testing.T) {
	t.Parallel()
	attacks := Attacks()
	if len(attacks) < 200 {
		t.Fatalf("%d attacks, the corpus has more", len(attacks))
	}
	names := map[string]bool{}
	for _, a := range attacks {
		if names[a.Name] {
			t.Errorf("two attacks are called %q", a.Name)
		}
		names[a.Name] = true
		if a.Full || a.Class == "type" { // the runtime's validator refuses these
			continue
		}
		t.Run(a.Name, func(t *testing.T) {
			t.Parallel()
			n := 0
			for code := range a.Modules {
				n++
				if err := admit(code); !expected(a, err) {
					t.Errorf("module %d of %d bytes: %v, want one of %v", n, len(code), err, a.Want)
				}
			}
			if n == 0 {
				t.Error("no module")
			}
		})
	}
}

func admit(code []byte) error {
	m, err := wasm.Scan(code)
	if err != nil {
		return err
	}
	if err := wasm.Check(m); err != nil {
		return err
	}
	_, err = wasm.Harden(code)
	return err
}

// expected reports whether err is what the checks before any runtime have to say of an attack.
func expected(a Attack, err error) bool {
	var e *wasm.Error
	switch {
	case err != nil && !errors.As(err, &e):
		return false
	case slices.Equal(a.Want, []Verdict{Refused}):
		return err != nil
	case !slices.Contains(a.Want, Refused):
		return err == nil
	}
	return true
}
