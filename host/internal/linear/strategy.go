package linear

// Strategy is a way to find what a call has written to. The zero value is Scan.
type Strategy int

// The strategies, fastest first. Times are those of a reset of 40 written pages out of 4 MiB.
const (
	Scan     Strategy = iota // asks PAGEMAP_SCAN for private pages; Linux 6.7
	Pagemap                  // reads /proc/self/pagemap
	Populate                 // drops private pages, and makes those that the first call wrote anew; Linux 5.14
	Drop                     // drops private pages; the next call faults them in again
	Copy                     // compares everything; any system, and memory of Go's own heap
)

var strategyNames = [...]string{"scan", "pagemap", "populate", "drop", "copy"}

// String is the strategy's name in lower case.
func (s Strategy) String() string {
	if s < 0 || int(s) >= len(strategyNames) {
		return "unknown"
	}
	return strategyNames[s]
}
