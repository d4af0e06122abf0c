package oauth

import "maps"

// Count is how many requests of a kind the token endpoint has decided.
type Count struct{ Succeeded, Failed int }

// Counts returns the decisions of the token endpoint by grant type, and those of the revocation endpoint under
// "revocation". A request whose answer a fault has replaced after it was performed counts; one that was not
// performed does not.
func (s *Server) Counts() map[string]Count {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.counts)
}

// count files a decision and returns it.
func (s *Server) count(kind string, decision reply) reply {
	n := s.counts[kind]
	if decision.status < 300 {
		n.Succeeded++
	} else {
		n.Failed++
	}
	s.counts[kind] = n
	return decision
}
