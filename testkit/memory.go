package testkit

import (
	"context"
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
	mu   sync.Mutex // guards data
	data map[string]map[string]string
}

func (s *secrets) Get(_ context.Context, connection string) (map[string]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, ok := s.data[connection]
	if !ok {
		return nil, fmt.Errorf("%s: %w", connection, fs.ErrNotExist)
	}
	return maps.Clone(v), nil
}

func (s *secrets) Put(_ context.Context, connection string, values map[string]string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.data[connection] = maps.Clone(values)
	return nil
}

func (s *secrets) Delete(_ context.Context, connection string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.data, connection)
	return nil
}
