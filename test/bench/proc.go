package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
)

// ticksPerSecond is the unit of the times in /proc, the same on every Linux
// that Go runs on.
const ticksPerSecond = 100

// stat is what /proc tells of a process; times are in seconds of a core.
type stat struct {
	parent int
	// own is the process's time, and waited that of its children which have ended.
	own, waited float64
}

func readStat(pid int) (stat, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return stat{}, err
	}
	// The name, in parentheses, may hold blanks.
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	if len(fields) < 15 {
		return stat{}, fmt.Errorf("/proc/%d/stat has %d fields", pid, len(fields))
	}
	var numbers [5]float64
	for i, at := range []int{1, 11, 12, 13, 14} { // ppid utime stime cutime cstime
		if numbers[i], err = strconv.ParseFloat(fields[at], 64); err != nil {
			return stat{}, err
		}
	}
	return stat{
		parent: int(numbers[0]), own: (numbers[1] + numbers[2]) / ticksPerSecond, waited: (numbers[3] + numbers[4]) / ticksPerSecond,
	}, nil
}

// cpu returns the seconds of a core that the process has used.
func (p *process) cpu() (float64, error) {
	s, err := readStat(p.cmd.Process.Pid)
	return s.own, err
}

// memory returns a line of /proc/PID/status in MiB: VmHWM for the most that
// was ever resident, VmRSS for now.
func (p *process) memory(line string) (float64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	for l := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(l, line+":"); ok {
			kib, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
			return kib / 1024, err
		}
	}
	return 0, fmt.Errorf("/proc knows no %s", line)
}

// postgresCPU returns what all processes of the server at the address have
// used, also those that have ended. It fails where the server is elsewhere.
func postgresCPU(ctx context.Context, address string) (float64, error) {
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		return 0, err
	}
	defer func() { _ = conn.Close(ctx) }()
	backend, err := readStat(int(conn.PgConn().PID()))
	if err != nil {
		return 0, err
	}
	postmaster, err := readStat(backend.parent)
	if err != nil {
		return 0, err
	}
	used := postmaster.own + postmaster.waited
	all, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return 0, err
	}
	for _, folder := range all {
		pid, _ := strconv.Atoi(filepath.Base(folder))
		if child, err := readStat(pid); err == nil && child.parent == backend.parent {
			used += child.own
		}
	}
	return used, nil
}
