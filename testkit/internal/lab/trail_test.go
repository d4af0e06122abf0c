package lab

import (
	"testing"

	"patchbay/abi"
	"patchbay/audit"
)

// TestTrail keeps what must not be sent, until somebody has taken it.
func TestTrail(t *testing.T) {
	t.Parallel()
	tr := &trail{}
	if err := tr.Append(t.Context(), audit.Entry{Kind: audit.Run, Egress: []audit.Egress{
		{Host: "a.example", Code: string(abi.Forbidden)},
		{Host: "b.example", Code: string(abi.InvalidInput)},
		{Host: "c.example", Code: string(abi.Unavailable)},            // sent, and not answered
		{Host: "d.example", Code: string(abi.Forbidden), Status: 403}, // the vendor's own word
		{Host: "e.example", Status: 200},
	}}); err != nil {
		t.Fatal(err)
	}
	got := tr.take()
	if len(got) != 2 || got[0].Host != "a.example" || got[1].Host != "b.example" {
		t.Errorf("refused %+v", got)
	}
	if again := tr.take(); len(again) > 0 {
		t.Errorf("and once more %+v", again)
	}
}
