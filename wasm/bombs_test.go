package wasm

import (
	"errors"
	"testing"
)

// bombs are files of a few bytes that make wazero 1.12 allocate until the process dies, or nearly so: it
// believes their counts before it looks for the entries. maxU32 is the largest lie.
const maxU32 = 1<<32 - 1

var bombs = []struct {
	name string
	data []byte
}{
	{"types", module(section(1, lie(1<<28, formFunction)))},
	{"imports", module(section(2, lie(1<<28, 0)))},
	{"functions", module(typeVoid, section(3, lie(1<<28, 0)))},
	{"exports", module(typeVoid, section(7, lie(1<<28, 0)))},
	{"globals", module(typeVoid, section(6, lie(1<<28, 0)))},
	{"elements", module(typeVoid, section(9, lie(1<<28, 0)))},
	{"code", module(typeVoid, section(10, lie(1<<28, 0)))},
	{"data", module(typeVoid, section(11, lie(1<<28, 0)))},
	{"parameters", module(section(1, []byte{1, formFunction}, lie(1<<28, 0x7f)))},
	{"results", module(section(1, []byte{1, formFunction, 0}, lie(1<<28, 0x7f)))},
	{"all imports", module(typeVoid, section(2, lie(maxU32, 0)))},
	{"all exports", module(typeVoid, section(7, lie(maxU32, 0)))},
	{"all elements", module(typeVoid, section(9, lie(maxU32, 0)))},
	{"all code", module(typeVoid, section(10, lie(maxU32, 0)))},
	{"all data", module(typeVoid, section(11, lie(maxU32, 0)))},
	{"all tables", module(typeVoid, section(4, uleb(maxU32), []byte{0x70}))},
	{"locals", oneFunction(body(cat([]byte{1}, uleb(1<<31), []byte{0x7f}), nil))},
	{"all locals", oneFunction(body(cat([]byte{1}, uleb(maxU32), []byte{0x7e}), nil))},
	{"2^30 locals", oneFunction(body(cat([]byte{1}, uleb(1<<30), []byte{0x7e}), nil))},
	{"100 million locals", oneFunction(body(cat([]byte{1}, uleb(100_000_000), []byte{0x7e}), nil))},
	{"groups of locals", oneFunction(body(lie(maxU32, 1), nil))},
	{"names of functions", module(typeVoid, section(0, text("name"), []byte{1, 6}, uleb(maxU32), []byte{0}), oneFunc, oneBody)},
	{"names of locals", module(typeVoid, section(0, text("name"), []byte{2, 6}, uleb(maxU32), []byte{0}), oneFunc, oneBody)},
	{"names of one function's locals", module(typeVoid, section(0, text("name"), []byte{2, 8, 1, 0}, uleb(maxU32), []byte{0}), oneFunc, oneBody)},
	{"name of the module", module(section(0, text("name"), []byte{0, 6}, uleb(maxU32), []byte{0}))},
	{"elements of a segment", module(typeVoid, oneFunc, oneTable, section(9, []byte{1, 0}, zero, uleb(1<<27-1), []byte{0}), oneBody)},
	{"bytes of a segment", module(typeVoid, oneFunc, oneMemory, oneBody, section(11, []byte{1, 0}, zero, uleb(maxU32), []byte{0}))},
	{"size of a body", module(typeVoid, oneFunc, section(10, []byte{1}, uleb(maxU32), []byte{0}))},
	{"size of a section", cat(module(typeVoid), []byte{0}, uleb(maxU32), []byte{1, 'x'})},
	{"length of a name", module(section(2, []byte{1}, uleb(maxU32), []byte{0}))},
	{"table of 2^27", module(section(4, []byte{1, 0x70, 0}, uleb(1<<27-1)))},
	{"four tables of 2^27", module(section(4, []byte{4}, repeat4(cat([]byte{0x70, 0}, uleb(1<<27-1)))))},
	{"a million tables", module(section(4, many(1_000_000, 0x70, 0, 1)))},
	{"4 GiB of memory", module(section(5, []byte{1, 0}, uleb(65536)))},
	{"start function", module(typeVoid, oneFunc, section(8, []byte{0}), oneBody)},
}

func repeat4(b []byte) []byte { return cat(b, b, b, b) }

func TestScan_Bombs(t *testing.T) {
	for _, bomb := range bombs {
		var err error
		limit := 4*len(bomb.data) + errorSize
		got := allocated(limit, func() { _, err = Scan(bomb.data) })
		if err == nil {
			t.Errorf("%s: accepted %d bytes: % x", bomb.name, len(bomb.data), bomb.data)
		}
		if got > limit {
			t.Errorf("%s: %d bytes made it allocate %d, want at most %d", bomb.name, len(bomb.data), got, limit)
		}
	}
}

func FuzzScan(f *testing.F) {
	for _, b := range bombs {
		if len(b.data) < 1<<10 {
			f.Add(b.data)
		}
	}
	for _, r := range refusals {
		if len(r.bad) < 1<<10 {
			f.Add(r.bad)
		}
		if len(r.good) < 1<<10 {
			f.Add(r.good)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := Scan(data)
		if err == nil {
			_ = Check(m)
			return
		}
		var e *Error
		if !errors.As(err, &e) || e.Kind == nil || e.Problem == "" || e.Fix == "" {
			t.Errorf("error %#v says too little", err)
		}
		if e != nil && (e.Offset < 0 || e.Offset > len(data)) {
			t.Errorf("byte %d of %d: %v", e.Offset, len(data), err)
		}
	})
}
