package linear

import (
	"fmt"
	"testing"
)

// BenchmarkReset is what a call adds to its own time: writing once to each of some pages, and the reset.
func BenchmarkReset(b *testing.B) {
	const size = 4 << 20
	for _, dirty := range []int{1, 10, 40, 100} {
		for s := Scan; s <= Copy; s++ {
			b.Run(fmt.Sprintf("%d/%s", dirty, s), func(b *testing.B) {
				if err := selfTest(s); err != nil {
					b.Skip(err)
				}
				_, m := mapped(b, s, filled(size), 2*size)
				mem := m.Reallocate(size)
				apart := size / dirty
				b.ReportAllocs()
				for b.Loop() {
					for i := range dirty {
						mem[i*apart]++
					}
					if err := m.Reset(); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// BenchmarkResetGrown is a call that needs a MiB more than its image has, and gives it back.
func BenchmarkResetGrown(b *testing.B) {
	const size = 4 << 20
	for s := Scan; s <= Copy; s++ {
		b.Run(s.String(), func(b *testing.B) {
			if err := selfTest(s); err != nil {
				b.Skip(err)
			}
			im, m := mapped(b, s, filled(size), 2*size)
			b.ReportAllocs()
			for b.Loop() {
				m.Reallocate(size + 1<<20)[size]++
				shrink(b, m, im)
				if err := m.Reset(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkNew makes a memory, shows an image of 4 MiB in it, and closes it.
func BenchmarkNew(b *testing.B) {
	for s := Scan; s <= Copy; s++ {
		b.Run(s.String(), func(b *testing.B) {
			if err := selfTest(s); err != nil {
				b.Skip(err)
			}
			im, _ := mapped(b, s, filled(4<<20), 64<<20)
			b.ReportAllocs()
			for b.Loop() {
				m, err := New(64<<20, s)
				if err != nil {
					b.Fatal(err)
				}
				if err := m.Map(im); err != nil {
					b.Fatal(err)
				}
				if err := m.Close(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func filled(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i * 7)
	}
	return b
}
