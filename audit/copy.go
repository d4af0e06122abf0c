package audit

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Copy is what an earlier checkpoint or export says of a log.
type Copy struct {
	head   statement
	leaves []tlog.Hash // of all entries, from an export; nil from a checkpoint
}

// Entries is how many entries the copy vouches for.
func (c *Copy) Entries() int64 { return c.head.tree.size }

// ReadCopy reads a checkpoint or an export that was signed with the private key of the public one. If it does not
// verify itself, the error matches [ErrTampered].
func ReadCopy(r io.Reader, publicKey string) (*Copy, error) {
	key, err := verifier(publicKey)
	if err != nil {
		return nil, fmt.Errorf("read copy of audit log: %w", err)
	}
	c, err := readCopy(bufio.NewReaderSize(r, maxLine), key)
	if err != nil {
		return nil, fmt.Errorf("read copy of audit log: %w", err)
	}
	return c, nil
}

func readCopy(r *bufio.Reader, key note.Verifier) (*Copy, error) {
	if begin, _ := r.Peek(len(name) + 1); string(begin) != name+"\n" {
		c := &checker{key: key}
		var leaves []tlog.Hash
		head, err := readExport(r, c, &witness{}, func() { leaves = append(leaves, c.last.leaves...) })
		return &Copy{head: head, leaves: leaves}, err
	}
	data, err := io.ReadAll(io.LimitReader(r, maxNote+1))
	if err != nil {
		return nil, err
	}
	s, err := openNote(data, key)
	if err != nil {
		return nil, &Finding{Entry: -1, Problem: fmt.Sprintf("the checkpoint does not count: %v", err), Remedy: remedyExport}
	}
	return &Copy{head: s}, nil
}

const remedyExport = "take another copy, and check that the key is the log's"

// VerifyExport reads an export and says whether it is as it was written, by the holder of the private key that
// belongs to the public one, and agrees with the copies. An error means that it could not be read.
func VerifyExport(r io.Reader, publicKey string, copies ...*Copy) (Report, error) {
	key, err := verifier(publicKey)
	if err != nil {
		return Report{}, fmt.Errorf("verify export: %w", err)
	}
	c := &checker{key: key}
	w := &witness{copies: copies}
	_, err = readExport(bufio.NewReaderSize(r, maxLine), c, w, func() {})
	var found *Finding
	switch {
	case errors.As(err, &found):
		return c.report(found), nil
	case err != nil:
		return Report{}, fmt.Errorf("verify export: %w", err)
	}
	return c.report(w.end(c.tree.size)...), nil
}

// maxLine bounds a line of an export, and maxChunk a whole chunk.
const (
	maxLine  = maxEntry + maxNote
	maxChunk = maxChunkSize + 2*maxLine
)

// readExport follows an export to its end, and calls seen after every chunk.
func readExport(r *bufio.Reader, c *checker, w *witness, seen func()) (head statement, err error) {
	for {
		data, err := readChunk(r)
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return head, &Finding{Entry: c.tree.size, Problem: "it is missing, or the export is cut off: its last line is no checkpoint", Remedy: remedyExport}
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			return head, &Finding{Entry: c.tree.size, Problem: "its chunk is larger than any that is written", Remedy: remedyExport}
		}
		if err != nil {
			return head, err
		}
		if lines, end := split(data); len(lines) == 0 {
			return w.close(r, c, end)
		}
		if err := w.next(c, data); err != nil {
			return head, err
		}
		seen()
	}
}

// close checks the line that ends an export.
func (w *witness) close(r *bufio.Reader, c *checker, line []byte) (statement, error) {
	signed, ok := parseNoteLine(line)
	if !ok {
		return statement{}, c.found(c.tree.size, "the note in its place is damaged")
	}
	head, err := openNote(signed, c.key)
	if err != nil {
		return head, c.found(c.tree.size, "the note in its place does not count: %v", err)
	}
	if len(head.leaves) > 0 || !head.tree.equal(c.tree) {
		return head, c.found(c.tree.size, "it is missing: the checkpoint covers %d entries", head.tree.size)
	}
	if _, err := r.ReadByte(); !errors.Is(err, io.EOF) {
		return head, c.found(c.tree.size, "something was added behind the checkpoint that ends the export")
	}
	return head, nil
}

