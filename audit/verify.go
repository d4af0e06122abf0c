package audit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
)

// Verify reads the whole log and says whether it is as it was written, and agrees with the copies. An error means
// that it could not be read.
func (l *Log) Verify(ctx context.Context, copies ...*Copy) (Report, error) {
	_, r, err := l.follow(ctx, copies, io.Discard)
	if err != nil {
		return Report{}, fmt.Errorf("verify audit log: %w", err)
	}
	return r, nil
}

// Export writes all chunks as they are, and a checkpoint that was signed for them, for [VerifyExport]. If the log
// does not verify, the error matches [ErrTampered]; then the chunks up to the first that is not in order were
// written, to be kept as evidence, and no checkpoint.
func (l *Log) Export(ctx context.Context, to io.Writer) (Report, error) {
	c, r, err := l.follow(ctx, nil, to)
	if err == nil && !r.OK() {
		err = r.Findings[0]
	}
	var signed []byte
	if err == nil {
		signed, err = c.checkpoint(l.cfg.Now()).sign(l.signer)
	}
	if err == nil {
		_, err = to.Write(noteLine(signed))
	}
	if err != nil {
		return r, fmt.Errorf("export audit log: %w", err)
	}
	return r, nil
}

// follow checks everything, and writes the chunks that it has seen to tee.
func (l *Log) follow(ctx context.Context, copies []*Copy, tee io.Writer) (*checker, Report, error) {
	head, err := readCheckpoint(l.cfg.Checkpoint, l.key) // before the chunks, which only become more
	var bad *Finding
	missing := errors.Is(err, fs.ErrNotExist)
	if err != nil && !missing && !errors.As(err, &bad) {
		return nil, Report{}, err
	}
	c := &checker{key: l.key}
	w := &witness{copies: copies}
	if err == nil {
		w.head = &head
	}
	err = l.chunks(ctx, c, w, tee)
	var first *Finding
	if err != nil && !errors.As(err, &first) {
		return nil, Report{}, err
	}
	r := c.report()
	if first != nil {
		r.Findings = append(r.Findings, first)
	}
	if missing && (c.tree.size > 0 || first != nil) {
		bad = missingCheckpoint(l.cfg.Checkpoint)
	}
	if bad != nil {
		r.Findings = append(r.Findings, bad)
	}
	if first == nil {
		r.Findings = append(r.Findings, w.end(c.tree.size)...)
	}
	if w.head != nil {
		r.Unsealed = max(0, c.tree.size-head.tree.size)
	}
	return c, r, nil
}

// chunks follows the chunks of the store to their end, and sees to it that there are no others.
func (l *Log) chunks(ctx context.Context, c *checker, w *witness, tee io.Writer) error {
	seen := map[string]bool{}
	for {
		key := chunkKey(c.tree.size)
		data, err := l.cfg.Store.Get(ctx, key)
		if errors.Is(err, fs.ErrNotExist) {
			err = l.ended(ctx, c.tree.size, seen)
			if errors.Is(err, errGoesOn) {
				continue
			}
			return err
		}
		if err != nil {
			return err
		}
		seen[key] = true
		if _, err := tee.Write(data); err != nil {
			return err
		}
		if err := w.next(c, data); err != nil {
			return err
		}
	}
}

// errGoesOn says that the log was appended to while it was read.
var errGoesOn = errors.New("the log goes on")

// ended says whether a log of that size has no other chunks than those that were seen.
func (l *Log) ended(ctx context.Context, size int64, seen map[string]bool) error {
	keys, err := l.cfg.Store.Keys(ctx, "")
	if err != nil {
		return err
	}
	for _, key := range keys {
		if seen[key] {
			continue
		}
		if _, err := l.cfg.Store.Get(ctx, chunkKey(size)); err == nil {
			return errGoesOn
		}
		return stray(key, size)
	}
	return nil
}

// stray says what is wrong with a key that is none of the log's.
func stray(key string, size int64) *Finding {
	first, ok := parseKey(key)
	switch {
	case !ok:
		return &Finding{Entry: -1, Problem: fmt.Sprintf("the store has the key %q, which is no place of a chunk", key), Remedy: remedyEntry}
	case first > size:
		return &Finding{Entry: size, Problem: fmt.Sprintf("it is missing, while there is a chunk from entry %d on", first), Remedy: remedyEntry}
	}
	return &Finding{Entry: first, Problem: "a second chunk begins here, inside another", Remedy: remedyEntry}
}
