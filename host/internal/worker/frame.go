package worker

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"patchbay/abi"
	"patchbay/host/internal/guest"
)

// kind is a frame's first byte; the package comment says what follows it.
type kind byte

const (
	kindLoad     kind = 'L'
	kindReady    kind = 'Y'
	kindRefused  kind = 'N'
	kindCancel   kind = 'C'
	kindEnded    kind = 'E'
	kindStart    kind = 'S'
	kindRequest  kind = 'Q'
	kindResponse kind = 'A'
	kindRecord   kind = 'R'
	kindOutcome  kind = 'O'
	kindVerdict  kind = 'V'
)

// load is the document of a load frame.
type load struct {
	Dir         string
	Limits      abi.Limits
	World       *guest.World
	WarmUp      []abi.Envelope
	Concurrency int
}

// start is the document of a start frame. The values of the envelope that guests and vendors made travel beside
// it: they may be large, and are for the guest to read.
type start struct {
	ID        uint64
	Envelope  abi.Envelope
	Limits    abi.Limits
	World     *guest.World
	HTTP, Log bool          // what was granted
	Left      time.Duration // until the call must have ended
}

// parts returns the payload of a start frame.
func (s start) parts() ([][]byte, error) {
	e := &s.Envelope
	values := []json.RawMessage{e.Input, e.Cursor, e.State}
	e.Input, e.Cursor, e.State = nil, nil, nil
	head, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	parts := appendSection(nil, head)
	for _, v := range values {
		parts = appendSection(parts, v)
	}
	return parts, nil
}

func decodeStart(data []byte) (s start, err error) {
	var sections [4][]byte
	for i := range sections {
		if sections[i], data, err = cutSection(data); err != nil {
			return s, fmt.Errorf("start frame: %w", err)
		}
	}
	if len(data) > 0 {
		return s, fmt.Errorf("start frame: %d bytes after its last section", len(data))
	}
	if err := decodeJSON(sections[0], &s); err != nil {
		return s, fmt.Errorf("start frame: %w", err)
	}
	s.Envelope.Input, s.Envelope.Cursor, s.Envelope.State = sections[1], sections[2], sections[3]
	return s, nil
}

func appendSection(parts [][]byte, section []byte) [][]byte {
	return append(parts, binary.AppendUvarint(nil, uint64(len(section))), section)
}

// cutSection returns the first section of data, nil if it is empty, and what follows it.
func cutSection(data []byte) (section, rest []byte, err error) {
	size, n := binary.Uvarint(data)
	if n <= 0 || size > uint64(len(data)-n) {
		return nil, nil, errors.New("a section does not end within the frame")
	}
	end := n + int(size)
	if size > 0 {
		section = data[n:end:end]
	}
	return section, data[end:], nil
}

// decodeJSON reads what the parent wrote. Numbers among a connection's fields stay as they are written.
func decodeJSON(data []byte, v any) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	return dec.Decode(v)
}

// usageSize is the length of a usage: six numbers of eight bytes, big-endian.
const usageSize = 6 * 8

func appendUsage(b []byte, u guest.Usage) []byte {
	for _, n := range []int64{u.Fuel, u.PeakMemory, int64(u.HTTPCalls), int64(u.HostCalls), int64(u.Wall), int64(u.Slept)} {
		b = binary.BigEndian.AppendUint64(b, uint64(n))
	}
	return b
}

// decodeUsage reads the usage before an outcome's or a verdict's document.
func decodeUsage(data []byte) (u guest.Usage, document []byte, err error) {
	if len(data) < usageSize {
		return u, nil, fmt.Errorf("%d bytes, too few for a usage", len(data))
	}
	var n [6]int64
	for i := range n {
		v := binary.BigEndian.Uint64(data[8*i:])
		if v > math.MaxInt64 || i >= 2 && i <= 3 && v > math.MaxInt32 {
			return u, nil, fmt.Errorf("usage: number %d is %d", i, int64(v))
		}
		n[i] = int64(v)
	}
	u = guest.Usage{Fuel: n[0], PeakMemory: n[1], HTTPCalls: int(n[2]), HostCalls: int(n[3]), Wall: time.Duration(n[4]), Slept: time.Duration(n[5])}
	if u.PeakMemory > 1<<32 {
		return u, nil, fmt.Errorf("usage: %d bytes of memory, a guest has at most 4 GiB", u.PeakMemory)
	}
	return u, data[usageSize:], nil
}

