//go:build linux && (amd64 || arm64)

package jail

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// needs are what a worker does in jail, as often as it likes and from many threads.
var needs = []struct {
	name string
	try  func(*worker) error
}{
	{"threads", func(*worker) error { return inThreads(20, func() error { return nil }) }},
	{"timers", func(*worker) error { <-time.After(time.Millisecond); return nil }},
	{"garbage", func(*worker) error {
		kept := make([][]byte, 64)
		for i := range kept {
			kept[i] = make([]byte, 64<<10)
		}
		runtime.GC()
		debug.FreeOSMemory()
		runtime.KeepAlive(kept)
		return nil
	}},
	{"compiled code", func(*worker) error { return execMemory(machineReturn) }},
	{"memory file", func(*worker) error { return memoryFile(1 << 20) }},
	{"page map", (*worker).scan},
	{"pipe", func(*worker) error {
		r, w, err := os.Pipe()
		if err != nil {
			return err
		}
		go func() { w.WriteString("through a pipe"); w.Close() }()
		_, err = io.ReadAll(r) // parked in epoll until there is something
		return errors.Join(err, r.Close())
	}},
	{"panic", func(*worker) (err error) {
		defer func() { recover() }()
		var none *worker
		none.pagemap = nil // the kernel's signal becomes Go's panic
		return errors.New("a null pointer was written through")
	}},
}

// worker is a child with what it has opened before the jail.
type worker struct {
	listener net.Listener
	pagemap  *os.File
}

func init() {
	children["worker"] = func() error {
		l, err := net.Listen("unix", os.Getenv("JAIL_SOCKET"))
		if err != nil {
			return err
		}
		f, err := os.Open("/proc/self/pagemap")
		if err != nil {
			return err
		}
		w := &worker{l, f}
		if _, err := Enter(Spec{Data: 1 << 30, FileSize: 1 << 20, OpenFiles: 256, CPU: time.Minute}); err != nil {
			return err
		}
		fmt.Println("ready")
		return w.serve()
	}
}

// serve answers each connection with what became of the need that it names, until one names none.
func (w *worker) serve() error {
	var all sync.WaitGroup
	defer all.Wait()
	for {
		c, err := w.listener.Accept()
		if err != nil {
			return err
		}
		name, err := io.ReadAll(c)
		if err != nil {
			return err
		}
		if len(name) == 0 {
			return c.Close()
		}
		all.Go(func() {
			for _, n := range needs {
				if n.name == string(name) {
					fmt.Fprint(c, n.try(w))
				}
			}
			c.Close()
		})
	}
}

// TestLife: a worker in jail can do all it needs, under a load of many connections and threads.
func TestLife(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "s")
	cmd := jailed(t, "worker", "JAIL_SOCKET="+socket)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stderr strings.Builder
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 8)); err != nil {
		t.Errorf("the worker is not ready: %v", err)
	}
	var all sync.WaitGroup
	for range 10 {
		for _, n := range needs {
			all.Go(func() {
				if got, err := ask(socket, n.name); err != nil || got != "<nil>" {
					t.Errorf("%s: %s, %v", n.name, got, err)
				}
			})
		}
	}
	all.Wait()
	ask(socket, "")
	if err := cmd.Wait(); err != nil {
		t.Errorf("%v\n%s", err, stderr.String())
	}
}

func ask(socket, what string) (string, error) {
	c, err := net.Dial("unix", socket)
	if err != nil {
		return "", err
	}
	defer c.Close()
	if _, err := io.WriteString(c, what); err != nil {
		return "", err
	}
	if err := c.(*net.UnixConn).CloseWrite(); err != nil {
		return "", err
	}
	answer, err := io.ReadAll(c)
	return string(answer), err
}

// inThreads calls f on n threads at once, which end afterwards.
func inThreads(n int, f func() error) error {
	errs := make(chan error, n)
	var together sync.WaitGroup
	together.Add(n)
	for range n {
		go func() {
			runtime.LockOSThread() // for good: the thread ends with the goroutine
			together.Done()
			together.Wait()
			errs <- f()
		}()
	}
	var all []error
	for range n {
		all = append(all, <-errs)
	}
	return errors.Join(all...)
}

// execMemory runs machine code the way a compiler does: written first, made executable then.
func execMemory(code []byte) error {
	b, err := unix.Mmap(-1, 0, 4096, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		return err
	}
	copy(b, code)
	if err := unix.Mprotect(b, unix.PROT_READ|unix.PROT_EXEC); err != nil {
		return err
	}
	entry := &b[0]
	closure := &entry
	(*(*func())(unsafe.Pointer(&closure)))()
	return unix.Munmap(b)
}

// memoryFile makes a sealed memory file and maps it.
func memoryFile(size int) error {
	fd, err := unix.MemfdCreate("test", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	if err := unix.Ftruncate(fd, int64(size)); err != nil {
		return err
	}
	if _, err := unix.Pwrite(fd, []byte("image"), 0); err != nil {
		return err
	}
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, unix.F_SEAL_WRITE|unix.F_SEAL_SHRINK|unix.F_SEAL_GROW); err != nil {
		return err
	}
	b, err := unix.Mmap(fd, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE)
	if err != nil {
		return err
	}
	if string(b[:5]) != "image" {
		return fmt.Errorf("the memory file has %q", b[:5])
	}
	b[0] = 'I'
	return unix.Munmap(b)
}

// scan asks which pages were written to. A kernel that cannot say says so itself.
func (w *worker) scan() error {
	var arg [12]uint64
	arg[0] = 96 // its size
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, w.pagemap.Fd(), pagemapScan, uintptr(unsafe.Pointer(&arg)))
	if errno == unix.EPERM {
		return errno
	}
	_, err := w.pagemap.ReadAt(make([]byte, 8), 0)
	return err
}
