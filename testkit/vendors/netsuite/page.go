package netsuite

import "strconv"

const (
	maxLimit = 1000
	maxPages = 1000
)

// part is the section of a result that a call asks for.
type part struct{ offset, limit int }

// part reads limit and offset.
func (c *call) part() (part, *failure) {
	p := part{limit: maxLimit}
	query := c.r.URL.Query()
	for _, parameter := range []struct {
		name string
		n    *int
	}{{"limit", &p.limit}, {"offset", &p.offset}} {
		text := query.Get(parameter.name)
		if !query.Has(parameter.name) {
			continue
		}
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			return p, badParameter(parameter.name, "Provided %s value %q is not valid.", parameter.name, text)
		}
		*parameter.n = n
	}
	switch {
	case p.limit < 1 || p.limit > maxLimit:
		return p, badParameter("limit", "Provided limit value %d is not between 1 and %d.", p.limit, maxLimit)
	case p.offset%p.limit != 0:
		return p, badParameter("offset", "Provided offset value %d is not divisible by the limit %d.", p.offset, p.limit)
	case p.offset/p.limit >= maxPages:
		return p, badParameter("offset", "Provided offset value %d is beyond page %d.", p.offset, maxPages)
	}
	return p, nil
}

// collect answers the part of total items that begins at the offset, with links to the other parts.
func (c *call) collect(p part, total int, items []object) object {
	more := p.offset+p.limit < total
	links := []object{}
	add := func(rel string, offset int) {
		links = append(links, object{"rel": rel, "href": c.partURL(part{offset, p.limit})})
	}
	if p.offset > 0 {
		add("first", 0)
		add("previous", p.offset-p.limit)
	}
	if more {
		add("next", p.offset+p.limit)
		add("last", (total-1)/p.limit*p.limit)
	}
	links = append(links, object{"rel": "self", "href": c.selfURL()})
	return object{
		"links": links, "count": len(items), "hasMore": more, "items": items,
		"offset": p.offset, "totalResults": total,
	}
}

// cut returns the part of the items.
func cut[T any](p part, items []T) []T {
	from := min(p.offset, len(items))
	return items[from:min(from+p.limit, len(items))]
}

// selfURL is the address that was called.
func (c *call) selfURL() string {
	url := c.base + c.r.URL.EscapedPath()
	if c.r.URL.RawQuery != "" {
		url += "?" + c.r.URL.RawQuery
	}
	return url
}

// partURL is the same address for another part.
func (c *call) partURL(p part) string {
	query := c.r.URL.Query()
	query.Set("limit", strconv.Itoa(p.limit))
	query.Set("offset", strconv.Itoa(p.offset))
	return c.base + c.r.URL.EscapedPath() + "?" + query.Encode()
}
