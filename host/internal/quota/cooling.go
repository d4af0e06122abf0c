package quota

// grains is into how many parts a window is divided for the record: slots that come free within one are kept
// together, so that the record stays small, and come free at its end, so that none is free too early.
const grains = 128

// cooling is slots that are taken until a time, in the order in which they come free.
type cooling struct {
	spans []span
	slots int // in all spans
}

// span is slots that come free at the same time.
type span struct {
	end   instant
	slots int
}

// add keeps slots until end, or up to a 128th of per longer.
func (c *cooling) add(end instant, slots int, per instant) {
	grain := max(per/grains, 1)
	end = (end + grain - 1) / grain * grain
	i := len(c.spans)
	for i > 0 && c.spans[i-1].end > end {
		i--
	}
	c.slots += slots
	if i > 0 && c.spans[i-1].end == end {
		c.spans[i-1].slots += slots
		return
	}
	c.spans = append(c.spans, span{})
	copy(c.spans[i+1:], c.spans[i:])
	c.spans[i] = span{end, slots}
}

// settle forgets the slots that have come free.
func (c *cooling) settle(now instant) {
	n := 0
	for n < len(c.spans) && c.spans[n].end <= now {
		c.slots -= c.spans[n].slots
		n++
	}
	if n > 0 {
		c.spans = append(c.spans[:0], c.spans[n:]...)
	}
}

// freed returns when so many slots will have come free, or otherwise if there are less.
func (c *cooling) freed(slots int, otherwise instant) instant {
	if slots <= 0 {
		return 0
	}
	for _, s := range c.spans {
		if slots -= s.slots; slots <= 0 {
			return s.end
		}
	}
	return otherwise
}
