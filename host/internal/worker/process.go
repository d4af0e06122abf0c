package worker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"time"
)

// process is one child. It is the runner that go-plugin starts its servers with. go-plugin's own would hand the
// child our standard input, and would not reap it as long as anything holds its output open.
type process struct {
	cmd     *exec.Cmd
	sockets string // folder in which its socket must be
	tail    tail

	stdout, stderr *pipe
	exited         chan struct{} // closed when it is reaped
	drained        chan struct{} // closed when go-plugin has read all its output

	mu      sync.Mutex // guards what follows
	started bool
	killed  bool
}

func newProcess(cmd *exec.Cmd) *process {
	return &process{cmd: cmd, exited: make(chan struct{}), drained: make(chan struct{})}
}

// confine sees to it that the process is given nothing of ours but what its command names, env and two pipes.
func (p *process) confine(env []string, sockets string) {
	p.sockets = sockets
	p.cmd.Env = append(append([]string{}, p.cmd.Env...), env...) // never nil, which would stand for all of ours
	p.cmd.SysProcAttr = attributes()
	if p.cmd.Dir == "" {
		p.cmd.Dir = "/"
	}
}

// Start starts the process, unless it has been killed before.
func (p *process) Start(context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.killed {
		return errors.New("stopped before it was started")
	}
	stdout, childOut, err := os.Pipe()
	if err != nil {
		return err
	}
	defer childOut.Close()
	stderr, childErr, err := os.Pipe()
	if err != nil {
		stdout.Close()
		return err
	}
	defer childErr.Close()
	p.stdout = &pipe{File: stdout, left: maxOutput, over: p.kill}
	p.stderr = &pipe{File: stderr, left: maxOutput, over: p.kill}
	p.cmd.Stdin, p.cmd.Stdout, p.cmd.Stderr = nil, childOut, childErr
	if err := p.cmd.Start(); err != nil {
		stdout.Close()
		stderr.Close()
		return err
	}
	p.started = true
	go p.reap()
	return nil
}

// reap waits for the process. What it started itself may outlive it and hold its output open: that is read for
// a moment longer.
func (p *process) reap() {
	p.cmd.Wait() // its error is the state, which describe reads
	soon := time.Now().Add(50 * time.Millisecond)
	p.stdout.SetReadDeadline(soon)
	p.stderr.SetReadDeadline(soon)
	close(p.exited)
}

// kill ends the process, and what it may have started, without a word.
func (p *process) kill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.killed = true
	if !p.started {
		return
	}
	select {
	case <-p.exited:
	default:
		killGroup(p.cmd.Process.Pid)
		p.cmd.Process.Kill()
	}
}

// Wait is called by go-plugin when it has read all output.
func (p *process) Wait(context.Context) error {
	<-p.exited
	p.stdout.Close()
	p.stderr.Close()
	close(p.drained)
	return nil
}

// linger gives the process a moment to end by itself.
func (p *process) linger() {
	select {
	case <-p.exited:
	case <-time.After(100 * time.Millisecond):
	}
}

// gone waits until the process is reaped and all that it wrote is read.
func (p *process) gone() {
	p.mu.Lock()
	started := p.started
	p.mu.Unlock()
	if started {
		<-p.drained
	}
}

// describe says how a process that is gone has ended, and what it wrote to standard error last.
func (p *process) describe() (how, stderr string) {
	stderr, reason := p.tail.text()
	how = p.cmd.ProcessState.String()
	if reason != "" {
		how += ": " + reason
	}
	return how, stderr
}

// diedByItself reports whether a process that is gone has run and was not killed by a signal, such as ours.
func (p *process) diedByItself() bool {
	return p.cmd.ProcessState != nil && p.cmd.ProcessState.Exited()
}

// PluginToHost checks the address that the child has told before anything is connected to it.
func (p *process) PluginToHost(network, address string) (string, string, error) {
	if network != "unix" || filepath.Dir(address) != p.sockets {
		return "", "", fmt.Errorf("it listens on %q %q, want a unix socket in %s", network, address, p.sockets)
	}
	return network, address, nil
}

// HostToPlugin is for servers of the host's own, of which there are none.
func (p *process) HostToPlugin(network, address string) (string, string, error) {
	return network, address, nil
}

// Kill is called by go-plugin when a start has failed, which whoever began it sees to.
func (p *process) Kill(context.Context) error { return nil }

func (p *process) Diagnose(context.Context) string { return "" }
func (p *process) Stdout() io.ReadCloser           { return p.stdout }
func (p *process) Stderr() io.ReadCloser           { return p.stderr }
func (p *process) Name() string                    { return "worker" }
func (p *process) ID() string                      { return strconv.Itoa(p.cmd.Process.Pid) }
