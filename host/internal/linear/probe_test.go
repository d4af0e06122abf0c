package linear

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"
)

// eachStrategy runs a test with every strategy that this machine has.
func eachStrategy(t *testing.T, test func(t *testing.T, s Strategy)) {
	t.Helper()
	for s := Scan; s <= Copy; s++ {
		t.Run(s.String(), func(t *testing.T) {
			if err := selfTest(s); err != nil {
				refused := new(syscall.Errno) // by the kernel; a strategy that does the wrong thing has no excuse
				if errors.As(err, refused) && s < Drop || errors.Is(err, errors.ErrUnsupported) {
					t.Skipf("this machine has no strategy %s: %v", s, err)
				}
				t.Fatal(err)
			}
			test(t, s)
		})
	}
}

func TestProbe(t *testing.T) {
	t.Parallel()
	best, why := Probe()
	for s := Scan; s < best; s++ {
		if why == nil || !strings.Contains(why.Error(), s.String()) {
			t.Errorf("best is %s, without a reason against %s: %v", best, s, why)
		}
	}
	if best == Scan && why != nil {
		t.Errorf("nothing is faster than %s, but: %v", best, why)
	}
	if err := selfTest(best); err != nil {
		t.Errorf("the best strategy, %s: %v", best, err)
	}
}

func TestStrategy_names(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for s := Scan; s <= Copy; s++ {
		seen[s.String()] = true
	}
	if len(seen) != 5 || seen["unknown"] || Strategy(-1).String() != "unknown" || (Copy+1).String() != "unknown" {
		t.Errorf("names: %v", seen)
	}
	if _, err := New(wasmPage, Copy+1); err == nil {
		t.Error("New took a strategy that does not exist")
	}
}

// broken breaks one of the promises that pages make.
type broken struct {
	pages
	how string
}

func (b broken) open(size int) ([]byte, error) {
	mem, err := b.pages.open(size)
	if b.how == "grown pages hold something" && size > 4*wasmPage {
		mem[4*wasmPage+10] = 1
	}
	return mem, err
}

func (b broken) reset(used, size int) error {
	if b.how == "reset fails" {
		return errors.New("no")
	}
	h := b.pages.(*heap)
	kept := bytes.Clone(h.buf)
	err := b.pages.reset(used, size)
	if b.how == "one byte is missed" {
		copy(h.buf[wasmPage-1:wasmPage], kept[wasmPage-1:])
	}
	return err
}

func (b broken) found() int {
	if b.how == "too many pages are found" {
		return 4 * wasmPage
	}
	return b.pages.found()
}

// TestSelfTest_findsWhatIsBroken keeps the self-test from passing whatever the kernel does.
func TestSelfTest_findsWhatIsBroken(t *testing.T) {
	t.Parallel()
	for how, want := range map[string]string{
		"nothing":                    "",
		"grown pages hold something": "grown memory is not empty at 10",
		"reset fails":                "no",
		"one byte is missed":         fmt.Sprintf("byte %#x is", wasmPage-1),
		"too many pages are found":   "want",
	} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			im, m := mapped(t, Copy, testImage(), 8*wasmPage)
			m.pages = broken{m.pages, how}
			err := testCall(m, im)
			if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
				t.Errorf("got %v, want %q", err, want)
			}
		})
	}
}
