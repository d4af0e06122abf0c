package sdk

import (
	"encoding/json"
	"reflect"
	"runtime"
	"strconv"
	"testing"

	"patchbay/abi"
)

// fresh is a type that nobody has encoded before; each T makes another one.
type fresh[T any] struct {
	Text   string
	Number float64
	List   []fresh[T]
	Within *within[T]
}

type within[T any] struct{ Object map[string]T }

// mallocs is how many allocations f makes. The tests that run in parallel wait for those that do not, and one
// processor keeps the runtime's own goroutines from allocating at the same time, as in testing.AllocsPerRun.
func mallocs(f func()) int {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return int(after.Mallocs - before.Mallocs)
}

// learns reports whether encoding/json still learns something of t, which takes it 34 allocations for the
// smallest struct. What reflect keeps of a known type takes it up to 9 at the first use.
func learns(t reflect.Type) bool {
	v := reflect.New(t).Interface()
	use := func() {
		_ = json.Unmarshal([]byte(`{"Text":"a"}`), v)
		_, _ = json.Marshal(v)
	}
	first := mallocs(use)
	return first-mallocs(use) > 20
}

func of[T any]() []reflect.Type {
	return []reflect.Type{reflect.TypeFor[fresh[T]](), reflect.TypeFor[within[T]]()}
}

// runs makes a type that is new even when a test runs again.
var runs int

func unknown() reflect.Type {
	runs++
	return reflect.StructOf([]reflect.StructField{{Name: "Text" + strconv.Itoa(runs), Type: reflect.TypeFor[string]()}})
}

func describe(t *testing.T, c *Connector) {
	t.Helper()
	r, err := abi.DecodeResult(c.Invoke(nil, []byte(`{"abi":1,"call":"c","kind":"describe","attempt":1,"deadline":1}`)))
	if err != nil || r.Status != abi.StatusDone {
		t.Fatalf("describe: %+v, %v", r, err)
	}
}

type (
	actionIn  struct{}
	actionOut struct{}
	pagedIn   struct{}
	pagedItem struct{}
	triggerIn struct{}
	event     struct{}
	optionsIn struct{}
	schemaIn  struct{}
	schemaOut struct{}
	testOut   struct{}
	named     struct{}
)

// Not parallel, since it counts allocations.
func TestDescribe_Primes(t *testing.T) {
	c := New()
	Action(c, "a", func(*Call, fresh[actionIn]) (fresh[actionOut], error) { panic("a handler ran") })
	PagedAction(c, "p", func(*Call, fresh[pagedIn]) (Page[fresh[pagedItem]], error) { panic("a handler ran") })
	Trigger(c, "t", func(*Call, fresh[triggerIn]) (Page[fresh[event]], error) { panic("a handler ran") })
	Options(c, "o", func(*Call, fresh[optionsIn]) (Page[Option], error) { panic("a handler ran") })
	Schema(c, "s", func(*Call, fresh[schemaIn]) (fresh[schemaOut], error) { panic("a handler ran") })
	Test(c, "test", func(*Call) (fresh[testOut], error) { panic("a handler ran") })
	Prime[fresh[named]](c)
	describe(t, c)
	for name, types := range map[string][]reflect.Type{
		"action's input": of[actionIn](), "action's output": of[actionOut](),
		"paged action's input": of[pagedIn](), "paged action's item": of[pagedItem](),
		"trigger's input": of[triggerIn](), "trigger's event": of[event](),
		"options function's input": of[optionsIn](), "options function's item": {reflect.TypeFor[Option]()},
		"schema function's input": of[schemaIn](), "schema function's output": of[schemaOut](),
		"test's output": of[testOut](), "type of Prime": of[named](),
		"boundary": {reflect.TypeFor[abi.Request](), reflect.TypeFor[abi.Response](), reflect.TypeFor[abi.LogRecord]()},
	} {
		for _, typ := range types {
			if learns(typ) {
				t.Errorf("the %s was not primed: %v", name, typ)
			}
		}
	}
	if !learns(unknown()) {
		t.Error("a type that nobody named was known: this test would find no type missing")
	}
}

// hostile has methods that must not run before a call does.
type hostile struct{}

func (hostile) MarshalJSON() ([]byte, error) { panic("MarshalJSON ran") }
func (*hostile) UnmarshalJSON([]byte) error  { panic("UnmarshalJSON ran") }
func (hostile) MarshalText() ([]byte, error) { panic("MarshalText ran") }
func (*hostile) UnmarshalText([]byte) error  { panic("UnmarshalText ran") }

type recursive struct {
	Next *recursive
	All  []map[string]recursive
	hostile
}

func TestPrime_AnyType(t *testing.T) {
	t.Parallel()
	c := New()
	Prime[hostile](c)
	Prime[*hostile](c)
	Prime[struct{ H hostile }](c)
	Prime[map[hostile]hostile](c)
	Prime[recursive](c)
	Prime[func()](c)
	Prime[chan int](c)
	Prime[any](c)
	Prime[json.Marshaler](c)
	Prime[byte](c)
	describe(t, c)
}

// Not parallel, since nobody else may ask for a collection.
func TestDescribe_CollectsOnce(t *testing.T) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	c := New()
	describe(t, c)
	describe(t, c) // the connector is not primed again
	runtime.ReadMemStats(&after)
	if n := after.NumForcedGC - before.NumForcedGC; n != 1 {
		t.Errorf("%d collections, want 1", n)
	}
}
