package work

import "testing"

func TestSizes(t *testing.T) {
	var request []byte
	output, err := Run(Input(7), func(frame []byte) ([]byte, error) {
		request = frame
		return Reply(), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name      string
		got, want int
	}{
		{"input", len(Input(7)), InputSize},
		{"request", len(request), RequestSize},
		{"response", len(Reply()), ResponseSize},
		{"output", len(output), OutputSize},
	} {
		if c.got != c.want {
			t.Errorf("%s has %d bytes, want %d", c.name, c.got, c.want)
		}
	}
}

func TestCalls(t *testing.T) {
	calls.Store(0)
	for i := range 2 {
		output, err := Run(Input(i), func([]byte) ([]byte, error) { return Reply(), nil })
		if err != nil {
			t.Fatal(err)
		}
		if n, err := Calls(output); err != nil || n != i+1 {
			t.Errorf("the state has seen %d calls (%v), want %d", n, err, i+1)
		}
	}
	for _, other := range []string{``, `{"number":"INV-1","calls":1}`, string(summary) + `}`, string(summary) + `,"calls":x}`} {
		if n, err := Calls([]byte(other)); err == nil {
			t.Errorf("%d calls in %q, which is not the summary", n, other)
		}
	}
}
