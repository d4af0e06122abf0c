package worker

import (
	"context"
	"io"
	"log/slog"

	"github.com/hashicorp/go-hclog"
)

// newLogger passes go-plugin's own lines on, all at debug level: what matters to an operator this package says
// itself. Its level is off, so that go-plugin does not read the worker's standard error as log lines of a
// level that the worker chooses.
func newLogger(logger *slog.Logger) hclog.Logger {
	l := hclog.NewInterceptLogger(&hclog.LoggerOptions{Output: io.Discard, Level: hclog.Off})
	l.RegisterSink(&sink{logger})
	return l
}

type sink struct{ logger *slog.Logger }

// Accept drops what comes from a named logger: that is a line of standard error, too long for one piece.
func (s *sink) Accept(name string, _ hclog.Level, msg string, args ...any) {
	if name == "" {
		s.logger.Log(context.Background(), slog.LevelDebug, msg, args...)
	}
}