// values calls f with each value of a result that the guest made, in the order in which they travel.
func values(r *abi.Result, f func(*json.RawMessage)) {
	f(&r.Output)
	f(&r.State)
	f(&r.Cursor)
	for i := range r.Items {
		f(&r.Items[i])
	}
}

// placeholder stands in a result's document for a value that follows it.
const placeholder = "0"

// encodeEnd returns the payload of an outcome or a verdict. The result's values stay byte for byte as the guest
// wrote them, which JSON in JSON would not do, and are read once and not five times at the other end.
func encodeEnd(o guest.Outcome) ([][]byte, error) {
	r := o.Result
	r.Items = slices.Clone(r.Items)
	var sections [][]byte
	values(&r, func(v *json.RawMessage) {
		if *v != nil && string(*v) != "null" {
			sections = appendSection(sections, *v)
			*v = json.RawMessage(placeholder)
		}
	})
	document, err := marshal(r)
	if err != nil {
		return nil, err
	}
	return append(appendSection([][]byte{appendUsage(nil, o.Usage)}, document), sections...), nil
}

// decodeEnd reads an outcome or a verdict.
func decodeEnd(k kind, data []byte) (guest.Outcome, error) {
	usage, data, err := decodeUsage(data)
	if err != nil {
		return guest.Outcome{}, err
	}
	document, data, err := cutSection(data)
	if err != nil {
		return guest.Outcome{}, err
	}
	r, err := abi.DecodeResult(document)
	if err != nil {
		return guest.Outcome{}, err
	}
	if k == kindVerdict && r.Status != abi.StatusFault {
		return guest.Outcome{}, fmt.Errorf("verdict of status %s", r.Status)
	}
	if err := fillValues(&r, data); err != nil {
		return guest.Outcome{}, err
	}
	return guest.Outcome{Result: r, Usage: usage}, nil
}

// fillValues puts the values that follow a result's document where they belong.
func fillValues(r *abi.Result, data []byte) (err error) {
	values(r, func(v *json.RawMessage) {
		switch {
		case err != nil || *v == nil || string(*v) == "null":
			return
		case string(*v) != placeholder:
			err = errors.New("result: a value within the document")
			return
		}
		if *v, data, err = cutSection(data); err == nil {
			err = abi.CheckJSON(*v)
		}
	})
	if err == nil && len(data) > 0 {
		err = fmt.Errorf("result: %d bytes after its last value", len(data))
	}
	return err
}

// size returns the length of a payload.
func size(parts [][]byte) (n int64) {
	for _, p := range parts {
		n += int64(len(p))
	}
	return n
}

// marshal is json.Marshal without escapes for HTML, which make a text up to six times as long.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// Bounds of what a worker sends, in bytes. An engine lets a guest send less than each; what it sends is then
// written again, so that a text may become a little longer.
const slack = 64 << 10

func maxRequest(l abi.Limits) int64 { return l.RequestBody + 6*slack } // heads of 64 KiB, escaped
func maxOutcome(l abi.Limits) int64 { return l.Output + slack }
func maxRecord(l abi.Limits) int64  { return 2*l.Log + slack }

// maxRecords bounds all records of a call together: a record of one byte takes 30 with its level.
func maxRecords(l abi.Limits) int64 { return 40*l.Log + slack }

const maxVerdict = slack

// maxMessage is the largest frame that a call with these limits may get, as a power of two from 16 MiB on, so
// that most calls may use the streams of others.
func maxMessage(l abi.Limits) int {
	need := 1 + max(maxRequest(l), maxOutcome(l), maxRecord(l), maxVerdict)
	size := int64(16 << 20)
	for size < need && size < math.MaxInt32 {
		size *= 2
	}
	return int(min(size, math.MaxInt32))
}
