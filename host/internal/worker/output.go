package worker

import (
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
	maxKept   = guest.MaxWords
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

// tail keeps what a process has written to standard error. It is an io.Writer to which go-plugin writes each line,
// then its end.
type tail struct {
	mu    sync.Mutex // guards words
	words guest.LastWords
}

func (t *tail) Write(line []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.words.Add(string(line))
	return len(line), nil
}

// text returns what was kept, and the line of it that says most.
func (t *tail) text() (kept, reason string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	kept = strings.TrimSpace(guest.Printable(t.words.Text()))
	reason = guest.Printable(t.words.Reason())
	if reason == "" {
		reason = kept[strings.LastIndexByte(kept, '\n')+1:]
	}
	return kept, guest.Shorten(reason)
}
