package report

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files")

// sample is a report with something in every part.
func sample() (*Report, []Rule) {
	rules := []Rule{
		{ID: "M003", Title: "The description says what the connector does", Rationale: "It is all that a person sees before installing.", Severity: Note, Fix: "Say what it does in a sentence with a verb.", Origin: "Zapier D001"},
		{ID: "M007", Title: "The icon is square", Rationale: "It is shown in lists beside others.", Severity: Error, Fix: "Draw it in a square viewBox."},
		{ID: "N004", Title: "Every path that is asked for is used by a case", Rationale: "What is granted and never used is what an attacker gets for nothing.", Severity: Error, Fix: "Take the path out of http/paths, or add a case that uses it.", Origin: "Slack's least-scope review"},
		{ID: "N009", Title: "A wildcard stands for one kind of thing", Rationale: "An admin reads paths to decide.", Severity: Warning, Fix: "Write the path out."},
		{ID: "O021", Title: "An action that is declared idempotent has one effect when it is called twice", Rationale: "The host repeats such an action when an answer is lost.", Severity: Error, Fix: "Send the idempotency key, or take `idempotent: true` away."},
		{ID: "O022", Title: "An operation that reads does not write", Rationale: "Recipes read at any time.", Severity: Error, Fix: "Use GET."},
		{ID: "R005", Title: "A lost answer to a write is in doubt", Rationale: "Nobody may repeat it unseen.", Severity: Error, Fix: "Return the fault that the host gave."},
	}
	r := &Report{
		RuleSet: "patchbay/1 sha256:1f0b7d5c0c6f4a6b8f5f0c9e3f3b7f0a7c0d1e2f3a4b5c6d7e8f9a0b1c2d3e4f", Connector: "acme/shop@1.4.0",
		Bundle:   "sha256:9b2c4d6e8f0a1b3c5d7e9f0a2b4c6d8e0f1a3b5c7d9e1f2a4b6c8d0e2f3a5b7c",
		Previous: "sha256:0000000000000000000000000000000000000000000000000000000000000000", Host: "1", Hardener: "3",
		Skipped: []Skip{{"M007", "The vendor's brand rules ask for a wide icon."}},
		Findings: []Finding{
			{"M003", Note, "/description", `it is "A connector for Shop."`, "Say what it does in a sentence with a verb.", "pack certify . --only M003"},
			{"N004", Error, "/http/0/paths/3", "/orders/*/refunds is granted, and 14 cases and 212 requests under faults never asked for it", "Take the path out of http/paths, or add a case that uses it.", "pack certify . --only N004"},
			{"N009", Warning, "/http/0/paths/1", "/orders/** stands for /orders/1, /orders/1/lines and /orders/export", "Write /orders/*, /orders/*/lines and /orders/export.", "pack certify . --only N009"},
			{"O021", Error, "action create_order", "two equal calls sent\n  POST https://api.shop.example/orders\n  POST https://api.shop.example/orders\nand the vendor made 2 orders", "Send the idempotency key, or take `idempotent: true` away.", "pack test . --operation create_order --twice"},
			{"O021", Error, "testdata/cases/create_order.txtar:12", "the second call's request has no header Idempotency-Key", "Declare idempotency_header in the manifest.", "pack certify . --only O021"},
		},
		Families: []Family{
			{"M", "Listing", 2, 0, 0, 0, 1}, {"N", "Network", 2, 2, 1, 1, 0}, {"O", "Operations", 2, 1, 2, 0, 0}, {"R", "Resilience", 1, 0, 0, 0, 0},
		},
		Cases: []Case{
			{"create_order.txtar", "action create_order", true, "", ""},
			{"get_order.txtar", "action get_order", true, "", ""},
			{"list_orders.txtar", "trigger new_order", false, "page.json: /items/0/total: got 12, want \"12.00\"", ""},
		},
		Figures: []Figure{
			{"action create_order", 1_482_113, 3_276_800, 2, 1350 * time.Millisecond, 31},
			{"action get_order", 412_090, 3_145_728, 1, 0, 19},
			{"trigger new_order", 2_977_431, 4_718_592, 4, 30 * time.Second, 44},
		},
		Permissions: []Permission{
			{"https://{host}/api", []string{"GET", "POST"}, []string{"/orders/*", "/orders/**", "/customers", "/orders/*/refunds"}, true, "Reads orders and customers of the connected shop, and creates orders."},
			{"https://cdn.shop.example", []string{"GET"}, []string{"/images/*"}, false, "Reads pictures of products."},
		},
	}
	r.Close()
	return r, rules
}

// clean is a report without a finding.
func clean() (*Report, []Rule) {
	r, rules := sample()
	r.Findings, r.Skipped, r.Previous = nil, nil, ""
	for i := range r.Families {
		r.Families[i].Broken, r.Families[i].Errors, r.Families[i].Warnings, r.Families[i].Notes = 0, 0, 0, 0
	}
	r.Cases = r.Cases[:2]
	r.Close()
	return r, rules
}

func write(t *testing.T, r *Report, format Format, rules []Rule) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := r.Write(&b, format, rules, Source{}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// golden compares got with a file in testdata.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got)\n%s", path, diff)
	}
}
