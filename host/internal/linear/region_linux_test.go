package linear

import (
	"bufio"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// children are tests that change what their process may do.
var children = map[string]func() error{
	"data limit":  underDataLimit,
	"no files":    withoutFiles,
	"no mappings": withoutMappings,
}

const (
	childVar = "LINEAR_TEST_CHILD"
	skipped  = "not to be tested here:" // begins what such a child prints
)

func TestMain(m *testing.M) {
	name := os.Getenv(childVar)
	if name == "" {
		os.Exit(m.Run())
	}
	err := children[name]()
	if errors.Is(err, errors.ErrUnsupported) {
		fmt.Println(skipped, err)
		os.Exit(0)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func TestInChild(t *testing.T) {
	t.Parallel()
	for name := range children {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.CommandContext(t.Context(), os.Args[0])
			cmd.Env = append(os.Environ(), childVar+"="+name)
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Errorf("%v: %s", err, out)
			}
			if strings.HasPrefix(string(out), skipped) {
				t.Skip(string(out))
			}
		})
	}
}

// underDataLimit reserves 5 GiB where 256 MiB more of private writable memory are allowed than Go has already.
func underDataLimit() error {
	const room = 256 << 20
	limit := uint64(room) + dataSize()
	if err := unix.Setrlimit(unix.RLIMIT_DATA, &unix.Rlimit{Cur: limit, Max: limit}); err != nil {
		return err
	}
	best, _ := Probe()
	im, err := NewImage(testImage())
	if err != nil {
		return err
	}
	var all []*Memory
	for range 20 {
		m, err := New(room, best)
		if err != nil {
			return err
		}
		if err := m.Map(im); err != nil {
			return err
		}
		if m.Reallocate(1<<20) == nil {
			return errors.New("no MiB to be had")
		}
		all = append(all, m)
	}
	greedy := all[0]
	if greedy.Reallocate(room) != nil || !greedy.Refused() {
		return errors.New("a memory grew over the process's limit")
	}
	// What a call had and gave back, the next one can have.
	for _, m := range all {
		if m.Reallocate(64<<20) == nil {
			return errors.New("memory that was given back still counts")
		}
		m.SetNext(im.Size())
		m.Reallocate(0)
		if err := errors.Join(m.Reset(), m.Verify()); err != nil {
			return err
		}
	}
	return nil
}

// dataSize is what RLIMIT_DATA counts, in bytes.
func dataSize() (n uint64) {
	status, _ := os.ReadFile("/proc/self/status")
	_, after, _ := strings.Cut(string(status), "VmData:")
	_, _ = fmt.Sscan(after, &n)
	return n << 10
}

// withoutFiles makes and resets memories when no file can be opened any more.
func withoutFiles() error {
	im, err := NewImage(testImage())
	if err != nil {
		return err
	}
	best, why := Probe()
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{}); err != nil {
		return err
	}
	if _, err := os.Open("/proc/self/pagemap"); err == nil {
		return errors.New("a file was opened over the limit")
	}
	for s := best; s <= Drop; s++ {
		m, err := New(8*wasmPage, s)
		if err != nil {
			return fmt.Errorf("%s: %w (%v)", s, err, why)
		}
		if err := m.Map(im); err != nil {
			return err
		}
		m.Reallocate(uint64(im.Size()))[5]++
		if err := errors.Join(m.Reset(), m.Verify(), m.Close()); err != nil {
			return fmt.Errorf("%s: %w", s, err)
		}
	}
	return nil
}

