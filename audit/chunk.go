package audit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Bounds of a chunk. The size is that of entries that wait together; one alone may not be larger than maxEntry.
const (
	maxChunkEntries = 256
	maxChunkSize    = 1 << 20
)

// chunkKey returns the key of the chunk that begins with an entry.
func chunkKey(first int64) string { return fmt.Sprintf("%019d", first) }

// parseKey undoes chunkKey.
func parseKey(key string) (first int64, ok bool) {
	first, err := strconv.ParseInt(key, 10, 64)
	return first, err == nil && first >= 0 && chunkKey(first) == key
}

// build makes the chunk that follows t.
func build(t tree, entries []Entry, now time.Time, signer note.Signer) ([]byte, statement, error) {
	var data []byte
	leaves := make([]tlog.Hash, len(entries))
	for i, e := range entries {
		e.Number = t.size + int64(i)
		line, err := e.line()
		if err != nil {
			return nil, statement{}, err
		}
		leaves[i] = tlog.RecordHash(line)
		data = append(append(data, line...), '\n')
	}
	s := statement{tree: t.with(leaves), time: now, leaves: leaves}
	signed, err := s.sign(signer)
	if err != nil {
		return nil, statement{}, err
	}
	return append(data, noteLine(signed)...), s, nil
}

var notePrefix = []byte(`{"checkpoint":`)

// noteLine returns a note as a line of JSON, with its line feed.
func noteLine(signed []byte) []byte {
	line, err := marshal(struct {
		Checkpoint string `json:"checkpoint"`
	}{string(signed)})
	if err != nil {
		panic("audit: " + err.Error()) // a string can be encoded
	}
	return append(line, '\n')
}

// parseNoteLine undoes noteLine, and takes nothing else.
func parseNoteLine(line []byte) (signed []byte, ok bool) {
	var v struct{ Checkpoint string }
	if err := json.Unmarshal(line, &v); err != nil {
		return nil, false
	}
	signed = []byte(v.Checkpoint)
	return signed, bytes.Equal(noteLine(signed), line)
}

// split takes a chunk apart: its entries' lines with no line feeds, and the line of its note with its own.
func split(data []byte) (lines [][]byte, noteLine []byte) {
	end := bytes.LastIndexByte(bytes.TrimSuffix(data, []byte("\n")), '\n') + 1
	for line := range bytes.Lines(data[:end]) {
		lines = append(lines, bytes.TrimSuffix(line, []byte("\n")))
	}
	return lines, data[end:]
}
