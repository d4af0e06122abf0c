package linear

import (
	"bytes"
	"os"
	"strconv"
	"strings"
	"testing"
	"unsafe"
)

// TestSingly reads one page of an image and counts how many of it are mapped then.
func TestSingly(t *testing.T) {
	if userfault() < 0 {
		t.Skip("this kernel or container has no userfaultfd for us: pages come with their neighbours")
	}
	im, err := NewImage(bytes.Repeat([]byte{1}, 1<<20))
	if err != nil {
		t.Fatal(err)
	}
	defer im.Close()
	for _, tt := range []struct {
		strategy Strategy
		many     bool
	}{{Scan, false}, {Pagemap, true}} {
		m, err := New(1<<20, tt.strategy)
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		if err := m.Map(im); err != nil {
			t.Fatal(err)
		}
		mem := m.Reallocate(1 << 20)
		if mem[len(mem)/2] != 1 {
			t.Fatal("it does not show the image")
		}
		if got := mappedKiB(t, mem); (got > os.Getpagesize()>>10) != tt.many {
			t.Errorf("%s: %d KiB are mapped after one page was read", tt.strategy, got)
		}
	}
}

// mappedKiB is how much of mem is mapped, from /proc/self/smaps.
func mappedKiB(t *testing.T, mem []byte) int {
	t.Helper()
	data, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		t.Fatal(err)
	}
	start := strconv.FormatUint(uint64(uintptr(unsafe.Pointer(&mem[0]))), 16) + "-"
	_, vma, ok := strings.Cut(string(data), "\n"+start)
	if !ok {
		t.Fatalf("no mapping begins at %s", start)
	}
	_, rss, _ := strings.Cut(vma, "\nRss:")
	n, err := strconv.Atoi(strings.Fields(rss)[0])
	if err != nil {
		t.Fatal(err)
	}
	return n
}