// withoutMappings has the kernel refuse whatever changes a mapping (mseal, Linux 6.10), which nothing may pass over.
func withoutMappings() error {
	for s := Scan; s <= Drop; s++ {
		im, err := NewImage(testImage())
		if err != nil {
			return err
		}
		m, err := New(8*wasmPage, s)
		if err != nil {
			return err
		}
		if err := m.Map(im); err != nil {
			return err
		}
		m.Reallocate(6 * wasmPage)
		mem := m.pages.(*region).mem
		if _, _, errno := unix.Syscall(unix.SYS_MSEAL, uintptr(unsafe.Pointer(&mem[0])), uintptr(len(mem)), 0); errno != 0 {
			return os.NewSyscallError("mseal", errno)
		}
		if m.Reallocate(7*wasmPage) != nil || !m.Refused() || m.Size() != 6*wasmPage {
			return fmt.Errorf("%s: a memory grew that cannot", s)
		}
		m.SetNext(im.Size())
		m.Reallocate(0)
		for what, err := range map[string]error{
			"Map": m.Map(im), "Reset": m.Reset(), "Trim": m.Trim(), "Close": m.Close(),
		} {
			if !errors.Is(err, unix.EPERM) {
				return fmt.Errorf("%s: %s: %v", s, what, err)
			}
		}
	}
	return nil
}

func TestImage_isSealed(t *testing.T) {
	t.Parallel()
	content := testImage()
	im, _ := mapped(t, Drop, content, len(content))
	if _, err := unix.Pwrite(im.fd, []byte{1}, 0); err != unix.EPERM {
		t.Errorf("write: %v", err)
	}
	if err := unix.Ftruncate(im.fd, 0); err != unix.EPERM {
		t.Errorf("truncate: %v", err)
	}
	if b, err := unix.Mmap(im.fd, 0, len(content), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED); err == nil {
		t.Errorf("mapped to be written to: %v", unix.Munmap(b))
	}
	if _, err := unix.FcntlInt(uintptr(im.fd), unix.F_ADD_SEALS, 0); err != unix.EPERM {
		t.Errorf("seals can be changed: %v", err)
	}
	content[0]++ // the caller's own
	if im.Bytes()[0] == content[0] || im.Size() != len(content) {
		t.Error("the image is the caller's bytes")
	}
}

func TestImage_zerosTakeNoSpace(t *testing.T) {
	t.Parallel()
	content := make([]byte, 64*wasmPage)
	content[40*wasmPage] = 1
	im, err := NewImage(content)
	if err != nil {
		t.Fatal(err)
	}
	defer im.Close()
	var st unix.Stat_t
	if err := unix.Fstat(im.fd, &st); err != nil {
		t.Fatal(err)
	}
	if used := st.Blocks * 512; used > wasmPage {
		t.Errorf("one byte takes %d", used)
	}
}

// TestRegion_mappings counts what the kernel has to keep of an idle memory, and sees that what was given back is
// out of reach.
func TestRegion_mappings(t *testing.T) {
	t.Parallel()
	im, m := mapped(t, Drop, testImage(), 8*wasmPage)
	check := func(when string, want ...string) {
		t.Helper()
		if got := mappings(t, m); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: %v, want %v", when, got, want)
		}
	}
	check("born", "0-4 rw-p", "4-8 ---p")
	m.Reallocate(6 * wasmPage)
	check("grown", "0-4 rw-p", "4-6 rw-p", "6-8 ---p")
	if err := m.Reset(); err != nil {
		t.Fatal(err)
	}
	check("reset, not shrunk", "0-4 rw-p", "4-6 rw-p", "6-8 ---p")
	shrink(t, m, im)
	check("shrunk, not reset", "0-4 rw-p", "4-6 rw-p", "6-8 ---p")
	if err := m.Reset(); err != nil {
		t.Fatal(err)
	}
	check("shrunk and reset", "0-4 rw-p", "4-8 ---p")
	m.Reallocate(5 * wasmPage)
	shrink(t, m, im)
	if err := m.Trim(); err != nil {
		t.Fatal(err)
	}
	check("trimmed", "0-4 rw-p", "4-8 ---p")
}

// mappings lists the kernel's mappings of a memory, in pages of WebAssembly's.
func mappings(t *testing.T, m *Memory) (list []string) {
	t.Helper()
	f, err := os.Open("/proc/self/smaps")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	base := uintptr(unsafe.Pointer(&m.pages.(*region).mem[0]))
	end := base + uintptr(m.reserve)
	ours := false
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var lo, hi uintptr
		var perm string
		if n, _ := fmt.Sscanf(lines.Text(), "%x-%x %s", &lo, &hi, &perm); n == 3 {
			lo, hi = max(lo, base), min(hi, end)
			if ours = lo < hi; ours {
				list = append(list, fmt.Sprintf("%d-%d %s", (lo-base)/wasmPage, (hi-base)/wasmPage, perm))
			}
		}
		if flags, ok := strings.CutPrefix(lines.Text(), "VmFlags:"); ok && ours && !strings.Contains(flags, " dc") {
			t.Errorf("%s would be copied by fork", list[len(list)-1])
		}
	}
	return list
}

