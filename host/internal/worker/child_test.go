//go:build linux

package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sort"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"patchbay/abi"
	"patchbay/host/internal/guest"
)

// This file has what the test binary is when it runs as a child: the same Serve as in the product, around a
// program that does what the operation of its call says.

func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "child":
			exit(Serve(ServeConfig{Enter: fakeEnter, Open: openFake, Sealed: fakeSealed}))
		case "hostile":
			exit(serveHostile())
		case "host":
			exit(beHost())
		case "sleeper":
			time.Sleep(time.Minute) // a process that outlives its parent, see fork
			os.Exit(0)
		}
	}
	os.Exit(m.Run())
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// module is what a test's "module" is: how the child starts.
type module struct {
	Enter, Open, Sealed, Start string // errors, if not empty
	Weak                       string // what Sealed says

	Hang   bool   // in the start
	HangIf string // in the start, if there is this file
	Exit   bool   // in the start
	ExitIf string // in the start, if there is this file
}

func prepareFake(_ context.Context, m guest.Module, dir string) error {
	return os.WriteFile(filepath.Join(dir, "module"), m.Code, 0o600)
}

func readModule(dir string) (m module) {
	data, err := os.ReadFile(filepath.Join(dir, "module"))
	if err == nil {
		err = json.Unmarshal(data, &m)
	}
	if err != nil {
		exit(err)
	}
	return m
}

var order []string // of what Serve called
var sealed func() (string, error)

func fakeEnter(dir string) error {
	order = append(order, "enter")
	m := readModule(dir)
	if m.Enter != "" {
		return errors.New(m.Enter)
	}
	return nil
}

