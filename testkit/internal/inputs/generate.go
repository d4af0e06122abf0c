package inputs

import (
	"bytes"
	"encoding/json"
	"maps"
	"math/rand/v2"
	"slices"

	"patchbay/manifest"
)

// Generate makes up to most inputs that are valid under schema. It begins with base, an input that is known to work,
// and changes one property at a time; then it mixes. It is empty where the schema cannot be read.
func Generate(schema, base json.RawMessage, seed uint64, most int) []json.RawMessage {
	compiled, err := manifest.CompileSchema(schema)
	root, _ := decode(schema).(map[string]any)
	if err != nil || root == nil {
		return nil
	}
	g := newGenerator(root, seed)
	set := &set{schema: compiled, have: map[string]bool{}, most: most}
	start, _ := decode(base).(map[string]any)
	g.single(start, set)
	for tries := 0; tries < 4*most && !set.full(); tries++ {
		mixed, ok := g.value(root, 0).(map[string]any)
		if !ok { // one of its alternatives says only what is required
			mixed = map[string]any{}
		}
		for _, name := range slices.Sorted(maps.Keys(start)) { // what is needed for the call to get anywhere stays, mostly
			if g.rand.IntN(3) > 0 {
				mixed[name] = start[name]
			}
		}
		set.add(mixed)
	}
	return set.all
}

// newGenerator's numbers are the same every time: a finding must be found again.
func newGenerator(root map[string]any, seed uint64) *generator {
	return &generator{root: root, rand: rand.New(rand.NewPCG(seed, 0))}
}

// single changes one property of start at a time.
func (g *generator) single(start map[string]any, set *set) {
	set.add(g.least(start))
	properties := object(g.root["properties"])
	var queues [][]any
	names := slices.Sorted(maps.Keys(properties))
	for _, name := range names {
		queues = append(queues, g.candidates(object(properties[name]), 0))
	}
	for turn := 0; !set.full(); turn++ { // one of each property before the second of any
		left := false
		for i, name := range names {
			if turn < len(queues[i]) {
				left = true
				changed := maps.Clone(start)
				if changed == nil {
					changed = map[string]any{}
				}
				changed[name] = queues[i][turn]
				set.add(changed)
			}
		}
		if !left {
			return
		}
	}
}

// least is start with nothing but what is required.
func (g *generator) least(start map[string]any) map[string]any {
	least := map[string]any{}
	required, _ := g.root["required"].([]any)
	for _, name := range required {
		if v, ok := start[name.(string)]; ok {
			least[name.(string)] = v
		}
	}
	return least
}

// set keeps what is valid, once.
type set struct {
	schema *manifest.Schema
	have   map[string]bool
	all    []json.RawMessage
	most   int
}

func (s *set) full() bool { return len(s.all) >= s.most }

func (s *set) add(v map[string]any) {
	text, err := json.Marshal(v)
	if err != nil || s.full() || s.have[string(text)] || s.schema.Validate(text) != nil {
		return
	}
	s.have[string(text)] = true
	s.all = append(s.all, text)
}

func decode(raw json.RawMessage) any {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var v any
	if dec.Decode(&v) != nil {
		return nil
	}
	return v
}

func object(v any) map[string]any {
	m, _ := v.(map[string]any)
	return m
}
