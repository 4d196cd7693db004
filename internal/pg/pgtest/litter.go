package pgtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// room is what a private cluster and the databases of parallel tests may need.
const room = 1 << 30

const dirPrefix = "kopiyka-test-"

// roomyDir is in memory where that is large enough; in a container it often is
// not. Others than /tmp will not do for root, whose server runs as a user that
// must be able to enter.
func roomyDir() string {
	const memory = "/dev/shm"
	var fs syscall.Statfs_t
	if err := syscall.Statfs(memory, &fs); err != nil || fs.Bavail*uint64(fs.Bsize) < room {
		return "/tmp"
	}
	probe, err := os.MkdirTemp(memory, "kopiyka-probe-")
	if err != nil {
		return "/tmp"
	}
	_ = os.Remove(probe) // empty, and just made
	return memory
}

// keeper is a shell that outlives this process by a moment: a package's tests
// have no common end at which to stop the server, so the shell waits for the
// process to end and cleans up after it.
type keeper struct {
	dir   string
	cmd   *exec.Cmd
	alive io.Closer // held open for as long as we live
}

// newKeeper makes the directory of a private cluster, and its keeper.
func newKeeper(base string) (*keeper, error) {
	dir := filepath.Join(base, dirPrefix+strconv.Itoa(os.Getpid()))
	if err := os.RemoveAll(dir); err != nil { // left by a process that had our number
		return nil, fmt.Errorf("remove an old cluster: %w", err)
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make the directory of the cluster: %w", err)
	}
	if err := os.Chmod(dir, 0o755); err != nil { // root's server runs as another user
		return nil, err
	}
	// cat ends when its input does, and that when we do. The server gets a
	// moment to end before its files go; a zombie without a parent never does.
	const script = `cat
read -r pid rest < "$0/cluster/postmaster.pid" && kill -QUIT "$pid"
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	kill -0 "$pid" || break
	sleep 0.05
done
rm -rf "$0"`
	cmd := exec.Command("/bin/sh", "-c", script, dir)
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is for the tests; the keeper follows
	alive, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the cluster's keeper: %w", err)
	}
	return &keeper{dir: dir, cmd: cmd, alive: alive}, nil
}

// close cleans up at once.
func (k *keeper) close() error {
	err := k.alive.Close()
	_ = k.cmd.Wait() // it complains when there is no server to stop
	return err
}

// sweepDirs removes what is left where even the keeper was killed. Directories
// of others cannot be removed, which is right.
func sweepDirs(base string) {
	dirs, _ := filepath.Glob(filepath.Join(base, dirPrefix+"*")) // the pattern is well-formed
	for _, dir := range dirs {
		pid, err := strconv.Atoi(strings.TrimPrefix(filepath.Base(dir), dirPrefix))
		if err != nil || !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) || owned(dir) {
			continue
		}
		_ = os.RemoveAll(dir)
	}
}

// owned tells whether a process holds a cluster: a number that is dead here may
// be alive in another container that shares the directory.
func owned(dir string) bool {
	f, err := os.Open(filepath.Join(dir, "owner.lock"))
	if err != nil {
		return false
	}
	defer f.Close() // and with it the lock
	return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil
}

// sweep drops the databases of processes that are gone from a shared server.
func (s *server) sweep(ctx context.Context) error {
	var names []string
	err := s.admin.SelectContext(ctx, &names, `
		SELECT datname FROM pg_database d
		WHERE datname ~ '^kopiyka_test_[0-9]+_(template|[0-9]+)$'
		  AND NOT EXISTS (
			SELECT FROM pg_stat_activity a
			WHERE a.application_name = substring(d.datname FROM '^kopiyka_test_[0-9]+_'))`)
	if err != nil {
		return fmt.Errorf("look for old databases: %w", err)
	}
	for _, name := range names {
		_ = s.drop(ctx, name) // refused when another process drops it right now, or another role owns it
	}
	return nil
}
