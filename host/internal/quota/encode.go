package quota

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"

	"patchbay/abi"
)

// version of the records.
const version = 1

// stored is a record as it is written; the package comment describes it.
type stored struct {
	Version   int               `json:"version"`
	Limit     limit             `json:"limit"`
	Cooling   [][2]int64        `json:"cooling,omitempty"`
	Drained   instant           `json:"drained,omitempty"`
	Paused    instant           `json:"paused,omitempty"`
	Ceiling   int               `json:"ceiling,omitempty"`
	Left      int               `json:"left,omitempty"`
	LeftUntil instant           `json:"left_until,omitempty"`
	Streak    int               `json:"streak,omitempty"`
	Runner    string            `json:"runner,omitempty"`
	Run       int               `json:"run,omitempty"`
	Paced     instant           `json:"paced,omitempty"`
	Holders   map[string]holder `json:"holders,omitempty"`
}

// encode writes the record with this process among the holders, unless it holds nothing.
func (r *record) encode(process string, h holder) ([]byte, error) {
	s := stored{Version: version, Limit: r.limit, Drained: r.drained, Paused: r.paused, Ceiling: r.ceiling,
		Left: r.left, LeftUntil: r.leftUntil, Streak: r.streak, Runner: cmp.Or(r.runner, process), Run: r.run, Paced: r.paced, Holders: maps.Clone(r.others)}
	for _, c := range r.cooling.spans {
		s.Cooling = append(s.Cooling, [2]int64{int64(c.end), int64(c.slots)})
	}
	if h.Used > 0 || h.Waiting > 0 {
		if s.Holders == nil {
			s.Holders = map[string]holder{}
		}
		s.Holders[process] = h
	}
	return json.Marshal(s)
}

// decode reads a record, and sets apart what it says of process.
func decode(key string, value []byte, process string) (record, holder, error) {
	var s stored
	if err := json.Unmarshal(value, &s); err != nil {
		return record{}, holder{}, abi.Faultf(abi.Internal, "quota %s: the record cannot be read: %v", key, err)
	}
	if s.Version != version {
		return record{}, holder{}, abi.Faultf(abi.Internal,
			"quota %s: the record has version %d, and this program reads version %d: use the newer program for all", key, s.Version, version)
	}
	if err := s.validate(); err != nil {
		return record{}, holder{}, abi.Faultf(abi.Internal, "quota %s: the record cannot be read: %v", key, err)
	}
	r := record{limit: s.Limit, drained: s.Drained, paused: s.Paused, ceiling: s.Ceiling,
		left: s.Left, leftUntil: s.LeftUntil, streak: s.Streak, runner: s.Runner, run: s.Run, paced: s.Paced, others: s.Holders}
	if r.runner == process {
		r.runner = ""
	}
	for _, c := range s.Cooling {
		r.cooling.spans = append(r.cooling.spans, span{instant(c[0]), int(c[1])})
		r.cooling.slots += int(c[1])
	}
	own := r.others[process]
	delete(r.others, process)
	return r, own, nil
}

func (s *stored) validate() error {
	if l := s.Limit; l.Requests < 0 || l.Burst < 0 || l.Concurrency < 0 || (l.Requests > 0) != (l.Per > 0) || l.Burst > 0 && l.Requests == 0 {
		return fmt.Errorf("the limit %+v makes no sense", l)
	}
	last := int64(0)
	for _, c := range s.Cooling {
		if c[0] < last || c[1] < 1 || c[1] > biggest {
			return fmt.Errorf("the cooling slots %v make no sense", c)
		}
		last = c[0]
	}
	if s.Ceiling < 0 || s.Left < 0 || s.Streak < 0 || s.Run < 0 {
		return fmt.Errorf("a count is negative")
	}
	for id, h := range s.Holders {
		if h.Used < 0 || h.Waiting < 0 || h.Ready < 0 || h.Urgent < 0 {
			return fmt.Errorf("a count of holder %s is negative", id)
		}
	}
	return nil
}
