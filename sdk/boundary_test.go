package sdk

import (
	"errors"
	"strings"
	"testing"

	"patchbay/abi"
)

// inPieces is a take that copies at most n bytes at a time.
func inPieces(reply string, n int) takeFunc {
	return func(buf []byte, off int) int32 {
		return int32(copy(buf[:min(n, len(buf))], reply[off:]))
	}
}

func TestFetch(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 7, 1000} {
		buf := make([]byte, 11)
		if err := fetch(inPieces("hello world", n), buf); err != nil || string(buf) != "hello world" {
			t.Errorf("pieces of %d: %q, %v", n, buf, err)
		}
	}
	if err := fetch(inPieces("short", 3), make([]byte, 6)); err == nil {
		t.Error("a reply that ends early was accepted")
	}
	if err := fetch(func([]byte, int) int32 { return 9 }, make([]byte, 4)); err == nil {
		t.Error("more bytes than the buffer holds were accepted")
	}
	if err := fetch(func([]byte, int) int32 { return -int32(abi.EFAULT) }, make([]byte, 4)); !errors.Is(err, abi.EFAULT) {
		t.Errorf("error %v, want EFAULT", err)
	}
	if err := fetch(func([]byte, int) int32 { return -1 }, nil); err != nil {
		t.Errorf("an empty reply asks the host: %v", err)
	}
}

func TestServeCall(t *testing.T) {
	t.Parallel()
	const envelope = `{"abi":1,"call":"c1","kind":"action","operation":"echo","attempt":1,"deadline":1,"input":"hello"}`
	c := New()
	Action(c, "echo", echo)
	failing := func([]byte, int) int32 { return -int32(abi.EINVAL) }
	for _, tt := range []struct {
		name      string
		connector *Connector
		take      takeFunc
		limit     int // of the host, for a result
		code      int32
		want      string
	}{
		{"done", c, inPieces(envelope, 10), 1000, 0, `{"status":"done","output":"hello"}`},
		{"no connector", nil, inPieces(envelope, 10), 1000, 0, "call sdk.Serve in init"},
		{"no envelope", c, failing, 1000, 0, "read the envelope: the request is malformed"},
		{"too large", c, inPieces(envelope, 10), 20, 1, ""},
		{"refused", c, inPieces(envelope, 10), -1, 1, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got string
			tries := 0
			result := func(data []byte) int64 {
				tries++
				switch {
				case tt.limit < 0:
					return -int64(abi.EINVAL)
				case len(data) > tt.limit:
					return -int64(abi.E2BIG)
				}
				got = string(data)
				return 0
			}
			if code := serve(tt.connector, silent{}, make([]byte, len(envelope)), tt.take, result); code != tt.code {
				t.Errorf("code %d, want %d", code, tt.code)
			}
			if !strings.Contains(got, tt.want) {
				t.Errorf("result %s, want %s", got, tt.want)
			}
			if tt.limit < 0 && tries != 1 {
				t.Errorf("a refused result was tried %d times", tries)
			}
		})
	}
}

// A result that the host finds too large becomes a fault that fits.
func TestServeCall_TooLarge(t *testing.T) {
	t.Parallel()
	envelope := `{"abi":1,"call":"c1","kind":"action","operation":"echo","attempt":1,"deadline":1,"input":"` + strings.Repeat("x", 5000) + `"}`
	c := New()
	Action(c, "echo", echo)
	var got []byte
	code := serve(c, silent{}, make([]byte, len(envelope)), inPieces(envelope, 100), func(data []byte) int64 {
		if len(data) > 1000 {
			return -int64(abi.E2BIG)
		}
		got = data
		return 0
	})
	r, err := abi.DecodeResult(got)
	if err != nil || code != 0 {
		t.Fatal(code, err)
	}
	wantFault(t, r, LimitExceeded, "the result of 5029 bytes is larger than the host allows")
}

func TestHostFault(t *testing.T) {
	t.Parallel()
	for err, want := range map[error]string{
		abi.EPERM:                   "forbidden: the manifest has no http grant, so the guest may not send requests; add one under http",
		abi.E2BIG:                   "limit_exceeded: the request is larger than the host allows",
		abi.ENOSPC:                  "limit_exceeded: the call has used up its quota of host calls",
		abi.ENOSYS:                  "internal: this host cannot send requests for this version of the SDK; update the host",
		abi.EINVAL:                  "internal: send the request: the request is malformed",
		Faultf(Timeout, "too slow"): "timeout: too slow",
		errors.New("lost"):          "internal: lost",
	} {
		if got := hostFault(err).Error(); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

// brokenHost answers requests with something that is no frame.
type brokenHost struct{ silent }

func (brokenHost) HTTP([]byte) ([]byte, error) { return []byte(`{"status":200}`), nil }

func TestClient_BrokenHost(t *testing.T) {
	t.Parallel()
	call := newCall(&abi.Envelope{Connection: &abi.Connection{URLs: map[string]string{"api": "https://vendor.example"}}}, brokenHost{})
	_, err := call.HTTP("api").Get("/x", nil)
	const want = "internal: read the host's answer: http response: no line feed after the head"
	if err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}
