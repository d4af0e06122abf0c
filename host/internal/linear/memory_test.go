package linear

import (
	"bytes"
	"errors"
	"io/fs"
	"math"
	"sync"
	"testing"

	"pgregory.net/rapid"
)

// mapped makes a memory that shows content, and has its size.
func mapped(t testing.TB, s Strategy, content []byte, reserve int) (*Image, *Memory) {
	t.Helper()
	im, err := NewImage(content)
	if err != nil {
		t.Fatal(err)
	}
	m, err := New(reserve, s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(m.Close(), im.Close()); err != nil {
			t.Error(err)
		}
	})
	if err := m.Map(im); err != nil {
		t.Fatal(err)
	}
	if m.Reallocate(uint64(len(content))) == nil {
		t.Fatal("memory has no room for its image")
	}
	return im, m
}

func TestReset(t *testing.T) {
	t.Parallel()
	const size = 4 * wasmPage
	cases := map[string]struct {
		grow  int // bytes beyond the image
		write []int
	}{
		"nothing":               {0, nil},
		"first byte":            {0, []int{0}},
		"last byte":             {0, []int{size - 1}},
		"a page of zeros":       {0, []int{wasmPage + 5}},
		"both sides of the end": {wasmPage, []int{size - 1, size}},
		"far beyond the end":    {4 * wasmPage, []int{size + 4*wasmPage - 1}},
		"grown, not written to": {wasmPage, nil},
		"every other page":      {2 * wasmPage, every(8<<10, size+2*wasmPage)},
		"every page, and more":  {wasmPage, every(1000, size+wasmPage)},
	}
	eachStrategy(t, func(t *testing.T, s Strategy) {
		for name, c := range cases {
			t.Run(name, func(t *testing.T) {
				im, m := mapped(t, s, testImage(), 8*wasmPage)
				for range 3 {
					b := m.Reallocate(uint64(size + c.grow))
					for _, at := range c.write {
						b[at] ^= 0xff
					}
					if m.Peak() != size+c.grow || m.Size() != size+c.grow {
						t.Fatalf("size %d, peak %d", m.Size(), m.Peak())
					}
					shrink(t, m, im)
					if err := errors.Join(m.Reset(), m.Verify()); err != nil {
						t.Fatal(err)
					}
					if m.Peak() != size {
						t.Errorf("after a reset the peak is %d", m.Peak())
					}
				}
				if b := m.Reallocate(8 * wasmPage); !bytes.Equal(b[size:], make([]byte, 4*wasmPage)) {
					t.Error("grown memory holds something of a call before")
				}
			})
		}
	})
}

func every(n, end int) (at []int) {
	for i := 0; i < end; i += n {
		at = append(at, i)
	}
	return at
}

func shrink(t testing.TB, m *Memory, im *Image) {
	t.Helper()
	m.SetNext(im.Size())
	if b := m.Reallocate(uint64(m.Size() + wasmPage)); len(b) != im.Size() || b == nil {
		t.Fatalf("memory has %d bytes, want %d", len(b), im.Size())
	}
}

// TestMemory_model does what calls may do, in any order, to a memory and to a slice of bytes.
func TestMemory_model(t *testing.T) {
	t.Parallel()
	eachStrategy(t, func(t *testing.T, s Strategy) { rapid.Check(t, func(t *rapid.T) { checkModel(t, s) }) })
}

func checkModel(t *rapid.T, s Strategy) {
	const reserve = 12
	image := make([]byte, rapid.IntRange(0, 6).Draw(t, "image")*wasmPage)
	fill := func(all ...[]byte) {
		size := len(all[0])
		if size == 0 {
			return
		}
		at := rapid.IntRange(0, size-1).Draw(t, "at")
		n := min(size-at, rapid.SampledFrom([]int{1, 100, 4096, 20000, 300000}).Draw(t, "n"))
		what := bytes.Repeat([]byte{rapid.Byte().Draw(t, "byte")}, n)
		for _, b := range all {
			copy(b[at:], what)
		}
	}
	for range rapid.IntRange(0, 4).Draw(t, "filled") {
		fill(image)
	}
	im, err := NewImage(image)
	if err != nil {
		t.Fatal(err)
	}
	defer im.Close()
	m, err := New(reserve*wasmPage, s)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if err := m.Map(im); err != nil {
		t.Fatal(err)
	}

	model := make([]byte, reserve*wasmPage) // all that could be used
	copy(model, image)
	got := m.Reallocate(uint64(len(image)))
	peak := len(image)
	size := func() int { return rapid.IntRange(0, reserve).Draw(t, "pages") * wasmPage }
	again := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
		clear(model[copy(model, image):])
		peak = len(got)
	}
	t.Repeat(map[string]func(*rapid.T){
		"write": func(*rapid.T) { fill(got, model) },
		"grow": func(t *rapid.T) {
			got = m.Reallocate(uint64(max(size(), len(got))))
			peak = max(peak, len(got))
		},
		"next": func(t *rapid.T) {
			n := size()
			m.SetNext(n)
			got = m.Reallocate(uint64(len(got) + wasmPage))
			if len(got) != n {
				t.Fatalf("next size is %d, want %d", len(got), n)
			}
			peak = max(peak, n)
		},
		"reset": func(*rapid.T) { again(m.Reset()) },
		"trim":  func(*rapid.T) { again(m.Trim()) },
		"": func(t *rapid.T) {
			if got == nil || !bytes.Equal(got, model[:len(got)]) {
				t.Fatalf("%d bytes differ from the model at %#x", len(got), differ(got, model[:len(got)]))
			}
			if m.Size() != len(got) || m.Peak() != peak || m.Refused() {
				t.Fatalf("size %d, peak %d, refused %v; want %d, %d", m.Size(), m.Peak(), m.Refused(), len(got), peak)
			}
		},
	})
}

