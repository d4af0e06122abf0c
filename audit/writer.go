package audit

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"runtime"
	"time"

	"patchbay/internal/keyfile"
)

// writer appends for all goroutines of a process. Only its own goroutine uses it.
type writer struct {
	*Log
	at     *checker // where the log ends, as far as this process knows; nil before the first append
	saved  int64    // entries under the last checkpoint that it wrote
	expiry <-chan time.Time
}

// run appends what comes, and writes the checkpoint once in an interval in which something came.
func (w *writer) run() {
	defer close(w.done)
	for {
		select {
		case p := <-w.appends:
			group := w.gather(p)
			err := w.append(group)
			for _, p := range group {
				p.done <- err
			}
			if err == nil && w.expiry == nil {
				w.expiry = time.After(Interval)
			}
		case <-w.expiry:
			w.expiry = nil
			if err := w.save(); err != nil {
				w.cfg.Logger.Error("write the audit log's checkpoint", "err", err)
			}
		case <-w.quit:
			w.failed = w.save()
			return
		}
	}
}

// gather takes along what else waits to be appended.
func (w *writer) gather(p *pending) []*pending {
	group := []*pending{p}
	runtime.Gosched() // those whom the last group has set free come at once
	for size := p.size; len(group) < maxChunkEntries && size < maxChunkSize; size += p.size {
		select {
		case p = <-w.appends:
			group = append(group, p)
		default:
			return group
		}
	}
	return group
}

// append writes a group as one chunk, behind whatever other processes have written.
func (w *writer) append(group []*pending) error {
	ctx := context.Background() // the group outlives each of its callers; the store has its own deadline
	if w.at == nil {
		if err := w.begin(ctx); err != nil {
			return err
		}
	}
	var entries []Entry
	for _, p := range group {
		if !p.asks {
			entries = append(entries, p.entry)
		}
	}
	if len(entries) == 0 {
		return w.catchUp(ctx)
	}
	for {
		chunk, s, err := build(w.at.tree, entries, w.cfg.Now(), w.signer)
		if err != nil {
			return err
		}
		err = w.create(ctx, chunkKey(w.at.tree.size), chunk)
		if err == nil {
			w.at.tree, w.at.last = s.tree, s
			return nil
		}
		if !errors.Is(err, fs.ErrExist) {
			return err
		}
		if err := w.catchUp(ctx); err != nil {
			return err
		}
	}
}

// create creates a chunk. If that fails, it may have taken place all the same, which then counts.
func (w *writer) create(ctx context.Context, key string, chunk []byte) error {
	err := w.cfg.Store.Create(ctx, key, chunk)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	if there, getErr := w.cfg.Store.Get(ctx, key); getErr == nil && bytes.Equal(there, chunk) {
		return nil
	}
	return err
}

// catchUp moves to the end of the log.
func (w *writer) catchUp(ctx context.Context) error {
	for {
		data, err := w.cfg.Store.Get(ctx, chunkKey(w.at.tree.size))
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		if _, err := w.at.next(data); err != nil {
			return err
		}
	}
}

// begin finds the end of the log: the checkpoint says where it was, and the last chunk that it covers must be there.
func (w *writer) begin(ctx context.Context) error {
	head, err := readCheckpoint(w.cfg.Checkpoint, w.key)
	if errors.Is(err, fs.ErrNotExist) {
		if err = w.createCheckpoint(ctx); err == nil {
			head, err = readCheckpoint(w.cfg.Checkpoint, w.key)
		}
	}
	if err != nil {
		return err
	}
	at := &checker{key: w.key}
	if head.tree.size > 0 {
		data, err := w.cfg.Store.Get(ctx, chunkKey(head.last))
		if errors.Is(err, fs.ErrNotExist) {
			return truncated(head.last, head)
		}
		if err != nil {
			return err
		}
		if err := at.resume(head, data); err != nil {
			return err
		}
	}
	w.at, w.saved = at, head.tree.size
	return w.catchUp(ctx)
}

// createCheckpoint makes the checkpoint of a new log. This comes before the first entry, so that where there are entries there
// was a checkpoint: who removed it could have removed entries too.
func (w *writer) createCheckpoint(ctx context.Context) error {
	keys, err := w.cfg.Store.Keys(ctx, "")
	if err != nil {
		return err
	}
	if _, err := os.Stat(w.cfg.Checkpoint); len(keys) > 0 && err != nil { // else another process has begun just now
		return missingCheckpoint(w.cfg.Checkpoint)
	}
	signed, err := statement{time: w.cfg.Now()}.sign(w.signer)
	if err != nil {
		return err
	}
	_, err = keyfile.Create(w.cfg.Checkpoint, signed)
	return err
}

// save writes the checkpoint, if this process has appended since the last time. When another process has appended
// meanwhile, perhaps behind the back of the checkpoint that was just written, it does so again: the last who writes
// has covered everything.
func (w *writer) save() error {
	for w.at != nil && w.at.tree.size > w.saved {
		if err := w.write(); err != nil {
			return err
		}
		if err := w.catchUp(context.Background()); err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) write() error {
	if err := writeCheckpoint(w.cfg.Checkpoint, w.at.checkpoint(w.cfg.Now()), w.signer); err != nil {
		return err
	}
	w.saved = w.at.tree.size
	return nil
}
