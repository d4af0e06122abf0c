package tallyfy

import (
	"math"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// window is the last minute of one organisation's requests.
type window struct {
	served  []time.Time // those within the limit, oldest first
	arrived []time.Time // those refused as well
}

// slide forgets what is a minute old or older.
func (w *window) slide(now time.Time) {
	w.served, w.arrived = recent(w.served, now), recent(w.arrived, now)
}

// recent are the times in the minute before now.
func recent(times []time.Time, now time.Time) []time.Time {
	i := slices.IndexFunc(times, func(at time.Time) bool { return now.Sub(at) < time.Minute })
	if i < 0 {
		return nil
	}
	return times[i:]
}

// spend takes one request from the organisation's minute. The minute slides: in any 60 seconds no more than the
// limit are served. A request that is refused takes nothing.
func (s *Server) spend(org string, now time.Time, header http.Header) (reply, bool) {
	minute := s.spent[org]
	if minute == nil {
		minute = &window{}
		s.spent[org] = minute
	}
	minute.slide(now)
	minute.arrived = append(minute.arrived, now)
	s.busiest = max(s.busiest, len(minute.arrived))
	limit := s.config.RatePerMinute
	if limit < 0 {
		return reply{}, true
	}
	left := limit - len(minute.served)
	header.Set("X-RateLimit-Limit", strconv.Itoa(limit))
	header.Set("X-RateLimit-Remaining", strconv.Itoa(max(0, left-1)))
	if left > 0 {
		minute.served = append(minute.served, now)
		return reply{}, true
	}
	s.throttled++
	refusal := tooMany()
	wait := time.Minute - now.Sub(minute.served[0])
	refusal.header.Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
	return refusal, false
}

// Throttled returns how many requests were refused for being too many in a minute. Those that a fault has
// answered 429 are not among them.
func (s *Server) Throttled() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.throttled
}

// Busiest returns the most requests that one organisation had in any 60 seconds, refused ones included.
func (s *Server) Busiest() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.busiest
}
