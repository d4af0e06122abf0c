package testkit

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"sort"
	"strings"
	"sync"
)

// memory is a store that lives as long as one run. It meets host.Store.
type memory struct {
	mu   sync.Mutex // guards data
	data map[string][]byte
}

func (m *memory) Get(_ context.Context, key string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	v, ok := m.data[key]
	if !ok {
		return nil, fmt.Errorf("%s: %w", key, fs.ErrNotExist)
	}
	return v, nil
}

func (m *memory) Put(_ context.Context, key string, value []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.data[key] = value
	return nil
}

func (m *memory) Delete(_ context.Context, key string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.data, key)
	return nil
}

func (m *memory) Keys(_ context.Context, prefix string) ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var keys []string
	for k := range m.data {
		if strings.HasPrefix(k, prefix) {
			keys = append(keys, k)
		}
	}
	sort.Strings(keys)
	return keys, nil
}

// secrets is a vault that lives as long as one run. It meets host.Vault.
type secrets struct {
	mu       sync.Mutex // guards what follows
	data     map[string]map[string]string
	revision uint64
}

// errConflict is the error of an update that came too late.
var errConflict = errors.New("the secrets have another revision")

func isConflict(err error) bool { return errors.Is(err, errConflict) }

func (s *secrets) GetRevision(_ context.Context, connection string) (map[string]string, uint64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, ok := s.data[connection]
	if !ok {
		return nil, 0, fmt.Errorf("%s: %w", connection, fs.ErrNotExist)
	}
	return maps.Clone(v), s.revision, nil
}

func (s *secrets) Put(_ context.Context, connection string, values map[string]string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.data[connection] = maps.Clone(values)
	s.revision++
	return nil
}

func (s *secrets) Update(_ context.Context, connection string, values map[string]string, revision uint64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if revision != s.revision {
		return errConflict
	}
	s.data[connection] = maps.Clone(values)
	s.revision++
	return nil
}

func (s *secrets) Delete(_ context.Context, connection string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.data, connection)
	return nil
}
