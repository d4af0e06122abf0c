package abi

import "fmt"

// Level is the weight of a log line.
type Level string

// Levels, lightest first.
const (
	LevelDebug Level = "debug"
	LevelInfo  Level = "info"
	LevelWarn  Level = "warn"
	LevelError Level = "error"
)

// LogRecord is one log line of a guest.
type LogRecord struct {
	Level   Level          `json:"level"`
	Message string         `json:"message"`
	Attrs   map[string]any `json:"attrs,omitempty"`
}

// DecodeLogRecord reads the request of [OpWrite]. Numbers among the attributes are a json.Number.
func DecodeLogRecord(data []byte) (LogRecord, error) {
	var r LogRecord
	if err := decode(data, &r); err != nil {
		return LogRecord{}, fmt.Errorf("log record: %w", err)
	}
	switch r.Level {
	case LevelDebug, LevelInfo, LevelWarn, LevelError:
		return r, nil
	}
	return LogRecord{}, fmt.Errorf("log record: unknown level %q", r.Level)
}
