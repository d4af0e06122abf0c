package audit

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/mod/sumdb/note"
)

// maxNote bounds a checkpoint's file.
const maxNote = 64 << 10

// readCheckpoint reads a checkpoint. A missing one matches [fs.ErrNotExist]; one that does not count is a *Finding.
func readCheckpoint(path string, key note.Verifier) (statement, error) {
	info, err := os.Stat(path)
	if err != nil {
		return statement{}, err
	}
	if info.Size() > maxNote {
		return statement{}, badCheckpoint(path, errMalformed)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return statement{}, err
	}
	s, err := openNote(data, key)
	if err == nil && len(s.leaves) > 0 {
		err = errors.New("it is the note of a chunk")
	}
	if err != nil {
		return statement{}, badCheckpoint(path, err)
	}
	return s, nil
}

func badCheckpoint(path string, why error) *Finding {
	return &Finding{Entry: -1, Problem: fmt.Sprintf("the checkpoint %s does not count: %v", path, why), Remedy: remedyTail}
}

func missingCheckpoint(path string) *Finding {
	return &Finding{Entry: -1, Problem: fmt.Sprintf("the checkpoint %s is missing, though there are entries", path), Remedy: remedyTail}
}

// truncated says that there are fewer entries than a checkpoint covers.
func truncated(first int64, head statement) *Finding {
	return &Finding{Entry: first, Problem: fmt.Sprintf("it is missing, and all that follow: the checkpoint covers %d entries", head.tree.size), Remedy: remedyTail}
}

// writeCheckpoint replaces the checkpoint in one step, durably.
func writeCheckpoint(path string, s statement, signer note.Signer) error {
	signed, err := s.sign(signer)
	if err != nil {
		return err
	}
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, "."+filepath.Base(path)+".*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // does nothing once it is renamed
	_, err = f.Write(signed)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// resume takes up a log where a checkpoint left it; data is the last chunk that it covers.
func (c *checker) resume(head statement, data []byte) error {
	_, end := split(data)
	signed, ok := parseNoteLine(end)
	if !ok {
		return c.found(head.last, "the note that ends its chunk is missing or damaged")
	}
	s, err := openNote(signed, c.key)
	if err != nil {
		return c.found(head.last, "the note that ends its chunk does not count: %v", err)
	}
	if !s.tree.equal(head.tree) {
		return c.found(head.last, "it is not the one that the checkpoint covers")
	}
	c.tree, c.last = s.tree, s
	return nil
}
