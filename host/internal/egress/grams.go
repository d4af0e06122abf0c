package egress

import "encoding/binary"

const gram = 4 // bytes; no form is shorter, see minSecret

// grams says quickly that none of some forms is in a text. Were one there, then among every step bytes of the text a
// gram would begin that begins in the form's first step bytes (Wu and Manber, 1994); step is such that the
// shortest form has them all.
type grams struct {
	step   int
	first  [1 << 10]uint64 // two sets of 2^16 hashes
	second [1 << 10]uint64
}

func newGrams(forms [][]byte) *grams {
	if len(forms) == 0 {
		return nil
	}
	g := &grams{step: len(forms[0])}
	for _, f := range forms {
		g.step = min(g.step, len(f))
	}
	g.step -= gram - 1
	for _, f := range forms {
		for i := range g.step {
			a, b := hashes(f[i:])
			g.first[a/64] |= 1 << (a % 64)
			g.second[b/64] |= 1 << (b % 64)
		}
	}
	return g
}

// in reports whether a form may be in text. When it says no, there is none.
func (g *grams) in(text []byte) bool {
	if g == nil {
		return false
	}
	for i := 0; i+gram <= len(text); i += g.step {
		a, b := hashes(text[i:])
		if g.first[a/64]&(1<<(a%64)) != 0 && g.second[b/64]&(1<<(b%64)) != 0 {
			return true
		}
	}
	return false
}

func hashes(b []byte) (uint32, uint32) {
	v := binary.LittleEndian.Uint32(b)
	return v * 0x9e3779b1 >> 16, v * 0x85ebca77 >> 16
}
