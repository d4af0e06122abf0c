package simulated

import (
	"bytes"
	"net/http"
	"strconv"
)

// Buffer is an answer held back. It is an http.ResponseWriter.
type Buffer struct {
	// Status is what was last written as the status, 200 at first.
	Status int
	header http.Header
	body   bytes.Buffer
}

// NewBuffer returns an answer of 200 without headers or body.
func NewBuffer() *Buffer { return &Buffer{Status: http.StatusOK, header: http.Header{}} }

// Header returns the headers of the answer, which may be changed until it is sent.
func (b *Buffer) Header() http.Header { return b.header }

// WriteHeader sets the status.
func (b *Buffer) WriteHeader(status int) { b.Status = status }

// Write adds to the body. It never fails.
func (b *Buffer) Write(p []byte) (int, error) { return b.body.Write(p) }

// replace makes the answer a JSON body of the server's own.
func (b *Buffer) replace(status int, body string) {
	b.Status = status
	b.header.Set("Content-Type", "application/json")
	b.body.Reset()
	b.body.WriteString(body)
}

// begin sends status and headers, with the body's length when it is known.
func (b *Buffer) begin(w http.ResponseWriter, length int) {
	for name, values := range b.header {
		w.Header()[name] = values
	}
	if length > 0 {
		w.Header().Set("Content-Length", strconv.Itoa(length))
	}
	w.WriteHeader(b.Status)
}

// send gives the whole answer. What the client no longer takes is lost, as on any server.
func (b *Buffer) send(w http.ResponseWriter) {
	b.begin(w, b.body.Len())
	_, _ = w.Write(b.body.Bytes())
}