func TestRegion_keepsSomePages(t *testing.T) {
	t.Parallel()
	eachStrategy(t, func(t *testing.T, s Strategy) {
		if s >= Drop {
			return // they keep none, or all
		}
		const size = maxKeep + 16*wasmPage
		im, m := mapped(t, s, make([]byte, size), size+wasmPage)
		for round := range 3 {
			b := m.Reallocate(size + wasmPage)
			for i := 0; i < len(b); i += 4096 {
				b[i] = 1
			}
			shrink(t, m, im)
			if err := m.Reset(); err != nil {
				t.Fatal(err)
			}
			if got := privateBytes(t, m); got != maxKeep {
				t.Errorf("round %d: %d bytes are private, want %d", round, got, maxKeep)
			}
			if found := m.pages.found(); found >= 0 && found != size {
				t.Errorf("round %d: found %d bytes, want %d", round, found, size)
			}
		}
		if err := m.Verify(); err != nil {
			t.Error(err)
		}
		if err := m.Trim(); err != nil {
			t.Fatal(err)
		}
		if got := privateBytes(t, m); got != 0 {
			t.Errorf("%d bytes are private after Trim", got)
		}
	})
}

func TestReset_keepsWhatWasWrittenTo(t *testing.T) {
	t.Parallel()
	eachStrategy(t, func(t *testing.T, s Strategy) {
		if s == Copy {
			return // it has no pages
		}
		page := os.Getpagesize()
		_, m := mapped(t, s, filled(1<<20), 1<<20)
		want := map[Strategy]int{Scan: 4 * page, Pagemap: 4 * page, Populate: 4 * page}[s]
		for range 3 {
			b := m.Reallocate(1 << 20)
			for _, p := range []int{0, 6, 7, 1<<20/page - 1} {
				b[p*page]++
			}
			if err := m.Reset(); err != nil {
				t.Fatal(err)
			}
			if got := privateBytes(t, m); got != want {
				t.Errorf("%d bytes are private, want %d", got, want)
			}
		}
	})
}

// TestReset_givesBackWhatIsNotNeeded: one call that writes to much does not make all later resets slow.
func TestReset_givesBackWhatIsNotNeeded(t *testing.T) {
	t.Parallel()
	page := os.Getpagesize()
	few, much := []int{3, 4, 7}, make([]int, 2*maxUnchanged/page)
	some := make([]int, maxUnchanged/page) // beside few
	for i := range much {
		much[i] = i
	}
	for i := range some {
		some[i] = 50 + i
	}
	eachStrategy(t, func(t *testing.T, s Strategy) {
		if s > Pagemap {
			return
		}
		_, m := mapped(t, s, filled(1<<20), 1<<20)
		call := func(pages []int, private int) {
			t.Helper()
			b := m.Reallocate(1 << 20)
			for _, p := range pages {
				b[p*page]++
			}
			if err := errors.Join(m.Reset(), m.Verify()); err != nil {
				t.Fatal(err)
			}
			if got := privateBytes(t, m) / page; got != private {
				t.Fatalf("%d pages are private, want %d", got, private)
			}
		}
		call(much, len(much))
		for range maxPatience - 1 {
			call(few, len(much))
		}
		call(much, len(much)) // who needs it now and then keeps it
		for range maxPatience {
			call(few, len(much))
		}
		call(few, len(few))
		call(some, len(few)+len(some))
		for range 2 * maxPatience {
			call(few, len(few)+len(some)) // which are not too many
		}
	})
}

