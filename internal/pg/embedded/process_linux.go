package embedded

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// dieWithParent has the kernel signal the child when the thread that started
// it ends: see launch.
func dieWithParent(attr *syscall.SysProcAttr, signal syscall.Signal) { attr.Pdeathsig = signal }

// serverProcesses lists the living processes of PostgreSQL that work in a
// cluster. Their number alone proves nothing, since numbers are given anew.
func serverProcesses(cluster string, postmaster int) (pids []int) {
	entries, _ := os.ReadDir("/proc") // without /proc the server's own checks remain
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		comm, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
		if !strings.HasPrefix(string(comm), "postgres") {
			continue
		}
		cwd, err := os.Readlink(fmt.Sprintf("/proc/%d/cwd", pid))
		// A container's root may not see another user's working directory, but
		// the arguments that a postmaster was started with are public.
		if cwd == cluster || errors.Is(err, fs.ErrPermission) && pid == postmaster && wasStartedIn(pid, cluster) {
			pids = append(pids, pid)
		}
	}
	return pids
}

func wasStartedIn(pid int, cluster string) bool {
	line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil {
		return false
	}
	args := strings.Split(string(line), "\x00")
	i := slices.Index(args, "-D")
	return i >= 0 && i+1 < len(args) && args[i+1] == cluster
}
