package state

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
)

// Headers of a stored record. The first is the client library's own mark of a deleted key.
const (
	headerOperation = "KV-Operation"
	headerWriters   = "Patchbay-Writers"
)

// record is what the store holds for a key.
type record struct {
	value    []byte
	revision uint64 // the record's sequence number in its stream; 0 before the first
	live     bool   // false if the key was never there, or was deleted
	writers  writers
}

// writeID names one write among all.
type writeID [8]byte

// writers names the last writes of a key, the newest last. It is how a writer whose answer was lost finds out
// whether its write took place, even when others have written since.
type writers []writeID

const maxWriters = 64

// with returns the writers after one more write.
func (w writers) with(id writeID) writers {
	w = append(slices.Clone(w), id)
	return w[max(0, len(w)-maxWriters):]
}

// since says whether w names every write that came after before, the writers of an earlier record.
func (w writers) since(before writers) bool {
	return len(w) < maxWriters || len(before) > 0 && slices.Contains(w, before[len(before)-1])
}

func (w writers) String() string {
	raw := make([]byte, 0, len(w)*len(writeID{}))
	for _, id := range w {
		raw = append(raw, id[:]...)
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}

func parseWriters(s string) (writers, error) {
	raw, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || len(raw)%len(writeID{}) != 0 || len(raw) > maxWriters*len(writeID{}) {
		return nil, fmt.Errorf("read header %s: %q names no writers", headerWriters, s)
	}
	var w writers
	for id := range slices.Chunk(raw, len(writeID{})) {
		w = append(w, writeID(id))
	}
	return w, nil
}

// errNothingToDo says that the state is already as the caller wants it.
var errNothingToDo = errors.New("nothing to do")

// change is a write that a caller asks for.
type change struct {
	verb   string
	key    string
	value  []byte
	remove bool
	allow  func(old record) error // judges what the change would replace
}

// write makes a change. Every attempt reads the key's record first and may replace that very record only, so
// of several attempts of one change at most one can succeed, and the next one sees if it did.
func (b *Bucket) write(ctx context.Context, c change) error {
	if err := checkKey(c.key); err != nil {
		return b.failed(c.verb, c.key, err)
	}
	if len(c.value) > MaxValue {
		return b.failed(c.verb, c.key, fmt.Errorf("the value has %d bytes, more than %d", len(c.value), MaxValue))
	}
	var id writeID
	rand.Read(id[:])
	var unanswered *record // what the last attempt without an answer would have replaced
	err := b.state.do(ctx, func(ctx context.Context) error {
		old, err := b.read(ctx, c.key)
		if err != nil {
			return err
		}
		if slices.Contains(old.writers, id) {
			return nil
		}
		if unanswered != nil && !old.writers.since(unanswered.writers) {
			return ErrInDoubt
		}
		if err := c.allow(old); err != nil {
			return err
		}
		err = b.append(ctx, c.key, old, record{value: c.value, live: !c.remove, writers: old.writers.with(id)})
		if wrongRevision(err) {
			return errAgain
		}
		if !settled(err) {
			unanswered = &old
		}
		return err
	})
	switch {
	case err == nil || errors.Is(err, errNothingToDo):
		return nil
	case unanswered != nil && (!settled(err) || errors.Is(err, errClosed)): // do gave up
		err = fmt.Errorf("%w: %w", ErrInDoubt, err)
	}
	return b.failed(c.verb, c.key, err)
}
