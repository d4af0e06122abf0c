package state

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// crew is a set of helper processes and what they have had acknowledged.
type crew struct {
	mu     sync.Mutex // guards the fields below
	acked  []string
	added  uint64
	procs  map[int]*exec.Cmd
	dead   map[int]bool // by our hand
	stdins []io.Closer

	ended sync.WaitGroup
}

func (c *crew) start(t *testing.T, dir, name string) {
	cmd := helper(t, "write", dir, name)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	c.mu.Lock()
	c.procs[cmd.Process.Pid] = cmd
	c.stdins = append(c.stdins, stdin)
	c.mu.Unlock()
	c.ended.Go(func() {
		for lines := bufio.NewScanner(stdout); lines.Scan(); {
			c.note(lines.Text())
		}
		err := cmd.Wait()
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.procs, cmd.Process.Pid)
		if err != nil && !c.dead[cmd.Process.Pid] {
			t.Errorf("%s: %v", name, err)
		}
	})
}

func (c *crew) note(line string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if key, ok := strings.CutPrefix(line, "ack "); ok {
		c.acked = append(c.acked, key)
	} else if line == "add" {
		c.added++
	}
}

// dismiss lets everybody end.
func (c *crew) dismiss() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, stdin := range c.stdins {
		stdin.Close()
	}
}

// kill ends the present owner with SIGKILL, if it is one of the crew.
func (c *crew) kill(dir string) bool {
	address, err := readAddress(dir)
	if err != nil {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	cmd, ok := c.procs[address.PID]
	if !ok || c.dead[address.PID] {
		return false
	}
	c.dead[address.PID] = true
	return cmd.Process.Kill() == nil
}

func (c *crew) acks() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.acked)
}

// Processes write at the same time, from the first use of the folder on, while one owner after the other is
// killed, and others end in peace. What was acknowledged is there, and nobody fails who was not killed.
func TestTakeover_kill(t *testing.T) {
	t.Parallel()
	t.Run("one process", func(t *testing.T) { testKill(t, 1, 1) })
	t.Run("twenty processes", func(t *testing.T) { testKill(t, 23, 3) })
}

func testKill(t *testing.T, members, kills int) {
	dir := newDir(t)
	c := &crew{procs: map[int]*exec.Cmd{}, dead: map[int]bool{}}
	defer c.ended.Wait() // also when the test fails before its end
	defer c.dismiss()
	for i := range members {
		c.start(t, dir, fmt.Sprint("p", i))
	}
	for range kills {
		goal := c.acks() + 3*members
		eventually(t, "writes", func() bool { return c.acks() >= goal })
		eventually(t, "an owner to kill", func() bool { return c.kill(dir) })
	}
	c.dismiss()
	c.ended.Wait()

	b := bucket(t, open(t, dir), "shared") // read back from the files
	if want := (members - kills) * helperWrites; len(c.acked) < want || len(c.acked) == 0 {
		t.Errorf("%d writes were acknowledged, want %d at least", len(c.acked), want)
	}
	for _, key := range c.acked {
		if got, err := b.Get(t.Context(), key); err != nil || string(got) != key {
			t.Errorf("acknowledged, then lost: Get(%q) = %q, %v", key, got, err)
		}
	}
	value, err := b.Get(t.Context(), "counter")
	if err != nil {
		t.Fatal(err)
	}
	// A process that is killed may have added once more without being able to say so.
	if got := binary.BigEndian.Uint64(value); got < c.added || got > c.added+uint64(kills) {
		t.Errorf("counter is %d after %d additions and %d kills", got, c.added, kills)
	}
}

// One owner after the other closes while all write, until one is left.
func TestTakeover_graceful(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	states := map[*State]bool{}
	var acked, inDoubt atomic.Uint64
	var stop atomic.Bool
	var wg sync.WaitGroup
	for range 6 {
		s := open(t, dir)
		states[s] = true
		b := bucket(t, s, "b")
		wg.Go(func() {
			for !stop.Load() {
				err := add(b, "counter")
				if errors.Is(err, fs.ErrClosed) {
					if errors.Is(err, ErrInDoubt) {
						inDoubt.Add(1)
					}
					return
				}
				if err != nil {
					t.Error(err)
					return
				}
				acked.Add(1)
			}
		})
	}
	var last *State
	for len(states) > 0 {
		goal := acked.Load() + 10
		eventually(t, "writes go on", func() bool { return acked.Load() >= goal })
		eventually(t, "an owner", func() bool { last = ownerOf(states); return last != nil })
		delete(states, last)
		if len(states) > 0 {
			if err := last.Close(); err != nil {
				t.Error(err)
			}
		}
	}
	stop.Store(true)
	wg.Wait()
	value, err := bucket(t, last, "b").Get(t.Context(), "counter")
	if err != nil {
		t.Fatal(err)
	}
	if got := binary.BigEndian.Uint64(value); got < acked.Load() || got > acked.Load()+inDoubt.Load() {
		t.Errorf("counter is %d after %d additions and %d in doubt", got, acked.Load(), inDoubt.Load())
	}
}

func ownerOf(states map[*State]bool) *State {
	for s := range states {
		if s.owns() {
			return s
		}
	}
	return nil
}
