package linear

// Private is how many bytes of private pages the last reset has found, 0 if the strategy does not look for them.
func (m *Memory) Private() int { return max(0, m.pages.found()) }