// readChunk reads lines up to a note, which it takes to be one by its beginning. An end before that is
// [io.ErrUnexpectedEOF], and more than a chunk can have is [bufio.ErrBufferFull].
func readChunk(r *bufio.Reader) (data []byte, err error) {
	for {
		line, err := r.ReadSlice('\n')
		data = append(data, line...)
		switch {
		case errors.Is(err, io.EOF):
			return nil, io.ErrUnexpectedEOF
		case err != nil:
			return nil, err
		case bytes.HasPrefix(line, notePrefix):
			return data, nil
		case len(data) > maxChunk:
			return nil, bufio.ErrBufferFull
		}
	}
}

// witness compares a log with what was said of it before: by its checkpoint, and by copies.
type witness struct {
	head   *statement // the log's checkpoint; nil if there is none that counts
	copies []*Copy
	lag    []statement // first and last chunk beyond head
}

// maxLag is how far apart chunks that the checkpoint does not cover may have been signed. It is [Interval] and what
// a disk may need; more says that this is not the last checkpoint.
const maxLag = time.Minute

// next takes the checker over a chunk, unless the witness contradicts it.
func (w *witness) next(c *checker, data []byte) error {
	before := *c
	if _, err := c.next(data); err != nil {
		return err
	}
	if f := w.see(before.tree.size, c.last); f != nil {
		*c = before
		return f
	}
	if w.head != nil && before.tree.size >= w.head.tree.size {
		w.lag = append(w.lag[:min(1, len(w.lag))], c.last)
	}
	return nil
}

func (w *witness) see(first int64, chunk statement) *Finding {
	if w.head != nil && contradicts(*w.head, first, chunk) {
		return &Finding{Entry: first, Problem: fmt.Sprintf("it is not as the checkpoint of %d entries has it", w.head.tree.size), Remedy: remedyCopy}
	}
	for _, copied := range w.copies {
		for i, h := range chunk.leaves {
			if at := first + int64(i); at < int64(len(copied.leaves)) && copied.leaves[at] != h {
				return differs(at, copied)
			}
		}
		if contradicts(copied.head, first, chunk) {
			return differs(first, copied)
		}
	}
	return nil
}

// contradicts says whether head covers other entries than those up to a chunk in which it ends.
func contradicts(head statement, first int64, chunk statement) bool {
	n := head.tree.size
	return first < n && n <= chunk.tree.size && (n != chunk.tree.size || !slices.Equal(head.tree.subtrees, chunk.tree.subtrees))
}

func differs(entry int64, copied *Copy) *Finding {
	return &Finding{Entry: entry, Problem: fmt.Sprintf("it is not as in the copy of %d entries", copied.Entries()), Remedy: remedyCopy}
}

// end judges a log that ends after that many entries.
func (w *witness) end(size int64) (findings []*Finding) {
	if w.head != nil && w.head.tree.size > size {
		findings = append(findings, truncated(size, *w.head))
	}
	if len(w.lag) == 2 && w.lag[1].time.Sub(w.lag[0].time) > maxLag {
		findings = append(findings, &Finding{Entry: w.head.tree.size, Problem: "the checkpoint does not cover it and what follows, though it had the time to: an older checkpoint was put in its place, or none could be written", Remedy: remedyTail})
	}
	for _, copied := range w.copies {
		if copied.Entries() > size {
			findings = append(findings, &Finding{Entry: size, Problem: fmt.Sprintf("it is missing, and all that follow: the copy has %d entries", copied.Entries()), Remedy: remedyTail})
		}
	}
	return findings
}
