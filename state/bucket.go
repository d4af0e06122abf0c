package state

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Bucket is a named set of keys with values. Its methods may be called from several goroutines; each ends
// after 30 seconds at the latest, or when its context does. It is valid until its State is closed.
type Bucket struct {
	state  *State
	name   string
	stream jetstream.Stream
}

// Bucket returns the bucket of that name, and creates it if it is new. A name has 1 to 64 letters, digits,
// '-' and '_'.
func (s *State) Bucket(ctx context.Context, name string) (*Bucket, error) {
	if !validName(name) {
		return nil, fmt.Errorf("open bucket %q: a name has 1 to 64 letters, digits, '-' and '_'", name)
	}
	b := &Bucket{state: s, name: name}
	err := s.do(ctx, func(ctx context.Context) (err error) {
		b.stream, err = s.js.Stream(ctx, "KV_"+name)
		if errors.Is(err, jetstream.ErrStreamNotFound) {
			_, err = s.js.CreateKeyValue(ctx, jetstream.KeyValueConfig{Bucket: name, Storage: jetstream.FileStorage})
			if err == nil {
				err = errAgain
			}
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("open bucket %s: %w", name, err)
	}
	return b, nil
}

func validName(name string) bool {
	return 0 < len(name) && len(name) <= 64 && !slices.ContainsFunc([]byte(name), func(c byte) bool { return !plain(c) })
}

// Get returns the value of key. A missing key matches [fs.ErrNotExist].
func (b *Bucket) Get(ctx context.Context, key string) ([]byte, error) {
	value, _, err := b.GetRevision(ctx, key)
	return value, err
}

// GetRevision returns the value of key and its revision, for [Bucket.Update]. A missing key matches [fs.ErrNotExist].
func (b *Bucket) GetRevision(ctx context.Context, key string) (value []byte, revision uint64, err error) {
	if err := checkKey(key); err != nil {
		return nil, 0, b.failed("get", key, err)
	}
	var found record
	err = b.state.do(ctx, func(ctx context.Context) (err error) {
		found, err = b.read(ctx, key)
		return err
	})
	if err == nil && !found.live {
		err = fs.ErrNotExist
	}
	if err != nil {
		return nil, 0, b.failed("get", key, err)
	}
	return found.value, found.revision, nil
}

// Put sets the value of key, whatever it was. Like all writes it may fail with [ErrFull] or [ErrInDoubt].
func (b *Bucket) Put(ctx context.Context, key string, value []byte) error {
	return b.write(ctx, change{verb: "put", key: key, value: value, allow: func(record) error { return nil }})
}

// Create sets the value of key, which must not exist; otherwise the error matches [fs.ErrExist].
func (b *Bucket) Create(ctx context.Context, key string, value []byte) error {
	return b.write(ctx, change{verb: "create", key: key, value: value, allow: func(old record) error {
		if old.live {
			return fs.ErrExist
		}
		return nil
	}})
}

// Update sets the value of key, which must still have the revision that [Bucket.GetRevision] returned;
// otherwise the error matches [ErrConflict].
func (b *Bucket) Update(ctx context.Context, key string, value []byte, revision uint64) error {
	return b.write(ctx, change{verb: "update", key: key, value: value, allow: func(old record) error {
		if !old.live || old.revision != revision {
			return ErrConflict
		}
		return nil
	}})
}

// Delete removes key. A key that does not exist is no error.
func (b *Bucket) Delete(ctx context.Context, key string) error {
	return b.write(ctx, change{verb: "delete", key: key, remove: true, allow: func(old record) error {
		if !old.live {
			return errNothingToDo
		}
		return nil
	}})
}

// Keys returns the keys that begin with prefix, sorted. Keys that are written meanwhile may be missing.
func (b *Bucket) Keys(ctx context.Context, prefix string) ([]string, error) {
	var keys []string
	err := checkKey(prefix)
	if err == nil {
		err = b.state.do(ctx, func(ctx context.Context) (err error) {
			keys, err = b.list(ctx, prefix)
			return err
		})
	}
	if err != nil {
		return nil, b.failed("list", prefix, err)
	}
	return keys, nil
}

func (b *Bucket) list(ctx context.Context, prefix string) ([]string, error) {
	kv, err := b.state.js.KeyValue(ctx, b.name)
	if err != nil {
		return nil, err
	}
	lister, err := kv.ListKeysFiltered(ctx, filterFor(prefix))
	if err != nil {
		return nil, err
	}
	keys, err := collect(lister.Keys(), prefix)
	if b.state.conn.IsClosed() {
		return nil, errClosed // a list that was cut short ends like a whole one
	}
	return keys, errors.Join(err, ctx.Err())
}

// collect reads all of encoded, which leaves nobody waiting to send, and returns the keys that begin with
// prefix. A key that was written meanwhile may come twice.
func collect(encoded <-chan string, prefix string) (keys []string, err error) {
	for e := range encoded {
		key, decodeErr := decodeKey(e)
		if err == nil {
			err = decodeErr
		}
		if strings.HasPrefix(key, prefix) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys), err
}

func checkKey(key string) error {
	if len(key) > MaxKey {
		return fmt.Errorf("the key has %d bytes, more than %d", len(key), MaxKey)
	}
	return nil
}

func (b *Bucket) failed(verb, key string, err error) error {
	return fmt.Errorf("%s %q in bucket %s: %w", verb, key, b.name, err)
}

func (b *Bucket) subject(key string) string { return "$KV." + b.name + "." + encodeKey(key) }

// read returns the last record of key; its zero value stands for a key that never was.
func (b *Bucket) read(ctx context.Context, key string) (record, error) {
	msg, err := b.stream.GetLastMsgForSubject(ctx, b.subject(key))
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return record{}, nil
	}
	if err != nil {
		return record{}, err
	}
	writers, err := parseWriters(msg.Header.Get(headerWriters))
	return record{
		value:    msg.Data,
		revision: msg.Sequence,
		live:     msg.Header.Get(headerOperation) == "",
		writers:  writers,
	}, err
}

// append stores next as the successor of old, and fails if old is no longer the last record.
func (b *Bucket) append(ctx context.Context, key string, old, next record) error {
	msg := &nats.Msg{Subject: b.subject(key), Data: next.value, Header: nats.Header{
		jetstream.ExpectedLastSubjSeqHeader: {strconv.FormatUint(old.revision, 10)},
		headerWriters:                       {next.writers.String()},
	}}
	if !next.live {
		msg.Header.Set(headerOperation, "DEL")
	}
	_, err := b.state.js.PublishMsg(ctx, msg, jetstream.WithRetryAttempts(0))
	return full(err)
}
