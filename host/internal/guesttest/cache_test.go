package guesttest

import (
	"errors"
	"io/fs"
	"slices"
	"testing"
)

func TestCache(t *testing.T) {
	t.Parallel()
	var c Cache
	if _, err := c.Get("a"); !errors.Is(err, fs.ErrNotExist) || len(c.Names()) != 0 {
		t.Errorf("an empty cache: %v, %q", err, c.Names())
	}
	for _, text := range []string{"first", "second"} {
		if err := c.Put("a", []byte(text)); err != nil {
			t.Error(err)
		}
	}
	if got, err := c.Get("a"); string(got) != "second" || err != nil || !slices.Equal(c.Names(), []string{"a"}) {
		t.Errorf("got %q, %v, %q", got, err, c.Names())
	}
}
