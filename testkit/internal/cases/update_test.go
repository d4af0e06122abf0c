package cases

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"patchbay/abi"
)

// TestCase_Expecting changes what is expected, and no other byte.
func TestCase_Expecting(t *testing.T) {
	t.Parallel()
	const rest = "About.\n\n-- call.json --\n{ \"operation\":\"op\" }\n-- http/1.request --\nGET https://a.example/x?b=1&a=2\n-- http/1.response --\n200\n\n{\"odd\":  1}\n"
	fault := abi.Faultf(abi.NotFound, "gone").At("/id")
	for _, tt := range []struct {
		name, was, want, diff string
		expect                Want
	}{
		{"output", "-- output.json --\n{\"a\":1}\n", "-- output.json --\n{\"a\": 2}\n", "  -- output.json --\n- {\"a\": 1}\n+ {\"a\": 2}", Expect(abi.StatusDone, []byte(`{"a":2}`), nil)},
		{"a page", "-- output.json --\n{}\n", "-- page.json --\n{\"items\": []}\n", "- -- output.json --\n- {}\n+ -- page.json --\n+ {\"items\": []}", Expect(abi.StatusPage, []byte(`{"items":[]}`), nil)},
		{"a fault", "-- output.json --\n{}\n", "-- fault.json --\n{\"code\": \"not_found\", \"field\": \"/id\", \"message\": \"gone\"}\n", "", Expect("", nil, fault)},
		{"a code alone", "-- fault.json --\n{\"code\": \"conflict\"}\n", "-- fault.json --\n{\"code\": \"not_found\"}\n", "", Expect("", nil, fault)},
		{"a code and a message", "-- fault.json --\n{\"code\": \"conflict\", \"message\": \"m\"}\n", "-- fault.json --\n{\"code\": \"not_found\", \"message\": \"gone\"}\n", "", Expect("", nil, fault)},
		{"a code and a field", "-- fault.json --\n{\"code\": \"conflict\", \"field\": \"/x\"}\n", "-- fault.json --\n{\"code\": \"not_found\", \"field\": \"/id\"}\n", "", Expect("", nil, fault)},
		{"nothing at all", "-- output.json --\n{}\n", "-- output.json --\nnull\n", "", Expect(abi.StatusDone, nil, nil)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			k, err := Parse("x.txtar", []byte(rest+tt.was))
			if err != nil {
				t.Fatal(err)
			}
			got, diff, err := k.Expecting(tt.expect, []byte(rest+tt.was))
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(rest+tt.want, string(got)); d != "" {
				t.Error(d)
			}
			if tt.diff != "" && diff != tt.diff {
				t.Errorf("the difference is\n%s\nwant\n%s", diff, tt.diff)
			}
		})
	}
}

// TestCase_Expecting_Refuses writes nothing that is not read again.
func TestCase_Expecting_Refuses(t *testing.T) {
	t.Parallel()
	text := []byte(okCall + okWant)
	k, err := Parse("x.txtar", text)
	if err != nil {
		t.Fatal(err)
	}
	if got, _, err := k.Expecting(Want{File: "output.json", Output: []byte("{")}, text); err == nil {
		t.Errorf("written:\n%s", got)
	}
}

func TestCompareLines(t *testing.T) {
	t.Parallel()
	lines := func(s string) string { return strings.ReplaceAll(s, " ", "\n") }
	for _, tt := range []struct{ was, is, want string }{
		{"a", "a", ""},
		{"a b", "a c", "  a|- b|+ c"},
		{"1 2 3 4 5 6 7 8 9", "1 2 3 4 x 6 7 8 9", "  3|  4|- 5|+ x|  6|  7|  ..."},
		{"x 2 3 4 5 6 7 8 y", "2 3 4 5 6 7 8", "- x|  2|  3|  ...|  7|  8|- y"},
		{"a", "a b", "  a|+ b"},
	} {
		if got := compareLines(lines(tt.was), lines(tt.is)); strings.ReplaceAll(got, "\n", "|") != tt.want {
			t.Errorf("%s and %s: %q, want %q", tt.was, tt.is, got, tt.want)
		}
	}
}

// TestCompareLines_Long compares texts whose every two lines nobody could compare.
func TestCompareLines_Long(t *testing.T) {
	t.Parallel()
	same := strings.Repeat("same\n", 50_000)
	got := compareLines("first\n"+same+"old", "first\n"+same+"new")
	if want := "  same\n  same\n- old\n+ new"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
