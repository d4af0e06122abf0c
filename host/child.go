package host

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"patchbay/host/internal/guest"
	"patchbay/host/internal/jail"
	"patchbay/host/internal/linear"
	"patchbay/host/internal/sandbox"
	"patchbay/host/internal/worker"
	"patchbay/wasm"
)

// childArg is the first argument of a process that does a part of the host's work, childRole the second.
const childArg = "patchbay-child"

// What such a process does.
const (
	roleWorker  = "worker"  // runs guests
	roleCompile = "compile" // compiles a module
	roleProbe   = "probe"   // attacks what holds it, to show what the kernel enforces
)

// A child is this program again, and has nothing to do with what the program is for: it takes over before main,
// so that every command and every test that runs guests has its children without a word about it.
func init() {
	if len(os.Args) < 3 || os.Args[1] != childArg {
		return
	}
	err := child(os.Args[2], os.Args[3:])
	var invalid sandbox.Invalid
	switch {
	case err == nil:
		os.Exit(0)
	case errors.As(err, &invalid):
		fmt.Fprintln(os.Stderr, invalid)
		os.Exit(exitInvalid)
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// exitInvalid is how a compiling child ends whose module is at fault.
const exitInvalid = 3

func child(role string, args []string) error {
	switch {
	case role == roleWorker:
		return serveGuest()
	case role == roleCompile && len(args) == 2:
		return compileChild(args[0], args[1])
	case role == roleProbe:
		return jail.Answer(jail.Spec{Data: workerData, FileSize: workerFile, OpenFiles: 64}, os.Stdin, os.Stdout)
	}
	return fmt.Errorf("%s: no such role: %s %v", childArg, role, args)
}

// childCommand returns the command that makes this program a child: with no environment of this one, and
// gone when this process is.
func childCommand(ctx context.Context, role string, args ...string) *exec.Cmd {
	self := ownBinary()
	cmd := exec.CommandContext(ctx, self, append([]string{childArg, role}, args...)...)
	cmd.Env = []string{"GOTRACEBACK=none"}
	cmd.SysProcAttr = leash()
	return cmd
}

// Bounds of the processes, which contain what the bounds within them should fail to.
const (
	workerData      = 2 << 30          // bytes of private memory: 8 calls of 64 MiB, their stacks, and Go's heap
	workerFile      = 256 << 20        // bytes of a snapshot, the most memory that a guest may have
	compileData     = 3 << 29          // the worst module that is admitted takes a third of it
	compileTime     = 60 * time.Second // of a processor
	compilePatience = 5 * time.Minute  // for that time to pass, on a machine that has other things to do
	compileFile     = 256 << 20        // bytes of machine code
)

// serveGuest is the whole life of a worker.
func serveGuest() error {
	return worker.Serve(worker.ServeConfig{
		Enter: func(dir string) error {
			_, _ = linear.Probe() // opens what it needs of /proc while it may; what it finds is used later
			_, err := jail.Enter(jail.Spec{Read: []string{dir}, Files: true, Data: workerData, FileSize: workerFile, OpenFiles: 64})
			return err
		},
		Open: func(ctx context.Context, dir string, m guest.Module, concurrency int) (func(context.Context) (guest.Program, error), error) {
			return sandbox.New(sandbox.Config{Concurrency: concurrency}).Open(ctx, dir, m)
		},
		Sealed: func() (string, error) {
			r, err := jail.Enter(jail.Spec{Data: workerData, FileSize: workerFile, OpenFiles: 64})
			return r.Weakness(), err
		},
	})
}

// compileChild compiles the module on standard input into dir, within so much time of a processor.
func compileChild(dir, limit string) error {
	cpu, err := time.ParseDuration(limit)
	if err != nil {
		return err
	}
	spec := jail.Spec{Read: []string{dir}, Write: []string{dir}, Files: true, Data: compileData, CPU: cpu, FileSize: compileFile, OpenFiles: 64}
	if _, err := jail.Enter(spec); err != nil {
		return err
	}
	module, err := io.ReadAll(io.LimitReader(os.Stdin, sandbox.MaxModule))
	if err != nil {
		return err
	}
	return sandbox.Compile(context.Background(), module, dir)
}

// compileInChild is [sandbox.Compile] in a process that is killed when it takes too long. Whether a module is refused must
// not depend on what else the machine does: so it is the processor's time that counts.
func compileInChild(ctx context.Context, module []byte, dir string) error {
	return compileWithin(ctx, compileTime, compilePatience, module, dir)
}

func compileWithin(ctx context.Context, limit, patience time.Duration, module []byte, dir string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, errBusy)
	defer cancel()
	said := &lastWords{}
	cmd := childCommand(ctx, roleCompile, dir, limit.String())
	cmd.Stdin, cmd.Stderr = bytes.NewReader(module), said
	err := cmd.Run()
	switch {
	case err == nil:
		return nil
	case cmd.ProcessState != nil && cmd.ProcessState.ExitCode() == exitInvalid:
		return sandbox.Invalid(said.String())
	case errors.Is(context.Cause(ctx), errBusy):
		return fmt.Errorf("%w: the compiler had not finished after %v, of which it had a processor for %v", errBusy, patience, worked(cmd.ProcessState).Round(time.Millisecond))
	case ctx.Err() != nil:
		return ctx.Err()
	case strings.Contains(said.String(), "out of memory"), strings.Contains(said.String(), "failed to allocate"): // so the race detector
		return tooHard(fmt.Sprintf("the compiler needed more than %d bytes of memory", compileData))
	}
	if p := cmd.ProcessState; worked(p) > limit/2 && p.ExitCode() < 0 { // the kernel's account is not the one of wait(2)
		return tooHard(fmt.Sprintf("the compiler had not finished it after %v of a processor's time", limit))
	}
	return fmt.Errorf("the process that compiles ended with %w: %s", err, said)
}

var errBusy = errors.New("this machine is too busy")

// worked is the processor's time that a process has used; none if it never was.
func worked(p *os.ProcessState) time.Duration {
	if p == nil {
		return 0
	}
	return p.UserTime() + p.SystemTime()
}

// tooHard refuses a module that passed every check and is too much for the compiler all the same.
func tooHard(problem string) error {
	return &wasm.Error{Kind: wasm.ErrLimit, Entry: -1, Offset: -1, Problem: problem,
		Fix: "split functions that are very large or deeply nested"}
}
