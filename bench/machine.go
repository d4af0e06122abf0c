package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"
)

// machine says where the figures come from.
func machine() string {
	return fmt.Sprintf("%s, %d CPUs, %s, %s/%s", processor(), runtime.NumCPU(), kernel(), runtime.GOOS, runtime.GOARCH)
}

func processor() string {
	data, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(data)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown processor"
}

func kernel() string {
	data, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return "unknown kernel"
	}
	return "Linux " + strings.TrimSpace(string(data))
}
