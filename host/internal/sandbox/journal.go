package sandbox

import (
	"bytes"

	"patchbay/abi"
	"patchbay/host/internal/guest"
)

// maxLine is how many bytes of a line of standard output or error are kept; the rest is dropped.
const maxLine = 4 << 10

// journal passes on the log lines of one call, within their quota.
type journal struct {
	log     func(abi.LogRecord)
	left    int64 // bytes
	dropped int   // lines

	stdout, stderr []byte // a line that has not ended
	words          guest.LastWords
}

func newJournal(log func(abi.LogRecord), quota int64) *journal {
	if log == nil {
		log = func(abi.LogRecord) {}
	}
	return &journal{log: log, left: quota}
}

// full reports whether size more bytes are too many, and counts a dropped line if so. Once full the journal
// stays full: a log with holes where long lines were misleads.
func (j *journal) full(size int) bool {
	if int64(size) <= j.left {
		return false
	}
	j.left = 0
	j.dropped++
	return true
}

// record passes on r, which took size bytes.
func (j *journal) record(r abi.LogRecord, size int) {
	j.left -= int64(size)
	j.log(guest.PrintableRecord(r))
}

// write takes bytes of standard output or error, where line is one of the two fields.
func (j *journal) write(line *[]byte, data []byte) {
	for part := range bytes.Lines(data) {
		text, ended := bytes.CutSuffix(part, []byte("\n"))
		*line = append(*line, text[:min(len(text), maxLine-len(*line))]...)
		if ended {
			j.endLine(line)
		}
	}
}

// endLine makes a record of a line. Standard output and error are for what went wrong: guests have a
// capability for what they want to tell.
func (j *journal) endLine(line *[]byte) {
	text, size := guest.Printable(string(*line)), len(*line)
	*line = (*line)[:0]
	if text == "" {
		return
	}
	j.words.Add(text + "\n")
	if !j.full(size) {
		j.record(abi.LogRecord{Level: abi.LevelWarn, Message: text}, size)
	}
}

// endLines ends lines that the guest has not.
func (j *journal) endLines() {
	j.endLine(&j.stdout)
	j.endLine(&j.stderr)
}

// close passes on what is left.
func (j *journal) close() {
	j.endLines()
	if j.dropped > 0 {
		j.log(abi.LogRecord{Level: abi.LevelWarn, Message: "log lines beyond the call's quota were dropped",
			Attrs: map[string]any{"dropped": j.dropped}})
	}
}
