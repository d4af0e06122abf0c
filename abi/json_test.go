package abi

import (
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"
)

func TestCheckJSON_Errors(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("k", 500)
	for _, tt := range []struct{ name, data, want string }{
		{"offset of invalid UTF-8", "{\"a\":\"\xff\"}", "invalid JSON: byte 6: invalid UTF-8"},
		{"offset of a syntax error", `{"a" 1}`, "invalid JSON: byte 5: invalid character '1' after object key"},
		{"end after an element", `[1`, "invalid JSON: byte 2: unexpected end"},
		{"end within a word", `[tr`, "invalid JSON: byte 3: unexpected end"},
		{"end within a number", `-`, "invalid JSON: byte 1: unexpected end"},
		{"nothing", ``, "invalid JSON: byte 0: unexpected end"},
		{"a space that is really there", `[tr ue]`, "invalid JSON: byte 3: invalid character ' ' in literal true (expecting 'u')"},
		{"second value", `{} {}`, "invalid JSON: byte 3: invalid character '{' after top-level value"},
		{"duplicate key", `{"a":1, "a":2}`, `invalid JSON: byte 8: duplicate key "a"`},
		{"duplicate key, escaped", `{"a":1,"\u0061":2}`, `invalid JSON: byte 7: duplicate key "a"`},
		{"long duplicate key is cut", `{"` + long + `":1,"` + long + `":2}`, `invalid JSON: byte 506: duplicate key "` + long[:80] + `"`},
		{"depth", strings.Repeat("[", 129) + strings.Repeat("]", 129), "invalid JSON: byte 128: more than 128 levels deep"},
		{"number", "[" + strings.Repeat("1", 65) + "]", "invalid JSON: byte 1: a number of 65 characters, at most 64 are allowed"},
		{"exponent", `[1, 2e-01000]`, "invalid JSON: byte 4: a number with the exponent 1000, at most 999 is allowed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := CheckJSON([]byte(tt.data))
			if err == nil || err.Error() != tt.want {
				t.Errorf("error %v\nwant  %s", err, tt.want)
			}
			if !errors.Is(err, ErrJSON) {
				t.Error("the error does not match ErrJSON")
			}
		})
	}
}

// The check runs on bytes of a guest, outside its fuel, so its time must be linear in them.
func TestCheckJSON_Hostile(t *testing.T) {
	t.Parallel()
	const size = 1 << 20
	var keys strings.Builder
	for i := range size / 12 {
		keys.WriteString(`,"` + strings.Repeat("a", i%7) + string(rune('a'+i%26)) + `":{}`)
	}
	for name, data := range map[string]string{
		"depth 10,000":       strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000),
		"depth millions":     strings.Repeat(`{"a":`, size/5),
		"one string":         `"` + strings.Repeat("x", size) + `"`,
		"escapes":            `"` + strings.Repeat(`\\`, size/2) + `"`,
		"many numbers":       "[" + strings.Repeat("1,", size/2) + "1]",
		"many objects":       "[" + strings.Repeat(`{"a":1},`, size/8) + "1]",
		"white space":        strings.Repeat(" ", size),
		"many keys":          `{"x":1` + keys.String() + `}`,
		"one long number":    strings.Repeat("1", size),
		"one long key":       `{"` + strings.Repeat("k", size/2) + `":1,"` + strings.Repeat("k", size/2) + `":2}`,
		"invalid at the end": `"` + strings.Repeat("é", size/2) + "\xff",
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			err := CheckJSON([]byte(data))
			if took := time.Since(start); took > time.Minute {
				t.Errorf("%v for %d bytes", took, len(data))
			}
			if err != nil && len(err.Error()) > 500 {
				t.Errorf("an error of %d bytes", len(err.Error()))
			}
		})
	}
}

func TestExactKeys(t *testing.T) {
	t.Parallel()
	// encoding/json folds beyond ASCII too: the long s and the Kelvin sign stand for s and k.
	for data, ok := range map[string]bool{
		`{"status":"done","output":1}`:            true,
		`{"\u017ftatus":"done","output":1}`:       false,
		`{"status":"done","output":1,"Output":2}`: false,
		`{"status":"done","output":{"Output":2}}`: true,
		`{"stat\u0075s":"done","output":1}`:       true,
	} {
		if _, err := DecodeResult([]byte(data)); (err == nil) != ok {
			t.Errorf("%s: error %v, want valid=%v", data, err, ok)
		}
	}
	_, err := DecodeResult([]byte(`{"Status":"done"}`))
	if want := `result: key "Status" must be written "status"`; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

func TestLonger(t *testing.T) {
	t.Parallel()
	for data, want := range map[string]int{ // number of elements, 0 for what is no array
		`[]`: 0, `[ ]`: 0, `[1]`: 1, `[1,2]`: 2, `[[1,2,3],{"a":1,"b":2}]`: 2, `[",",",\",","\\",1]`: 4, "[1,\n2 , 3]": 3,
		`{"a":1,"b":2,"c":3}`: 0, `null`: 0, `"a,b,c"`: 0, `[{"a,":[1,2,3,4]}]`: 1, `[""]`: 1,
	} {
		for n := 1; n < 6; n++ {
			if got := longer([]byte(data), n); got != (want > n) {
				t.Errorf("%s longer than %d: %v, want %v", data, n, got, want > n)
			}
		}
	}
}

// A result that is refused for its items must not take the memory that they would.
func TestDecodeResult_ManyItems(t *testing.T) {
	data := []byte(`{"status":"page","items":[` + strings.Repeat("1,", 1<<20) + `1]}`)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := DecodeResult(data)
	runtime.ReadMemStats(&after)
	if want := "result: a page of more than 10000 items"; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
	if mallocs := after.Mallocs - before.Mallocs; mallocs > MaxItems {
		t.Errorf("%d allocations", mallocs)
	}
}
