package worker

import (
	"bytes"
	"errors"
	"io"
	"os"
	"strings"
	"sync"

	"patchbay/host/internal/guest"
)

// Bounds of what a process may write to standard output and error in its life, and of what is kept. Our own
// writes a line to the first to say where its socket is, and to the second only when it dies.
const (
	maxOutput = 1 << 20
	maxKept   = 4 << 10
)

// pipe is the reading end of a process's output, which ends at the bound.
type pipe struct {
	*os.File
	left int
	over func() // called when there is more
}

func (p *pipe) Read(b []byte) (int, error) {
	n, err := p.File.Read(b)
	if p.left -= n; p.left < 0 {
		p.over()
		return 0, io.EOF
	}
	if errors.Is(err, os.ErrDeadlineExceeded) { // the process is gone, and something it started holds the other end
		err = io.EOF
	}
	return n, err
}

// tail keeps what a process has written to standard error last, or, once its runtime has said why it gives up,
// what it wrote from there on. It is an io.Writer to which go-plugin writes each line, then its end.
type tail struct {
	mu     sync.Mutex // guards what follows
	kept   []byte
	reason string
}

func (t *tail) Write(line []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.reason == "" && (bytes.HasPrefix(line, []byte("panic: ")) || bytes.HasPrefix(line, []byte("fatal error: "))) {
		t.reason, t.kept = string(line), nil
	}
	t.kept = append(t.kept, line...)
	if extra := len(t.kept) - maxKept; extra > 0 && t.reason == "" {
		t.kept = append(t.kept[:0], t.kept[extra:]...)
	} else if extra > 0 {
		t.kept = t.kept[:maxKept]
	}
	return len(line), nil
}

// text returns what was kept, and the line of it that says most.
func (t *tail) text() (kept, reason string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	kept = strings.TrimSpace(guest.Printable(string(t.kept)))
	reason = guest.Printable(t.reason)
	if reason == "" {
		reason = kept[strings.LastIndexByte(kept, '\n')+1:]
	}
	return kept, guest.Shorten(reason)
}
