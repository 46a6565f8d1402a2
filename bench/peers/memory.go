package main

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// peakResident returns the largest resident size that this process ever had: VmHWM of /proc/self/status (proc(5)).
func peakResident() (int64, error) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, fmt.Errorf("peak memory: %w", err)
	}
	return parseHighWater(status)
}

// parseHighWater returns the VmHWM line of a /proc/PID/status file in bytes.
func parseHighWater(status []byte) (int64, error) {
	for line := range bytes.Lines(status) {
		value, ok := strings.CutPrefix(string(line), "VmHWM:")
		if !ok {
			continue
		}
		fields := strings.Fields(value)
		if len(fields) != 2 || fields[1] != "kB" {
			return 0, fmt.Errorf("peak memory: line %q", line)
		}
		kb, err := strconv.ParseInt(fields[0], 10, 64)
		if err != nil {
			return 0, fmt.Errorf("peak memory: line %q: %w", line, err)
		}
		return kb << 10, nil
	}
	return 0, fmt.Errorf("peak memory: /proc/self/status has no VmHWM")
}

// loadAverage returns the system's load averages as /proc/loadavg states them, or "" where there is none.
func loadAverage() string {
	data, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return ""
	}
	fields := strings.Fields(string(data))
	return strings.Join(fields[:min(3, len(fields))], " ")
}
