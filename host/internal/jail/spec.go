package jail

import (
	"fmt"
	"strings"
	"time"
)

// Spec says what a process keeps. The zero value keeps no files at all and has no limit on memory or time.
type Spec struct {
	// Files keeps opening files possible: for reading in the folders Read and Write, for changes in Write.
	// Without Files the two must be empty. Other files can still be looked up (stat), which no kernel can
	// confine to folders.
	Files       bool
	Read, Write []string

	// Data is bytes of writable private memory, the heap included; 0 sets no limit, 256 MiB is little for Go. No other
	// memory can be mapped, but memory files can be filled: whoever started the process has to count those.
	Data int64

	CPU time.Duration // of processor time in the life of the process, in whole seconds; 0 sets no limit

	// FileSize is the size in bytes to which a file may grow, 0 that no file may. It counts for memory files
	// too, so that a worker that keeps images in them needs the size of the largest, and for standard output
	// if that is a file.
	FileSize int64

	OpenFiles int // descriptors; 0 sets no limit
}

func (s Spec) check() error {
	switch {
	case !s.Files && len(s.Read)+len(s.Write) > 0:
		return fmt.Errorf("jail: folders %q and %q without Files: set Files to use them", s.Read, s.Write)
	case s.Data < 0 || s.CPU < 0 || s.FileSize < 0 || s.OpenFiles < 0:
		return fmt.Errorf("jail: a limit is negative: %+v", s)
	}
	return nil
}

// Report says what is enforced on a process. Its zero value says nothing is.
type Report struct {
	Landlock int      // version of Landlock's interface that is in force, 0 for none
	Seccomp  bool     // only listed system calls pass
	Limits   bool     // the resource limits are set
	Files    bool     // files can be opened, with Landlock in the folders of the Spec
	Missing  []string `json:",omitempty"` // what could not be enforced, and why
}

// Tier is how far a process is confined. The zero value is the weakest.
type Tier int

const (
	TierC Tier = iota // resource limits at most
	TierB             // seccomp and resource limits
	TierA             // Landlock, seccomp and resource limits
)

func (t Tier) String() string {
	switch t {
	case TierA:
		return "A (Landlock, seccomp and resource limits)"
	case TierB:
		return "B (seccomp and resource limits)"
	default:
		return "C (resource limits at most)"
	}
}

const (
	landlockTruncates = 3 // from this version on, files cannot be cut short through a read-only descriptor
	landlockScopes    = 6 // from this version on, signals and abstract sockets are confined too
)

// Tier returns how far the report's process is confined. Without Landlock nothing confines the files of a process
// that may open any, so that it is in tier C.
func (r Report) Tier() Tier {
	switch {
	case !r.Seccomp || !r.Limits || r.Files && r.Landlock < landlockTruncates:
		return TierC
	case r.Landlock < landlockScopes:
		return TierB
	default:
		return TierA
	}
}

// Weakness says what keeps the report's process from being confined as far as it could be, and is empty if nothing
// does.
func (r Report) Weakness() string {
	all := r.Missing
	if tier := r.Tier(); tier != TierA {
		all = append([]string{"tier " + tier.String()}, all...)
	}
	return strings.Join(all, "; ")
}

func (r *Report) missing(format string, args ...any) {
	r.Missing = append(r.Missing, fmt.Sprintf(format, args...))
}
