package worker

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// jiffy is the unit of processor time in /proc, which is the same on every architecture that Go runs on.
const jiffy = time.Second / 100

// memoryFile begins what the kernel calls a memory file.
const memoryFile = "/memfd:"

// consumptionOf reads what the kernel has counted, see proc_pid_stat(5).
func consumptionOf(pid int) (c consumption, err error) {
	proc := filepath.Join("/proc", strconv.Itoa(pid))
	stat, err := os.ReadFile(filepath.Join(proc, "stat"))
	if err != nil {
		return c, err
	}
	// The process chooses its name, which stands in parentheses and may have some.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	const state, utime, stime, threads, rss = 3, 14, 15, 20, 24 // as the manual numbers them
	if len(fields) <= rss-state {
		return c, fmt.Errorf("%s/stat has %d fields", proc, len(fields))
	}
	var n [rss + 1]int64
	for _, i := range []int{utime, stime, threads, rss} {
		if n[i], err = strconv.ParseInt(fields[i-state], 10, 64); err != nil {
			return c, err
		}
	}
	files, open := memoryFiles(proc)
	return consumption{
		threads: int(n[threads]),
		memory:  n[rss]*int64(os.Getpagesize()) + files,
		hidden:  hiddenFiles(proc, open),
		cpu:     time.Duration(n[utime]+n[stime]) * jiffy,
	}, nil
}

// memoryFiles returns the size of the memory files that a process has open, and which they are. They need not be
// mapped, and then are not resident.
func memoryFiles(proc string) (size int64, open map[uint64]bool) {
	fds, _ := os.ReadDir(filepath.Join(proc, "fd")) // none if it is gone
	open = map[uint64]bool{}
	for _, fd := range fds {
		path := filepath.Join(proc, "fd", fd.Name())
		if to, err := os.Readlink(path); err != nil || !strings.HasPrefix(to, memoryFile) {
			continue
		}
		var info syscall.Stat_t
		if syscall.Stat(path, &info) == nil && !open[info.Ino] {
			open[info.Ino] = true
			size += info.Blocks * 512
		}
	}
	return size, open
}

// hiddenFiles counts the memory files that a process has mapped, if only a page of them, and not open.
func hiddenFiles(proc string, open map[uint64]bool) int {
	maps, _ := os.ReadFile(filepath.Join(proc, "maps")) // none if it is gone
	hidden := map[uint64]bool{}
	for line := range bytes.Lines(maps) {
		fields := bytes.Fields(line)
		const inode, path = 4, 5
		if len(fields) <= path || !bytes.HasPrefix(fields[path], []byte(memoryFile)) {
			continue
		}
		if n, err := strconv.ParseUint(string(fields[inode]), 10, 64); err == nil && !open[n] {
			hidden[n] = true
		}
	}
	return len(hidden)
}
