package abi

import "time"

// Limits are the quotas of one call. The zero value of a field means its default, see [Limits.WithDefaults].
// A manifest may ask for less.
type Limits struct {
	Memory       int64         // guest memory in bytes; 64 MiB
	Wall         time.Duration // the whole call; 30 s
	Fuel         int64         // units of guest code, about one instruction each; 20,000,000,000, some two seconds of a core
	HTTPCalls    int           // HTTP requests; 50
	HostCalls    int           // calls of any host function; 1000
	RequestBody  int64         // bytes of one HTTP request body; 8 MiB
	ResponseBody int64         // bytes of one decoded HTTP response body; 16 MiB
	Output       int64         // bytes of the result; 8 MiB
	Log          int64         // bytes of log records; 64 KiB
}

// WithDefaults returns l with every zero field set to its default.
func (l Limits) WithDefaults() Limits {
	set(&l.Memory, 64<<20)
	set(&l.Wall, 30*time.Second)
	set(&l.Fuel, 20_000_000_000)
	set(&l.HTTPCalls, 50)
	set(&l.HostCalls, 1000)
	set(&l.RequestBody, 8<<20)
	set(&l.ResponseBody, 16<<20)
	set(&l.Output, 8<<20)
	set(&l.Log, 64<<10)
	return l
}

func set[T comparable](field *T, def T) {
	var zero T
	if *field == zero {
		*field = def
	}
}
