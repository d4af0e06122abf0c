package sdk

// Header holds HTTP header fields by their canonical name (Content-Type). Its methods take any spelling.
type Header map[string][]string

// Get returns the first value of the field, or "".
func (h Header) Get(name string) string {
	if v := h[canonical(name)]; len(v) > 0 {
		return v[0]
	}
	return ""
}

// Values returns all values of the field.
func (h Header) Values(name string) []string { return h[canonical(name)] }

// Set replaces the values of the field by one.
func (h Header) Set(name, value string) { h[canonical(name)] = []string{value} }

// Add adds a value to the field.
func (h Header) Add(name, value string) {
	name = canonical(name)
	h[name] = append(h[name], value)
}

// canonical writes a field name as net/textproto does, which is not used for its weight: it brings package net.
func canonical(name string) string {
	b := []byte(name)
	start := true
	for i, c := range b {
		switch {
		case start && 'a' <= c && c <= 'z':
			b[i] = c - 'a' + 'A'
		case !start && 'A' <= c && c <= 'Z':
			b[i] = c - 'A' + 'a'
		}
		start = c == '-'
	}
	return string(b)
}
