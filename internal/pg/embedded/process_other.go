//go:build !linux

package embedded

import (
	"os/exec"
	"strconv"
	"strings"
	"syscall"
)

// dieWithParent does nothing here: only Linux signals orphans. What a killed
// owner leaves running is ended by the next start.
func dieWithParent(*syscall.SysProcAttr, syscall.Signal) {}

// serverProcesses holds the postmaster when it is alive and was started in the
// cluster. Its number alone proves nothing, since numbers are given anew.
func serverProcesses(cluster string, postmaster int) []int {
	if postmaster <= 0 {
		return nil
	}
	out, err := exec.Command("ps", "-o", "command=", "-p", strconv.Itoa(postmaster)).Output()
	if err != nil || !strings.Contains(string(out), "postgres") || !strings.Contains(string(out), "-D "+cluster) {
		return nil
	}
	return []int{postmaster}
}
