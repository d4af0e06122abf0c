package main

import (
	"context"
	"errors"

	"patchbay/host/internal/guest"
)

// engineConfig is what the rows need to say about an engine.
type engineConfig struct {
	cacheDir    string // of compiled code
	concurrency int    // calls of one program at a time
}

// newEngine makes one of Patchbay's engines.
type newEngine func(context.Context, engineConfig) (guest.Engine, error)

func inProcess(context.Context, engineConfig) (guest.Engine, error) {
	return nil, errors.New("this build has no in-process engine")
}

func inRing(context.Context, engineConfig) (guest.Engine, error) {
	return nil, errors.New("this build has no process engine")
}
