package worker

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"patchbay/abi"
	"patchbay/host/internal/guest"
)

// TestFrame_Cancel holds the package comment's example.
func TestFrame_Cancel(t *testing.T) {
	t.Parallel()
	var sent outgoing
	send(sender(func(m any) error { sent = m.(outgoing); return nil }), kindCancel, []byte{0, 0, 0, 0, 0, 0, 1, 2})
	frame, err := codec{}.Marshal(sent)
	if err != nil || !bytes.Equal(frame.Materialize(), []byte{0x43, 0, 0, 0, 0, 0, 0, 1, 2}) {
		t.Errorf("%x, %v", frame.Materialize(), err)
	}
}

type sender func(any) error

func (s sender) SendMsg(m any) error { return s(m) }
func (s sender) RecvMsg(any) error   { return nil }

// end is an outcome's or a verdict's payload around any document and values.
func end(u guest.Usage, document string, values ...string) []byte {
	parts := appendSection([][]byte{appendUsage(nil, u)}, []byte(document))
	for _, v := range values {
		parts = appendSection(parts, []byte(v))
	}
	var all []byte
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}

const done = `{"status":"done","output":0}`

// TestFrame_EndRoundTrip: a result arrives as it was, byte for byte.
func TestFrame_EndRoundTrip(t *testing.T) {
	t.Parallel()
	raw := func(s string) json.RawMessage { return json.RawMessage(s) }
	for _, r := range []abi.Result{
		abi.Done(nil),
		abi.Done(raw(" {\"a\" :\t1.10, \"<\":\"\u2028\"} ")),
		{Status: abi.StatusPending, State: raw("0"), After: 1.5},
		{Status: abi.StatusPending},
		{Status: abi.StatusPage, Items: []json.RawMessage{raw("0"), raw("null"), raw("[ 1]")}, Cursor: raw(`"a"`)},
		{Status: abi.StatusPage, Items: []json.RawMessage{raw("1")}, Cursor: raw("null")},
		{Status: abi.StatusPage},
		abi.Fail(&abi.Fault{Code: abi.Conflict, Message: "a <b>", Field: "/a", RetryAfter: 2, Details: raw(`{"a":[0]}`)}),
	} {
		want := guest.Outcome{Result: r, Usage: guest.Usage{Fuel: 1, PeakMemory: 2, HTTPCalls: 3, HostCalls: 4, Wall: 5, Slept: 6}}
		parts, err := encodeEnd(want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := decodeEnd(kindOutcome, bytes.Join(parts, nil))
		if err != nil {
			t.Errorf("%+v: %v", r, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
}

func TestFrame_StartRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		value := func(name string) json.RawMessage {
			return rapid.SampledFrom([]json.RawMessage{nil, json.RawMessage("0"), json.RawMessage(`{"a": "` + strings.Repeat("x", 200) + `"}`)}).Draw(t, name)
		}
		want := start{
			ID:       rapid.Uint64().Draw(t, "id"),
			Envelope: abi.Envelope{ABI: 1, Call: "c", Input: value("input"), Cursor: value("cursor"), State: value("state")},
			Limits:   abi.Limits{Wall: time.Duration(rapid.Int64Min(0).Draw(t, "wall"))},
			World:    &guest.World{Now: time.Unix(rapid.Int64Range(0, 1<<35).Draw(t, "now"), 7).UTC(), Seed: rapid.Uint64().Draw(t, "seed")},
			HTTP:     rapid.Bool().Draw(t, "http"), Log: rapid.Bool().Draw(t, "log"),
			Left: time.Duration(rapid.Int64().Draw(t, "left")),
		}
		parts, err := want.parts()
		if err != nil {
			t.Fatal(err)
		}
		got, err := decodeStart(bytes.Join(parts, nil))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
	})
}

// FuzzFrame: bytes of a child never panic, and what is accepted comes out the same a second time.
func FuzzFrame(f *testing.F) {
	f.Add(byte(kindOutcome), end(guest.Usage{Fuel: 7}, done, `{"a":1}`))
	f.Add(byte(kindOutcome), end(guest.Usage{}, `{"status":"page","items":[0,null,0],"cursor":0}`, `1`, `"a"`, `[]`))
	f.Add(byte(kindVerdict), end(guest.Usage{}, `{"status":"fault","fault":{"code":"timeout","message":"m"}}`))
	f.Add(byte(kindStart), []byte("\x02{}\x010\x00\x02{}"))
	f.Fuzz(func(t *testing.T, k byte, data []byte) {
		if kind(k) == kindStart {
			decodeStart(data)
			return
		}
		o, err := decodeEnd(kind(k), data)
		if err != nil {
			return
		}
		if o.Usage.Fuel < 0 || o.Usage.PeakMemory < 0 || o.Usage.HTTPCalls < 0 || o.Usage.HostCalls < 0 || o.Usage.Wall < 0 {
			t.Fatalf("usage %+v", o.Usage)
		}
		parts, err := encodeEnd(o)
		if err != nil {
			t.Fatal(err)
		}
		again, err := decodeEnd(kind(k), bytes.Join(parts, nil))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(o, again); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestMaxMessage(t *testing.T) {
	t.Parallel()
	for want, l := range map[int]abi.Limits{
		16 << 20:  {},
		32 << 20:  {Output: 17 << 20},
		256 << 20: {RequestBody: 200 << 20},
		1<<31 - 1: {Log: 1 << 40},
	} {
		if got := maxMessage(l.WithDefaults()); got != want {
			t.Errorf("%+v: %d, want %d", l, got, want)
		}
	}
}

func TestTail(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ in, kept, reason string }{
		{"", "", ""},
		{"a\nb\n", "a\nb", "b"},
		{"a\npanic: \x1b[1m\ngoroutine 1\n", "panic: [1m\ngoroutine 1", "panic: [1m"},
		{strings.Repeat("x", 5000) + "\nb\n", strings.Repeat("x", maxKept-3) + "\nb", "b"},
		{"fatal error: a\n" + strings.Repeat("y", 5000), "fatal error: a\n" + strings.Repeat("y", maxKept-15), "fatal error: a"},
		{strings.Repeat("z", 300), strings.Repeat("z", 300), strings.Repeat("z", 200) + "..."},
	} {
		var tail tail
		for _, line := range strings.SplitAfter(c.in, "\n") { // as go-plugin does
			text, ended := strings.CutSuffix(line, "\n")
			tail.Write([]byte(text))
			if ended {
				tail.Write([]byte("\n"))
			}
		}
		if kept, reason := tail.text(); kept != c.kept || reason != c.reason {
			t.Errorf("%.20q: kept %q, reason %q", c.in, kept, reason)
		}
	}
}
