package jail

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"time"
)

// targets are what a probe attacks. The parent sets them up and keeps no secret in any.
type targets struct {
	Parent   int    // process
	Folder   string // with the file "bait", which may be executed, and room for more
	Socket   string // of a Unix listener with a path
	Abstract string // of a Unix listener with a name, which is unset where there are none
	TCP, UDP string // addresses on the loopback interface
}

// Attempt is one attack and what came of it.
type Attempt struct {
	Name   string
	Denied bool   // by the kernel, for lack of a right; anything else proves nothing
	Detail string // the error, or that there was none
}

const succeeded = "succeeded"

const (
	dialTimeout = 2 * time.Second
	hasAbstract = runtime.GOOS == "linux"
)

type attack struct {
	name string
	try  func(targets) error
}

// tryAll tries what a process in the jail of the spec must not be able to do. It harms nothing if it succeeds.
func tryAll(spec Spec, at targets) []Attempt {
	var tried []Attempt
	for _, a := range append(portable(), native(spec)...) {
		err := a.try(at)
		t := Attempt{Name: a.name, Denied: denied(err), Detail: succeeded}
		if err != nil {
			t.Detail = err.Error()
		}
		tried = append(tried, t)
	}
	return tried
}

// errExhausted is that a limit was in the way.
var errExhausted = errors.New("over the limit")

func denied(err error) bool {
	return errors.Is(err, fs.ErrPermission) || errors.Is(err, errExhausted)
}

// portable are the attacks that need nothing but Go.
func portable() []attack {
	return []attack{
		{"read a file", func(t targets) error {
			_, err := os.ReadFile(filepath.Join(t.Folder, "bait"))
			return err
		}},
		{"list a folder", func(t targets) error {
			_, err := os.ReadDir(t.Folder)
			return err
		}},
		{"make a file", func(t targets) error {
			f, err := os.Create(filepath.Join(t.Folder, "file"))
			if err != nil {
				return err
			}
			return f.Close()
		}},
		{"make a folder", func(t targets) error { return os.Mkdir(filepath.Join(t.Folder, "folder"), 0o700) }},
		{"rename a file", func(t targets) error {
			return os.Rename(filepath.Join(t.Folder, "spare"), filepath.Join(t.Folder, "renamed"))
		}},
		{"connect by TCP", func(t targets) error { return dial("tcp", t.TCP) }},
		{"send by UDP", func(t targets) error { return dial("udp", t.UDP) }},
		{"connect to a Unix socket by path", func(t targets) error { return dial("unix", t.Socket) }},
		{"listen by TCP", func(targets) error {
			var lc net.ListenConfig
			lc.SetMultipathTCP(false) // on by default, and not confined by Landlock
			l, err := lc.Listen(context.Background(), "tcp", "127.0.0.1:0")
			if err != nil {
				return err
			}
			return l.Close()
		}},
	}
}

// dial connects and says one byte.
func dial(network, address string) error {
	c, err := net.DialTimeout(network, address, dialTimeout)
	if err != nil {
		return err
	}
	defer c.Close()
	_, err = c.Write([]byte("x"))
	return err
}