// privateBytes asks the kernel anew, by way of a file that Scan does not use.
func privateBytes(t *testing.T, m *Memory) int {
	t.Helper()
	r := m.pages.(*region)
	f, err := os.Open("/proc/self/pagemap")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	raw := make([]byte, m.reserve/r.page*8)
	if _, err := f.ReadAt(raw, int64(uintptr(unsafe.Pointer(&r.mem[0])))/int64(r.page)*8); err != nil {
		t.Fatal(err)
	}
	n := 0
	for i := 0; i < len(raw); i += 8 {
		if private(*(*uint64)(unsafe.Pointer(&raw[i]))) {
			n += r.page
		}
	}
	return n
}

// TestReset_keepsPagesInPlace is what makes Scan and Pagemap fast: the next call takes no page fault.
func TestReset_keepsPagesInPlace(t *testing.T) {
	eachStrategy(t, func(t *testing.T, s Strategy) {
		if s > Populate {
			return
		}
		_, m := mapped(t, s, make([]byte, 1<<20), 1<<20)
		b := m.Reallocate(1 << 20)
		call := func() {
			for i := 0; i < len(b); i += 8192 {
				b[i]++
			}
		}
		call()
		if err := m.Reset(); err != nil {
			t.Fatal(err)
		}
		before := faults(t)
		call()
		if n := faults(t) - before; n > 64 { // of 128 pages; Go's own may come between
			t.Errorf("%d page faults", n)
		}
	})
}

func faults(t *testing.T) int64 {
	t.Helper()
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return int64(u.Minflt)
}

func TestPrivate(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		entry uint64
		want  bool
	}{
		"nothing there":          {0, false},
		"soft-dirty alone":       {1 << 55, false},
		"written to":             {1<<63 | 1<<56 | 0x1234, true},
		"written to, in swap":    {1 << 62, true},
		"of the file":            {1<<63 | 1<<61, false},
		"of the file, moving":    {1<<62 | 1<<61, false},
		"of a file, exclusively": {1<<63 | 1<<61 | 1<<56, false},
	} {
		if private(c.entry) != c.want {
			t.Errorf("%s: %v", name, !c.want)
		}
	}
}

// TestScan_asksForPrivatePages reads the request as admin-guide/mm/pagemap.rst says that the kernel does, because
// this machine may have no swap to try it with.
func TestScan_asksForPrivatePages(t *testing.T) {
	t.Parallel()
	all := []uint64{pageIsFile, pageIsPresent, pageIsSwapped, pageIsPFNZero}
	for bits := range 1 << len(all) {
		var page uint64
		for i, c := range all {
			if bits>>i&1 == 1 {
				page |= c
			}
		}
		seen := page ^ askPrivate.inverted
		got := seen&askPrivate.mask == askPrivate.mask && seen&askPrivate.anyOf != 0
		want := page&(pageIsPresent|pageIsSwapped) != 0 && page&(pageIsFile|pageIsPFNZero) == 0
		if got != want {
			t.Errorf("categories %#x: asked for: %v", page, got)
		}
	}
}

func TestSeal_leavesNothingOpen(t *testing.T) {
	if _, _, err := seal(nil); err == nil { // a file of no bytes cannot be mapped
		t.Fatal("nothing was mapped")
	}
	if links, _ := os.ReadDir("/proc/self/fd"); len(links) == 0 {
		t.Fatal("no descriptors")
	} else {
		for _, l := range links {
			if to, _ := os.Readlink("/proc/self/fd/" + l.Name()); strings.Contains(to, "linear-memory") {
				t.Errorf("descriptor %s is still %s", l.Name(), to)
			}
		}
	}
}

func TestNew_withoutAddresses(t *testing.T) {
	t.Parallel()
	if _, err := New(math.MaxInt-wasmPage, Drop); !errors.Is(err, unix.ENOMEM) {
		t.Errorf("all addresses there are: %v", err)
	}
}

func TestMap_ofACopy(t *testing.T) {
	t.Parallel()
	m, err := New(wasmPage, Drop)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	copied := &Image{bytes: make([]byte, wasmPage), fd: -1, users: 1} // as where there is no memfd_create
	if err := m.Map(copied); !errors.Is(err, errors.ErrUnsupported) || copied.users != 1 {
		t.Errorf("got %v, users %d", err, copied.users)
	}
}