func openFake(ctx context.Context, dir string, gm guest.Module, concurrency int) (func(context.Context) (guest.Program, error), error) {
	order = append(order, "open")
	m := readModule(dir)
	sealed = func() (string, error) {
		if m.Sealed != "" {
			return "", errors.New(m.Sealed)
		}
		return m.Weak, nil
	}
	if m.Open != "" {
		return nil, errors.New(m.Open)
	}
	return func(context.Context) (guest.Program, error) {
		order = append(order, "start")
		if m.Hang || exists(m.HangIf) {
			select {}
		}
		if m.Exit || exists(m.ExitIf) {
			fmt.Fprintln(os.Stderr, "no luck today")
			os.Exit(7)
		}
		if m.Start != "" {
			return nil, errors.New(m.Start)
		}
		return &fake{dir: dir, module: gm, concurrency: concurrency}, nil
	}, nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func fakeSealed() (string, error) {
	order = append(order, "sealed")
	return sealed()
}

// fake is a guest.Program without guests.
type fake struct {
	dir         string
	module      guest.Module
	concurrency int
	running     atomic.Int32
}

func (f *fake) Close(context.Context) error { return nil }

func (f *fake) Call(ctx context.Context, c guest.Call) (o guest.Outcome, err error) {
	o.Usage = guest.Usage{Fuel: 12, PeakMemory: 64 << 10}
	f.running.Add(1)
	defer f.running.Add(-1)
	if c.HTTP != nil {
		serve := c.HTTP
		c.HTTP = func(ctx context.Context, r abi.Request) abi.Response {
			o.Usage.HTTPCalls++
			o.Usage.HostCalls++
			return serve(ctx, r)
		}
	}
	do, ok := behaviours[c.Envelope.Operation]
	if !ok {
		return o, abi.Faultf(abi.Internal, "no behaviour %q", c.Envelope.Operation)
	}
	output, fault := do(ctx, f, c)
	if fault != nil {
		return o, fault
	}
	o.Result = abi.Done(output)
	return o, nil
}

type behaviour func(context.Context, *fake, guest.Call) (json.RawMessage, *abi.Fault)

var behaviours = map[string]behaviour{
	"echo": func(_ context.Context, _ *fake, c guest.Call) (json.RawMessage, *abi.Fault) {
		return c.Envelope.Input, nil
	},
	"call": func(ctx context.Context, _ *fake, c guest.Call) (json.RawMessage, *abi.Fault) {
		end, _ := ctx.Deadline()
		return encode(seen{c.Envelope, c.Limits, c.World, c.HTTP != nil, c.Log != nil, time.Until(end)}), nil
	},
	"self": func(_ context.Context, f *fake, _ guest.Call) (json.RawMessage, *abi.Fault) {
		return encode(look(f)), nil
	},
	"http": func(ctx context.Context, _ *fake, c guest.Call) (json.RawMessage, *abi.Fault) {
		var statuses []int
		for range inputNumber(c) {
			resp := c.HTTP(ctx, abi.Request{Method: "POST", URL: "https://a.example/?a=1&b=2", Body: []byte("raw\n\x00bytes")})
			if resp.Fault != nil {
				return encode(resp.Fault), nil
			}
			statuses = append(statuses, resp.Status+len(resp.Body))
		}
		return encode(statuses), nil
	},
	"insist": func(ctx context.Context, _ *fake, c guest.Call) (json.RawMessage, *abi.Fault) {
		for range inputNumber(c) {
			c.HTTP(ctx, abi.Request{Method: "GET", URL: "https://a.example/"})
		}
		<-ctx.Done()
		return nil, guest.StopFault(ctx, c.Limits.WithDefaults())
	},
	"big": func(ctx context.Context, _ *fake, c guest.Call) (json.RawMessage, *abi.Fault) {
		resp := c.HTTP(ctx, abi.Request{Method: "GET", URL: "https://a.example/" + strings.Repeat("&", int(inputNumber(c)))})
		return encode(resp), nil
	},
	"log": func(_ context.Context, _ *fake, c guest.Call) (json.RawMessage, *abi.Fault) {
		for i := range inputNumber(c) {
			c.Log(abi.LogRecord{Level: abi.LevelInfo, Message: fmt.Sprint("line ", i), Attrs: map[string]any{"i": i, "<": []any{"\u202e&"}}})
		}
		return nil, nil
	},
	"verdict": func(context.Context, *fake, guest.Call) (json.RawMessage, *abi.Fault) {
		f := abi.Faultf(abi.LimitExceeded, "too much \x1b[31mfuel")
		f.Details = json.RawMessage(`{"stderr":"last words"}`)
		return nil, f
	},
	"sleep": func(ctx context.Context, _ *fake, c guest.Call) (json.RawMessage, *abi.Fault) {
		select {
		case <-ctx.Done():
			return nil, guest.StopFault(ctx, c.Limits.WithDefaults())
		case <-time.After(time.Duration(inputNumber(c)) * time.Millisecond):
			return nil, nil
		}
	},
	"stubborn": func(_ context.Context, _ *fake, c guest.Call) (json.RawMessage, *abi.Fault) {
		<-time.After(time.Duration(inputNumber(c)) * time.Millisecond)
		return nil, nil
	},
	"hang":   func(context.Context, *fake, guest.Call) (json.RawMessage, *abi.Fault) { select {} },
	"panic":  func(context.Context, *fake, guest.Call) (json.RawMessage, *abi.Fault) { panic("boom \x1b[31m") },
	"exit":   func(context.Context, *fake, guest.Call) (json.RawMessage, *abi.Fault) { os.Exit(3); return nil, nil },
	"killed": func(context.Context, *fake, guest.Call) (json.RawMessage, *abi.Fault) { return nil, suicide() },
	"memory": func(context.Context, *fake, guest.Call) (json.RawMessage, *abi.Fault) {
		if err := syscall.Setrlimit(syscall.RLIMIT_DATA, &syscall.Rlimit{Cur: 256 << 20, Max: 256 << 20}); err != nil {
			exit(err)
		}
		for all := [][]byte{}; ; {
			all = append(all, make([]byte, 16<<20))
		}
	},
	"threads": func(_ context.Context, _ *fake, c guest.Call) (json.RawMessage, *abi.Fault) {
		for range inputNumber(c) {
			go func() {
				runtime.LockOSThread()
				select {}
			}()
		}
		select {}
	},
	"map": func(_ context.Context, _ *fake, c guest.Call) (json.RawMessage, *abi.Fault) {
		b, err := syscall.Mmap(-1, 0, int(inputNumber(c)), syscall.PROT_WRITE, syscall.MAP_SHARED|syscall.MAP_ANON|syscall.MAP_POPULATE)
		if err != nil {
			return nil, abi.Faultf(abi.Internal, "%v", err)
		}
		<-time.After(time.Minute)
		return encode(b[0]), nil
	},
	"memory file": func(_ context.Context, _ *fake, c guest.Call) (json.RawMessage, *abi.Fault) {
		file := memoryFileOf(int(inputNumber(c)))
		<-time.After(time.Minute)
		return encode(file.Close()), nil
	},
	"hide": func(_ context.Context, _ *fake, c guest.Call) (json.RawMessage, *abi.Fault) {
		for range inputNumber(c) {
			file := memoryFileOf(1 << 12)
			if _, err := syscall.Mmap(int(file.Fd()), 0, 1<<12, syscall.PROT_READ, syscall.MAP_PRIVATE); err != nil {
				exit(err)
			}
			file.Close()
		}
		select {}
	},
	"burn": func(context.Context, *fake, guest.Call) (json.RawMessage, *abi.Fault) {
		go func() {
			for {
				runtime.Gosched()
			}
		}()
		return nil, nil
	},
	"fork": func(context.Context, *fake, guest.Call) (json.RawMessage, *abi.Fault) {
		cmd := exec.Command("/proc/self/exe", "sleeper")
		cmd.Stdout, cmd.Stderr = os.NewFile(1, ""), os.NewFile(2, "")
		if err := cmd.Start(); err != nil {
			return nil, abi.Faultf(abi.Internal, "%v", err)
		}
		return encode(cmd.Process.Pid), nil
	},
	"shout": func(context.Context, *fake, guest.Call) (json.RawMessage, *abi.Fault) {
		for {
			fmt.Fprintln(os.Stderr, strings.Repeat("a", 1000))
		}
	},
	"print": func(context.Context, *fake, guest.Call) (json.RawMessage, *abi.Fault) {
		fmt.Println("to standard output")
		return nil, nil
	},
}

func memoryFileOf(size int) *os.File {
	name := [...]byte{'f', 0}
	number := map[string]uintptr{"amd64": 319, "arm64": 279}[runtime.GOARCH] // package syscall does not have it
	fd, _, errno := syscall.Syscall(number, uintptr(unsafe.Pointer(&name)), 0, 0)
	if errno != 0 {
		exit(errno)
	}
	file := os.NewFile(fd, "memory file")
	if _, err := file.Write(make([]byte, size)); err != nil {
		exit(err)
	}
	return file
}

func suicide() *abi.Fault {
	syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {}
}

// seen is a call as the program in the child sees it.
type seen struct {
	Envelope  abi.Envelope
	Limits    abi.Limits
	World     *guest.World
	HTTP, Log bool
	Left      time.Duration
}

// self is a child as it sees itself.
type self struct {
	Order       []string
	Env, Files  []string
	Dir         string
	PID, SID    int
	Sockets     []string // names in the socket's folder
	Module      guest.Module
	Concurrency int
}

func look(f *fake) self {
	s := self{Order: order, Env: os.Environ(), PID: os.Getpid(), Module: f.module, Concurrency: f.concurrency}
	s.Dir, _ = os.Getwd()
	sid, _, _ := syscall.Syscall(syscall.SYS_GETSID, 0, 0, 0)
	s.SID = int(sid)
	files, _ := os.ReadDir("/proc/self/fd")
	for _, file := range files {
		if to, err := os.Readlink("/proc/self/fd/" + file.Name()); err == nil {
			s.Files = append(s.Files, to)
		}
	}
	sort.Strings(s.Files)
	sockets, _ := os.ReadDir(os.Getenv("PLUGIN_UNIX_SOCKET_DIR"))
	for _, e := range sockets {
		s.Sockets = append(s.Sockets, e.Name())
	}
	return s
}

func inputNumber(c guest.Call) (n int64) {
	if err := json.Unmarshal(c.Envelope.Input, &n); err != nil {
		exit(err)
	}
	return n
}

func encode(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		exit(err)
	}
	return b
}
