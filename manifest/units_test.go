package manifest

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"patchbay/abi"
)

func TestDuration(t *testing.T) {
	t.Parallel()
	tests := []struct {
		text string
		want time.Duration
		back string
	}{
		{`"500ms"`, 500 * time.Millisecond, `"500ms"`},
		{`"90s"`, 90 * time.Second, `"1m30s"`},
		{`"1h30m"`, 90 * time.Minute, `"1h30m"`},
		{`"60m"`, time.Hour, `"1h"`},
		{`"99999h99999h99999h"`, 3 * 99999 * time.Hour, `"299997h"`},
		{`"1s1ms"`, 1001 * time.Millisecond, `"1s1ms"`},
		{`null`, 0, `"0s"`},
	}
	for _, tt := range tests {
		var d Duration
		if err := json.Unmarshal([]byte(tt.text), &d); err != nil || time.Duration(d) != tt.want {
			t.Errorf("%s: %v %v", tt.text, d, err)
		}
		if back, err := json.Marshal(d); err != nil || string(back) != tt.back {
			t.Errorf("%s became %s %v", tt.text, back, err)
		}
	}
	for _, text := range []string{`"0s"`, `"-1s"`, `"1.5s"`, `"1d"`, `"5"`, `""`, `5`, `"1us"`, `"100000h"`, `" 1s"`, `"1h0m"`} {
		var d Duration
		if err := json.Unmarshal([]byte(text), &d); err == nil {
			t.Errorf("%s was read as %v", text, d)
		}
	}
}

func TestBytes(t *testing.T) {
	t.Parallel()
	tests := []struct {
		text string
		want int64
		back string
	}{
		{`"64KiB"`, 64 << 10, `"64KiB"`},
		{`"1024KiB"`, 1 << 20, `"1MiB"`},
		{`1048576`, 1 << 20, `"1MiB"`},
		{`"3GiB"`, 3 << 30, `"3GiB"`},
		{`"100B"`, 100, `100`},
		{`1025`, 1025, `1025`},
		{`null`, 0, `0`},
	}
	for _, tt := range tests {
		var b Bytes
		if err := json.Unmarshal([]byte(tt.text), &b); err != nil || int64(b) != tt.want {
			t.Errorf("%s: %v %v", tt.text, b, err)
		}
		if back, err := json.Marshal(b); err != nil || string(back) != tt.back {
			t.Errorf("%s became %s %v", tt.text, back, err)
		}
	}
	for _, text := range []string{`0`, `-1`, `1.5`, `"64KB"`, `"64 KiB"`, `"KiB"`, `""`, `"9999999999999GiB"`, `1e3`, `true`} {
		var b Bytes
		if err := json.Unmarshal([]byte(text), &b); err == nil {
			t.Errorf("%s was read as %v", text, b)
		}
	}
}

func TestLimits_Apply(t *testing.T) {
	t.Parallel()
	defaults := abi.Limits{}.WithDefaults()
	asked := Limits{Memory: 256 << 20, Wall: Duration(5 * time.Second), Fuel: 3 * defaults.Fuel, HTTPCalls: 500, HostCalls: 10, RequestBody: 1, ResponseBody: 200 << 20, Output: 1, Log: 1 << 20}
	tests := []struct {
		name    string
		limits  Limits
		ceiling abi.Limits
		want    abi.Limits
	}{
		{"nothing asked", Limits{}, abi.Limits{}, defaults},
		{"nothing asked under a higher ceiling", Limits{}, abi.Limits{Memory: 256 << 20, Wall: time.Hour}, defaults},
		{"more without consent", asked, abi.Limits{}, abi.Limits{Memory: 64 << 20, Wall: 5 * time.Second, Fuel: defaults.Fuel, HTTPCalls: 50, HostCalls: 10, RequestBody: 1, ResponseBody: 16 << 20, Output: 1, Log: 64 << 10}},
		{"more with consent", asked, abi.Limits{Memory: 128 << 20, Fuel: 2 * defaults.Fuel, HTTPCalls: 1000}, abi.Limits{Memory: 128 << 20, Wall: 5 * time.Second, Fuel: 2 * defaults.Fuel, HTTPCalls: 500, HostCalls: 10, RequestBody: 1, ResponseBody: 16 << 20, Output: 1, Log: 64 << 10}},
		{"less fuel", Limits{Fuel: 1_000_000}, abi.Limits{}, abi.Limits{Fuel: 1_000_000}.WithDefaults()},
		{"a lower ceiling", Limits{}, abi.Limits{Wall: time.Second, Fuel: 7, Log: 1}, abi.Limits{Memory: 64 << 20, Wall: time.Second, Fuel: 7, HTTPCalls: 50, HostCalls: 1000, RequestBody: 8 << 20, ResponseBody: 16 << 20, Output: 8 << 20, Log: 1}},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, tt.limits.Apply(tt.ceiling)); diff != "" {
			t.Errorf("%s:\n%s", tt.name, diff)
		}
	}
}

func TestLimits_Within(t *testing.T) {
	t.Parallel()
	full := Limits{Memory: 1, Wall: 2, Fuel: 3, HTTPCalls: 4, HostCalls: 5, RequestBody: 6, ResponseBody: 7, Output: 8, Log: 9}
	other := Limits{Memory: 11, Wall: 12, Fuel: 13, HTTPCalls: 14, HostCalls: 15, RequestBody: 16, ResponseBody: 17, Output: 18, Log: 19}
	if diff := cmp.Diff(full, Limits{}.Within(full)); diff != "" {
		t.Errorf("none within the outer ones: %s", diff)
	}
	if diff := cmp.Diff(full, full.Within(other)); diff != "" {
		t.Errorf("all within others: %s", diff)
	}
}

// What schema.json tells authors are the defaults of package abi, and the most fuel is a hundred times as much.
func TestLimits_Schema(t *testing.T) {
	t.Parallel()
	schema, err := decodeAny(JSONSchema())
	if err != nil {
		t.Fatal(err)
	}
	props := lookup(schema, "/$defs/limits/properties").(map[string]any)
	told := map[string]any{}
	for key, p := range props {
		told[key] = p.(map[string]any)["default"]
	}
	text, err := json.Marshal(told)
	if err != nil {
		t.Fatal(err)
	}
	var got Limits
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	d := abi.Limits{}.WithDefaults()
	want := Limits{Memory: Bytes(d.Memory), Wall: Duration(d.Wall), Fuel: d.Fuel, HTTPCalls: d.HTTPCalls, HostCalls: d.HostCalls,
		RequestBody: Bytes(d.RequestBody), ResponseBody: Bytes(d.ResponseBody), Output: Bytes(d.Output), Log: Bytes(d.Log)}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("defaults: %s", diff)
	}
	if got, want := lookup(props, "/fuel/maximum"), json.Number(fmt.Sprint(100*d.Fuel)); got != want {
		t.Errorf("at most %v units of fuel, want %v", got, want)
	}
}
