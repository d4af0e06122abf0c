package jail

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

const (
	maxAnswer  = 1 << 20 // bytes that a probe may write
	maxStderr  = 4 << 10
	probeGrace = time.Second // for a probe's output after it has ended
)

// Finding is what a probe found out about the jail on this machine.
type Finding struct {
	Report   Report
	Attempts []Attempt
}

// Tier returns the tier that was reached: that of the report, if every attack was denied, and otherwise the weakest.
func (f Finding) Tier() Tier {
	if len(f.Attempts) == 0 || len(f.Passed()) > 0 {
		return TierC
	}
	return f.Report.Tier()
}

// Passed returns the attacks that were not denied.
func (f Finding) Passed() []Attempt {
	var passed []Attempt
	for _, a := range f.Attempts {
		if !a.Denied {
			passed = append(passed, a)
		}
	}
	return passed
}

// Probe starts the command, whose process is to call [Answer], and returns what that says. It sets up what the
// process attacks: a folder of its own, listeners on the loopback interface, and this process itself. The command
// should have the environment and the attributes of those for which it stands, and is given its input and output
// here. It is killed when ctx is done; Probe returns when it has ended.
func Probe(ctx context.Context, cmd *exec.Cmd) (Finding, error) {
	b, err := setBait()
	if err != nil {
		return Finding{}, fmt.Errorf("jail: set up the probe: %w", err)
	}
	defer b.remove()
	question, err := json.Marshal(b.targets)
	if err != nil {
		return Finding{}, err
	}
	answer, stderr := &capped{max: maxAnswer}, &capped{max: maxStderr}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(question), answer, stderr
	cmd.WaitDelay = probeGrace
	if err := cmd.Start(); err != nil {
		return Finding{}, fmt.Errorf("jail: start the probe: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { cmd.Process.Kill() })
	defer stop()
	if err := cmd.Wait(); err != nil {
		return Finding{}, fmt.Errorf("jail: the probe: %w", errors.Join(context.Cause(ctx), err, stderr.asError()))
	}
	var f Finding
	if err := json.Unmarshal(answer.Bytes(), &f); err != nil {
		return Finding{}, fmt.Errorf("jail: the probe's answer: %w", err)
	}
	return f, nil
}

// Answer is the other side of [Probe]: it reads what to attack, enters the jail of the spec, attacks, and writes
// what came of it.
func Answer(spec Spec, in io.Reader, out io.Writer) error {
	return answer(spec, in, out, Enter)
}

func answer(spec Spec, in io.Reader, out io.Writer, enter func(Spec) (Report, error)) error {
	var t targets
	if err := json.NewDecoder(in).Decode(&t); err != nil {
		return fmt.Errorf("jail: read what to attack: %w", err)
	}
	r, err := enter(spec)
	if err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(Finding{Report: r, Attempts: tryAll(spec, t)})
}

// bait is what a probe attacks.
type bait struct {
	targets targets
	open    []io.Closer
}

func setBait() (*bait, error) {
	folder, err := os.MkdirTemp("", "patchbay-probe-")
	if err != nil {
		return nil, err
	}
	b := &bait{targets: targets{Parent: os.Getpid(), Folder: folder, Socket: filepath.Join(folder, "socket")}}
	if err := errors.Join(
		os.WriteFile(filepath.Join(folder, "bait"), []byte("bait"), 0o700),
		os.WriteFile(filepath.Join(folder, "spare"), nil, 0o600),
		b.listen(),
	); err != nil {
		b.remove()
		return nil, err
	}
	return b, nil
}

func (b *bait) listen() error {
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	b.open, b.targets.TCP = append(b.open, tcp), tcp.Addr().String()
	udp, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	b.open, b.targets.UDP = append(b.open, udp), udp.LocalAddr().String()
	path, err := net.Listen("unix", b.targets.Socket)
	if err != nil {
		return err
	}
	b.open = append(b.open, path)
	if !hasAbstract {
		return nil
	}
	b.targets.Abstract = "@" + filepath.Base(b.targets.Folder)
	abstract, err := net.Listen("unix", b.targets.Abstract)
	if err != nil {
		return err
	}
	b.open = append(b.open, abstract)
	return nil
}

// remove closes the listeners, and removes the folder with what a successful attack has left in it.
func (b *bait) remove() {
	for _, c := range b.open {
		c.Close()
	}
	os.RemoveAll(b.targets.Folder)
}

// capped keeps the first bytes that are written to it and takes the rest for granted.
type capped struct {
	bytes.Buffer
	max int
}

func (c *capped) Write(p []byte) (int, error) {
	c.Buffer.Write(p[:min(len(p), c.max-c.Len())])
	return len(p), nil
}

func (c *capped) asError() error {
	if c.Len() == 0 {
		return nil
	}
	return errors.New(string(bytes.TrimSpace(c.Bytes())))
}