func TestReallocate_limits(t *testing.T) {
	t.Parallel()
	eachStrategy(t, func(t *testing.T, s Strategy) {
		im, m := mapped(t, s, testImage(), 8*wasmPage-1) // is rounded up
		for _, c := range []struct {
			limit int
			size  uint64
			ok    bool
		}{
			{math.MaxInt, 8 * wasmPage, true},
			{math.MaxInt, 9 * wasmPage, false},
			{math.MaxInt, math.MaxUint64, false},
			{math.MaxInt, math.MaxInt64 + 1, false},
			{5 * wasmPage, 5 * wasmPage, true},
			{5 * wasmPage, 6 * wasmPage, false},
			{5*wasmPage + 1, 6 * wasmPage, false},
			{wasmPage, 4 * wasmPage, true}, // what it has already
			{wasmPage, 5 * wasmPage, false},
			{-1, 5 * wasmPage, false},
		} {
			m.SetLimit(c.limit)
			got := m.Reallocate(c.size)
			if ok := got != nil; ok != c.ok || m.Refused() == c.ok || ok && uint64(len(got)) != c.size {
				t.Errorf("limit %d: asked for %d, got %d, refused %v", c.limit, c.size, len(got), m.Refused())
			}
			shrink(t, m, im)
			if err := m.Reset(); err != nil || m.Refused() {
				t.Errorf("after a reset: refused %v, %v", m.Refused(), err)
			}
		}
		m.SetNext(9 * wasmPage)
		if m.Reallocate(0) != nil || !m.Refused() {
			t.Error("the next size went beyond what is reserved")
		}
		m.SetLimit(0)
		m.SetNext(8 * wasmPage)
		if b := m.Reallocate(0); len(b) != 8*wasmPage {
			t.Errorf("the next size is %d: the limit is for guests", len(b))
		}
		m.SetNext(wasmPage)
		if err := m.Reset(); err != nil {
			t.Fatal(err)
		}
		if b := m.Reallocate(8 * wasmPage); len(b) != 8*wasmPage {
			t.Errorf("a next size that nobody asked for outlived the reset: %d", len(b))
		}
	})
}

func TestMap_refuses(t *testing.T) {
	t.Parallel()
	eachStrategy(t, func(t *testing.T, s Strategy) {
		small, m := mapped(t, s, make([]byte, wasmPage), 2*wasmPage)
		big, err := NewImage(make([]byte, 3*wasmPage))
		if err != nil {
			t.Fatal(err)
		}
		defer big.Close()
		if err := m.Map(big); err == nil {
			t.Error("an image larger than the memory was taken")
		}
		m.Reallocate(2 * wasmPage)
		if err := m.Map(small); err == nil {
			t.Error("an image smaller than what the instance has was taken")
		}
	})
	if _, err := NewImage(make([]byte, 100)); err == nil {
		t.Error("an image of 100 bytes was taken")
	}
	for _, n := range []int{-1, 0, math.MaxInt} {
		if _, err := New(n, Copy); err == nil {
			t.Errorf("a memory of %d bytes was made", n)
		}
	}
}

