package service

import (
	"bytes"
	"os"
	"strconv"
)

// ended tells whether a process is a zombie: the third field of its stat, after
// the name in parentheses, which may hold anything.
func ended(pid int) bool {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return false
	}
	i := bytes.LastIndexByte(stat, ')')
	return i > 0 && i+2 < len(stat) && (stat[i+2] == 'Z' || stat[i+2] == 'X')
}
