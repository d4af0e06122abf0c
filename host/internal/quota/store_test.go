package quota

import (
	"context"
	"errors"
	"io/fs"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"
)

var (
	errTestConflict = errors.New("somebody else was faster")
	errFull         = errors.New("the store is full")
	errLost         = errors.New("the answer was lost")
	errDead         = errors.New("the process is dead")
)

func isTestConflict(err error) bool { return errors.Is(err, errTestConflict) }

// memory is a store that several processes share.
type memory struct {
	mu     sync.Mutex
	values map[string][]byte
	revs   map[string]uint64
	writes int
	reads  int
	fail   func() error // before a write; errLost: after it
}

func newMemory() *memory { return &memory{values: map[string][]byte{}, revs: map[string]uint64{}} }

func (m *memory) GetRevision(_ context.Context, key string) ([]byte, uint64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.reads++
	if m.values[key] == nil {
		return nil, 0, fs.ErrNotExist
	}
	return slices.Clone(m.values[key]), m.revs[key], nil
}

func (m *memory) Create(_ context.Context, key string, value []byte) error {
	return m.put(key, value, 0, fs.ErrExist)
}

func (m *memory) Update(_ context.Context, key string, value []byte, revision uint64) error {
	return m.put(key, value, revision, errTestConflict)
}

func (m *memory) put(key string, value []byte, revision uint64, conflict error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.writes++
	var failure error
	if m.fail != nil {
		failure = m.fail()
	}
	switch {
	case failure != nil && failure != errLost:
		return failure
	case m.revs[key] != revision:
		return conflict
	}
	m.values[key], m.revs[key] = slices.Clone(value), revision+1
	return failure
}

func (m *memory) Keys(_ context.Context, prefix string) (keys []string, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for k := range m.values {
		if strings.HasPrefix(k, prefix) {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	return keys, nil
}

// value returns what is stored now.
func (m *memory) value(key string) []byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.values[key]
}

// setFail changes how writes fail.
func (m *memory) setFail(f func() error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fail = f
}

// link is one process's way to the store: with latency, and with an end.
type link struct {
	*memory
	mu   sync.Mutex
	rng  *rand.Rand
	dead bool
}

func newLink(m *memory, seed uint64) *link {
	return &link{memory: m, rng: rand.New(rand.NewPCG(seed, 1))}
}

func (l *link) travel() error {
	l.mu.Lock()
	d := time.Duration(l.rng.IntN(3000)) * time.Microsecond
	dead := l.dead
	l.mu.Unlock()
	time.Sleep(d)
	if dead {
		return errDead
	}
	return nil
}

// crash cuts the process off, as its death does: what it has not stored by now is never stored.
func (l *link) crash() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.dead = true
}

func (l *link) GetRevision(ctx context.Context, key string) ([]byte, uint64, error) {
	if err := l.travel(); err != nil {
		return nil, 0, err
	}
	return l.memory.GetRevision(ctx, key)
}

func (l *link) Create(ctx context.Context, key string, value []byte) error {
	if err := l.travel(); err != nil {
		return err
	}
	return l.memory.Create(ctx, key, value)
}

func (l *link) Update(ctx context.Context, key string, value []byte, revision uint64) error {
	if err := l.travel(); err != nil {
		return err
	}
	return l.memory.Update(ctx, key, value, revision)
}
