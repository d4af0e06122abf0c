package guesttest

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
)

// resident returns how many bytes of memory this process and its descendants have, or 0 where there is no /proc.
func resident() (total int64) {
	stats := map[int]processStat{}
	paths, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range paths {
		if data, err := os.ReadFile(path); err == nil { // it may have ended meanwhile
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
			stats[pid] = parseStat(data)
		}
	}
	self := os.Getpid()
	for pid, s := range stats {
		if descends(stats, pid, self) {
			total += s.resident
		}
	}
	return total
}

type processStat struct {
	parent   int
	resident int64 // bytes
}

// parseStat reads what proc_pid_stat(5) has as fields 4 and 24. Field 2, the name, may have spaces and brackets.
func parseStat(data []byte) (s processStat) {
	fields := bytes.Fields(data[bytes.LastIndexByte(data, ')')+1:])
	if len(fields) < 22 {
		return s
	}
	s.parent, _ = strconv.Atoi(string(fields[1]))
	pages, _ := strconv.ParseInt(string(fields[21]), 10, 64)
	s.resident = pages * int64(os.Getpagesize())
	return s
}

// descends reports whether pid is ancestor or comes from it. A chain is as long as there are processes at most:
// the snapshot is not of one instant.
func descends(stats map[int]processStat, pid, ancestor int) bool {
	for range len(stats) {
		if pid == ancestor {
			return true
		}
		s, ok := stats[pid]
		if !ok || pid == 0 {
			return false
		}
		pid = s.parent
	}
	return false
}
