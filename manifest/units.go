package manifest

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

var durationText = regexp.MustCompile(`^([1-9][0-9]{0,4}(ms|s|m|h))+$`)

// UnmarshalJSON reads "500ms", "30s", "5m" or "1h30m": whole numbers of one to five digits, none of them zero.
func (d *Duration) UnmarshalJSON(data []byte) error {
	text, ok, err := unitText(data)
	if !ok {
		return err
	}
	v, err := time.ParseDuration(text)
	if err != nil || !durationText.MatchString(text) {
		return fmt.Errorf("%s is not a time span, want for example \"500ms\", \"30s\" or \"1h30m\"", quote(text))
	}
	*d = Duration(v)
	return nil
}

// MarshalJSON writes the span in the form that UnmarshalJSON reads, without parts that are zero.
func (d Duration) MarshalJSON() ([]byte, error) { return json.Marshal(d.String()) }

func (d Duration) String() string {
	var b strings.Builder
	rest := time.Duration(d).Truncate(time.Millisecond)
	for _, u := range []struct {
		span time.Duration
		name string
	}{{time.Hour, "h"}, {time.Minute, "m"}, {time.Second, "s"}, {time.Millisecond, "ms"}} {
		if n := rest / u.span; n > 0 {
			fmt.Fprintf(&b, "%d%s", n, u.name)
			rest -= n * u.span
		}
	}
	if b.Len() == 0 {
		return "0s"
	}
	return b.String()
}

var (
	bytesText = regexp.MustCompile(`^([1-9][0-9]{0,12})(B|KiB|MiB|GiB)?$`)
	byteUnits = []struct {
		name string
		size int64
	}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}}
)

// UnmarshalJSON reads "64KiB", "16MiB", "1GiB", "100B", or a number of bytes, one at least.
func (b *Bytes) UnmarshalJSON(data []byte) error {
	text, ok, err := unitText(data)
	if err != nil {
		text = string(data) // a number
	} else if !ok {
		return nil
	}
	m := bytesText.FindStringSubmatch(text)
	if m == nil {
		return fmt.Errorf("%s is not a size, want for example \"64KiB\" or \"16MiB\"", quote(text))
	}
	n, err := strconv.ParseInt(m[1], 10, 64)
	size := int64(1)
	for _, u := range byteUnits {
		if m[2] == u.name {
			size = u.size
		}
	}
	if err != nil || n > math.MaxInt64/size {
		return fmt.Errorf("%s is larger than any size", quote(text))
	}
	*b = Bytes(n * size)
	return nil
}

// MarshalJSON writes the size in the largest unit that leaves a whole number, "64KiB", or else as a number.
func (b Bytes) MarshalJSON() ([]byte, error) {
	for _, u := range byteUnits {
		if b > 0 && int64(b)%u.size == 0 {
			return json.Marshal(fmt.Sprintf("%d%s", int64(b)/u.size, u.name))
		}
	}
	return json.Marshal(int64(b))
}

func (b Bytes) String() string {
	data, err := b.MarshalJSON()
	if err != nil {
		return strconv.FormatInt(int64(b), 10)
	}
	return strings.Trim(string(data), `"`)
}

// unitText returns the JSON string in data; not ok for null, which leaves a value as it is, as encoding/json does.
func unitText(data []byte) (text string, ok bool, err error) {
	if string(data) == "null" {
		return "", false, nil
	}
	if err := json.Unmarshal(data, &text); err != nil {
		return "", false, fmt.Errorf("%s is not text", quote(string(data)))
	}
	return text, true, nil
}
