package netsuite

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// record is one record. A value is a string, a float64, a bool or a time.Time; a reference and a list hold
// an id as a string. An empty field has no value.
type record struct {
	kind   *recordType
	id     int
	values map[string]any
	lines  []line
}

// line is a line of the item sublist.
type line struct {
	number int // its key, from 1
	values map[string]any
}

// clone is a copy that shares nothing that changes.
func (r *record) clone() *record {
	next := *r
	next.values = maps.Clone(r.values)
	next.lines = slices.Clone(r.lines)
	for i := range next.lines {
		next.lines[i].values = maps.Clone(next.lines[i].values)
	}
	return &next
}

// str returns a text, a reference's id or a list's id; "" when there is none.
func (r *record) str(name string) string {
	s, _ := r.values[name].(string)
	return s
}

// num returns a number, 0 when there is none.
func (r *record) num(name string) float64 {
	n, _ := r.values[name].(float64)
	return n
}

// preset gives a field a value unless it has one.
func (r *record) preset(name string, value any) {
	if _, there := r.values[name]; !there {
		r.values[name] = value
	}
}

// store holds the records. The server's lock guards it.
type store struct {
	clock   func() time.Time
	zone    *time.Location
	types   []*recordType
	records map[string][]*record // by type name, in the order of creation
	next    map[string]int       // the next internal id of each family
}

func newStore(clock func() time.Time, zone *time.Location) *store {
	return &store{
		clock: clock, zone: zone, types: recordTypes(), records: map[string][]*record{}, next: map[string]int{
			"transaction": 1, "entity": 647, "item": 567, "subsidiary": 1, "currency": 1,
		},
	}
}

// kind returns the type with the name, in any case, or nil.
func (s *store) kind(name string) *recordType {
	for _, t := range s.types {
		if strings.EqualFold(t.name, name) {
			return t
		}
	}
	return nil
}

// get returns the record of the type with the internal id, or nil.
func (s *store) get(kind, id string) *record {
	return s.first(kind, func(r *record) bool { return strconv.Itoa(r.id) == id })
}

// external returns the record of the type with the external id, or nil.
func (s *store) external(kind, id string) *record {
	return s.first(kind, func(r *record) bool { return id != "" && r.str("externalId") == id })
}

func (s *store) first(kind string, match func(*record) bool) *record {
	if i := slices.IndexFunc(s.records[kind], match); i >= 0 {
		return s.records[kind][i]
	}
	return nil
}

// put keeps a record, in place of the one with its id. A new one, whose id is 0, gets the next id.
func (s *store) put(r *record) {
	if r.id == 0 {
		r.id = s.next[r.kind.family]
	}
	s.next[r.kind.family] = max(s.next[r.kind.family], r.id+1)
	all := s.records[r.kind.name]
	if i := slices.IndexFunc(all, func(old *record) bool { return old.id == r.id }); i >= 0 {
		all[i] = r
		return
	}
	s.records[r.kind.name] = append(all, r)
}

// drop removes a record.
func (s *store) drop(r *record) {
	s.records[r.kind.name] = slices.DeleteFunc(s.records[r.kind.name], func(old *record) bool { return old == r })
}

// referred reports whether another record refers to the record.
func (s *store) referred(r *record) bool {
	id := strconv.Itoa(r.id)
	for _, t := range s.types {
		for _, other := range s.records[t.name] {
			if refers(t.fields, other.values, r.kind.name, id) || slices.ContainsFunc(other.lines, func(l line) bool {
				return refers(t.lines, l.values, r.kind.name, id)
			}) {
				return true
			}
		}
	}
	return false
}

// refers reports whether one of the values is a reference to the id of the type.
func refers(fields []field, values map[string]any, kind, id string) bool {
	return slices.ContainsFunc(fields, func(f field) bool {
		return f.kind == reference && f.target == kind && values[f.name] == id
	})
}

// display is what a person sees of a value: the name of what a reference or a list's id stands for.
func (s *store) display(f field, value any) string {
	id, _ := value.(string)
	switch f.kind {
	case reference:
		if target := s.get(f.target, id); target != nil {
			return target.str(target.kind.title)
		}
	case list:
		for _, o := range f.options {
			if o.id == id {
				return o.name
			}
		}
	}
	return id
}
