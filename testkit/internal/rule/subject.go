package rule

import (
	"fmt"
	"sync"

	"patchbay/bundle"
	"patchbay/manifest"
	"patchbay/testkit/internal/cases"
	"patchbay/testkit/internal/lab"
	"patchbay/wasm"
)

// Subject is the connector that rules look at.
type Subject struct {
	Bundle   *bundle.Bundle
	Previous *bundle.Bundle // the version before it, if there is one
	Manifest *manifest.Manifest
	Contents bundle.Contents
	Module   *wasm.Module
	Cases    []*cases.Case // those that can be read, by name
	Lab      *lab.Lab      // where its operations are tried

	kept sync.Map // what several rules need, by key; see Once
}

// NewSubject makes a bundle ready to be looked at.
func NewSubject(b, previous *bundle.Bundle, l *lab.Lab) (*Subject, error) {
	mod, err := wasm.Scan(b.Contents().Module)
	if err != nil {
		return nil, err
	}
	return &Subject{
		Bundle: b, Previous: previous, Manifest: b.Manifest(), Contents: b.Contents(), Module: mod, Cases: l.Cases(), Lab: l,
	}, nil
}

// Once returns what work returns, and does the work the first time only. The key is a type of the caller's own.
func Once[K comparable, V any](s *Subject, key K, work func() V) V {
	v, _ := s.kept.LoadOrStore(key, sync.OnceValue(work))
	return v.(func() V)()
}

// Action is the place of an action: "/actions/0".
func Action(i int) string { return fmt.Sprintf("/actions/%d", i) }

// Trigger is the place of a trigger: "/triggers/0".
func Trigger(i int) string { return fmt.Sprintf("/triggers/%d", i) }

// Grant is the place of an http grant: "/http/0".
func Grant(i int) string { return fmt.Sprintf("/http/%d", i) }

// CaseFile is the place of a case: "testdata/cases/get_order.txtar".
func CaseFile(name string) string { return "testdata/cases/" + name }

// Line is a place in a file: "README.md:12".
func Line(file string, n int) string { return fmt.Sprintf("%s:%d", file, n) }

// Item is the place of an item of a list: "/auth/0/fields/1".
func Item(list string, i int) string { return fmt.Sprintf("%s/%d", list, i) }