// TestMap_again is how a memory goes from the image of a module's data to that of its first state.
func TestMap_again(t *testing.T) {
	t.Parallel()
	eachStrategy(t, func(t *testing.T, s Strategy) {
		for _, pages := range []int{0, 1, 4, 6} {
			first, m := mapped(t, s, testImage(), 8*wasmPage)
			copy(m.Reallocate(8*wasmPage), bytes.Repeat([]byte{1}, 8*wasmPage))
			m.SetNext(0)
			m.Reallocate(0)
			second, err := NewImage(bytes.Repeat([]byte{9}, pages*wasmPage))
			if err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(m.Map(second), second.Close()); err != nil {
				t.Fatal(err)
			}
			if m.Peak() != 0 || first.users != 1 {
				t.Errorf("with another image the peak is %d, and the first one has %d users", m.Peak(), first.users)
			}
			want := append(bytes.Repeat([]byte{9}, pages*wasmPage), make([]byte, (8-pages)*wasmPage)...)
			for range 2 {
				b := m.Reallocate(8 * wasmPage)
				if i := differ(b, want); i >= 0 {
					t.Fatalf("image of %d pages: byte %#x is %d", pages, i, b[i])
				}
				copy(b, bytes.Repeat([]byte{2}, len(b)))
				if err := m.Reset(); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}

func TestClose(t *testing.T) {
	t.Parallel()
	eachStrategy(t, func(t *testing.T, s Strategy) {
		im, m := mapped(t, s, testImage(), 8*wasmPage)
		m.Free() // of an instance that is closed while its code may still use the memory
		if err := m.Verify(); err != nil {
			t.Errorf("after Free: %v", err)
		}
		if err := errors.Join(im.Close(), im.Close()); err != nil {
			t.Fatal(err)
		}
		b := m.Reallocate(4 * wasmPage)
		b[0]++
		if err := errors.Join(m.Reset(), m.Verify()); err != nil {
			t.Errorf("the image was closed before the memory: %v", err)
		}
		if err := errors.Join(m.Close(), m.Close()); err != nil {
			t.Fatal(err)
		}
		if m.Reallocate(wasmPage) != nil {
			t.Error("a closed memory grows")
		}
		for what, err := range map[string]error{
			"Map": m.Map(im), "Reset": m.Reset(), "Trim": m.Trim(), "Verify": m.Verify(),
		} {
			if !errors.Is(err, fs.ErrClosed) {
				t.Errorf("%s of a closed memory: %v", what, err)
			}
		}
		other, err := New(8*wasmPage, s)
		if err != nil {
			t.Fatal(err)
		}
		defer other.Close()
		if err := other.Map(im); !errors.Is(err, fs.ErrClosed) {
			t.Errorf("Map of a closed image: %v", err)
		}
		if other.Reset() == nil || other.Verify() == nil {
			t.Error("a memory without an image was reset")
		}
	})
}

func TestVerify_saysWhere(t *testing.T) {
	t.Parallel()
	eachStrategy(t, func(t *testing.T, s Strategy) {
		im, m := mapped(t, s, testImage(), 8*wasmPage)
		m.Reallocate(5 * wasmPage)
		if err := m.Verify(); err == nil {
			t.Error("a memory of another size than its image was verified")
		}
		shrink(t, m, im)
		m.Reallocate(4 * wasmPage)[1] = 200
		want := "verify memory: byte 0x1 is 0xc8, in its image 0x07"
		if err := m.Verify(); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	})
}

func TestMemories_shareAnImage(t *testing.T) {
	t.Parallel()
	eachStrategy(t, func(t *testing.T, s Strategy) {
		im, _ := mapped(t, s, testImage(), 8*wasmPage)
		var wg sync.WaitGroup
		for g := range 4 {
			wg.Go(func() {
				for range 10 {
					m, err := New(8*wasmPage, s)
					if err != nil {
						t.Error(err)
						return
					}
					if err := m.Map(im); err != nil {
						t.Error(err)
					}
					for range 10 {
						b := m.Reallocate(5 * wasmPage)
						for i := g; i < len(b); i += 1000 {
							b[i] = byte(g)
						}
						m.SetNext(im.Size())
						m.Reallocate(0)
						if err := errors.Join(m.Reset(), m.Verify()); err != nil {
							t.Error(err)
						}
					}
					if err := m.Close(); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
	})
}

func TestReset_Allocs(t *testing.T) {
	eachStrategy(t, func(t *testing.T, s Strategy) {
		im, m := mapped(t, s, testImage(), 8*wasmPage)
		call := func() {
			b := m.Reallocate(6 * wasmPage)
			for i := 0; i < len(b); i += 10000 {
				b[i]++
			}
			m.SetNext(im.Size())
			m.Reallocate(0)
			if err := m.Reset(); err != nil {
				t.Error(err)
			}
		}
		call()
		if n := testing.AllocsPerRun(100, call); n != 0 {
			t.Errorf("a call and its reset allocate %v times", n)
		}
	})
}
