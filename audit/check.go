package audit

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// ErrTampered is matched by every [Finding].
var ErrTampered = errors.New("the audit log is not as it was written")

// Finding is one thing that is wrong with a log.
type Finding struct {
	Entry   int64  `json:"entry"` // the first that is not as it was signed, or that nothing vouches for; -1: none in particular
	Problem string `json:"problem"`
	Remedy  string `json:"remedy"`
}

func (f *Finding) Error() string {
	if f.Entry < 0 {
		return f.Problem
	}
	return fmt.Sprintf("entry %d: %s", f.Entry, f.Problem)
}

// Is makes a finding match [ErrTampered].
func (f *Finding) Is(target error) bool { return target == ErrTampered }

// What can be done about a finding.
const (
	remedyEntry = "find out who could write to it since the last copy that verifies; restore from a backup what comes after, and keep what is there as evidence"
	remedyTail  = "restore the state and the checkpoint from one backup; compare with a copy that is kept elsewhere (--since)"
	remedyCopy  = "keep both as evidence: somebody with the key has written another history, or one of the two belongs to another log"
)

// checker follows a log chunk by chunk from its tree on.
type checker struct {
	key  note.Verifier
	tree tree
	last statement // of the last chunk
}

// next checks the chunk that should follow, and moves on behind it. Its error is a *Finding.
func (c *checker) next(data []byte) (lines [][]byte, err error) {
	first := c.tree.size
	lines, end := split(data)
	signed, ok := parseNoteLine(end)
	if !ok {
		return nil, c.found(first, "the note that ends its chunk is missing or damaged")
	}
	s, err := openNote(signed, c.key)
	if err != nil {
		return nil, c.found(first, "the note that ends its chunk does not count: %v", err)
	}
	if begin := s.tree.size - int64(len(s.leaves)); len(s.leaves) == 0 || begin != first {
		return nil, c.found(first, "it is missing; in its place is the chunk of entries %d to %d", begin, s.tree.size-1)
	}
	if err := c.compare(lines, s.leaves); err != nil {
		return nil, err
	}
	if !s.tree.equal(c.tree.with(s.leaves)) {
		return nil, c.found(first, "it was signed as the successor of other entries than those before it")
	}
	c.tree, c.last = s.tree, s
	return lines, nil
}

// compare finds the first line that is not the one that was signed.
func (c *checker) compare(lines [][]byte, leaves []tlog.Hash) error {
	for i, line := range lines {
		number := c.tree.size + int64(i)
		switch {
		case i >= len(leaves):
			return c.found(number, "it was put in: only the %d entries before it were signed with it", len(leaves))
		case tlog.RecordHash(line) != leaves[i]:
			return c.found(number, "it was changed, or others were removed, put in or reordered here")
		case !bytes.HasPrefix(line, fmt.Appendf(nil, `{"n":%d,`, number)):
			return c.found(number, "it was signed under another number")
		}
	}
	if len(lines) < len(leaves) {
		return c.found(c.tree.size+int64(len(lines)), "it was removed")
	}
	return nil
}

// checkpoint states where the checker is.
func (c *checker) checkpoint(now time.Time) statement {
	return statement{tree: c.tree, time: now, last: c.tree.size - int64(len(c.last.leaves))}
}

func (c *checker) found(entry int64, format string, args ...any) *Finding {
	return &Finding{Entry: entry, Problem: fmt.Sprintf(format, args...), Remedy: remedyEntry}
}

// Report is the outcome of a verification.
type Report struct {
	// Entries is how many entries are in order, from the first on.
	Entries int64 `json:"entries"`
	// Root is the root of their tree, in base64.
	Root string `json:"root"`
	// Signed is when the last of them was signed. Zero if there are none.
	Signed time.Time `json:"signed,omitzero"`
	// Unsealed is how many of them lie beyond the checkpoint: the last moments before a process was killed.
	Unsealed int64 `json:"unsealed,omitempty"`
	// Findings say what is wrong. None: the log is as it was written.
	Findings []*Finding `json:"findings,omitempty"`
}

// OK says that there are no findings.
func (r Report) OK() bool { return len(r.Findings) == 0 }

// report adds up what the checker has seen, and what ended its way.
func (c *checker) report(findings ...*Finding) Report {
	return Report{Entries: c.tree.size, Root: c.tree.root().String(), Signed: c.last.time, Findings: findings}
}
