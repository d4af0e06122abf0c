package abi

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func seed(f *testing.F, document string) {
	f.Helper()
	for _, v := range loadVectors(f)[document].Vectors {
		if v.Data != nil {
			f.Add([]byte(*v.Data))
		}
	}
}

// Whatever CheckJSON accepts must be JSON to encoding/json too, and stay acceptable when it is written anew.
func FuzzCheckJSON(f *testing.F) {
	seed(f, "json")
	f.Fuzz(func(t *testing.T, data []byte) {
		if CheckJSON(data) != nil {
			return
		}
		dec := json.NewDecoder(bytes.NewReader(data))
		dec.UseNumber()
		var v any
		if err := dec.Decode(&v); err != nil || !json.Valid(data) {
			t.Fatalf("accepted, but encoding/json refuses: %v", err)
		}
		again, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		if err := CheckJSON(again); err != nil {
			t.Fatalf("%s was accepted, %s is not: %v", data, again, err)
		}
	})
}

func FuzzDecodeEnvelope(f *testing.F) {
	seed(f, "envelope")
	f.Fuzz(func(t *testing.T, data []byte) {
		roundTrip(t, data, DecodeEnvelope, func(e Envelope) ([]byte, error) { return json.Marshal(e) })
	})
}

func FuzzDecodeResult(f *testing.F) {
	seed(f, "result")
	f.Fuzz(func(t *testing.T, data []byte) {
		roundTrip(t, data, DecodeResult, func(r Result) ([]byte, error) { return json.Marshal(r) })
	})
}

func FuzzDecodeRequest(f *testing.F) {
	seed(f, "request")
	f.Fuzz(func(t *testing.T, data []byte) {
		roundTrip(t, data, DecodeRequest, func(r Request) ([]byte, error) { return r.Encode() })
	})
}

func FuzzDecodeResponse(f *testing.F) {
	seed(f, "response")
	f.Fuzz(func(t *testing.T, data []byte) {
		roundTrip(t, data, DecodeResponse, func(r Response) ([]byte, error) { return r.Encode() })
	})
}

func FuzzDecodeLogRecord(f *testing.F) {
	seed(f, "log")
	f.Fuzz(func(t *testing.T, data []byte) {
		roundTrip(t, data, DecodeLogRecord, func(r LogRecord) ([]byte, error) { return json.Marshal(r) })
	})
}

// roundTrip checks that what was decoded encodes to bytes that decode to the same, and that encoding those
// gives the same bytes: one canonical form for each meaning.
func roundTrip[T any](t *testing.T, data []byte, decode func([]byte) (T, error), encode func(T) ([]byte, error)) {
	t.Helper()
	first, err := decode(data)
	if err != nil {
		return
	}
	written, err := encode(first)
	if err != nil {
		t.Fatalf("decoded, but cannot be encoded: %v", err)
	}
	second, err := decode(written)
	if err != nil {
		t.Fatalf("%q is encoded as %q, which is refused: %v", data, written, err)
	}
	again, err := encode(second)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(written), string(again)); diff != "" {
		t.Fatalf("%q has two forms:\n%s", data, diff)
	}
}
