package sdk

import (
	"encoding/json"
	"fmt"
	"time"

	"patchbay/abi"
)

// Logger writes log lines to the host, which keeps them with the run. Each line is a constant message and
// data as alternating keys and values, as in log/slog: call.Log.Info("order created", "order", id).
// Lines beyond the call's quota are dropped. Never log a credential, a token or a whole body.
type Logger struct {
	host Host
}

// Debug is for the connector's author.
func (l *Logger) Debug(message string, args ...any) { l.write(abi.LevelDebug, message, args) }

// Info is what whoever runs the connector wants to know happened.
func (l *Logger) Info(message string, args ...any) { l.write(abi.LevelInfo, message, args) }

// Warn says that the connector coped with something odd.
func (l *Logger) Warn(message string, args ...any) { l.write(abi.LevelWarn, message, args) }

// Error says that somebody has to act. A handler that returns a fault need not log it too.
func (l *Logger) Error(message string, args ...any) { l.write(abi.LevelError, message, args) }

func (l *Logger) write(level abi.Level, message string, args []any) {
	data, err := json.Marshal(abi.LogRecord{Level: level, Message: message, Attrs: attrs(args)})
	if err != nil {
		return
	}
	_ = l.host.Log(data) // a log line that cannot be written must not fail the call
}

// attrs pairs keys and values. A value without a key stands under "!badkey", as slog has it.
func attrs(args []any) map[string]any {
	if len(args) == 0 {
		return nil
	}
	m := make(map[string]any, (len(args)+1)/2)
	for len(args) > 0 {
		key, ok := args[0].(string)
		if !ok || len(args) == 1 {
			m["!badkey"] = attrValue(args[0])
			args = args[1:]
			continue
		}
		m[key] = attrValue(args[1])
		args = args[2:]
	}
	return m
}

// attrValue returns what JSON shows well: errors and durations by their text, and the text of a value that
// has no JSON at all.
func attrValue(v any) any {
	switch t := v.(type) {
	case error:
		return t.Error()
	case time.Duration:
		return t.String()
	}
	if _, err := json.Marshal(v); err != nil {
		return fmt.Sprint(v)
	}
	return v
}
