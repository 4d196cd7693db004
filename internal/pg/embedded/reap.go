package embedded

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// reapPatience is how long a left-over server has after each signal.
const reapPatience = 4 * time.Second

// reap ends the server that a killed owner may have left in the cluster, and
// takes away the lock files of one that is dead: PostgreSQL believes them as
// long as any process has their number, even a stranger or a zombie. Only the
// holder of the owner lock may do this.
func reap(ctx context.Context, h home) error {
	pidFile := filepath.Join(h.cluster(), "postmaster.pid")
	b, err := os.ReadFile(pidFile)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return fmt.Errorf("read the server's lock file: %w", err)
	default:
		first, _, _ := strings.Cut(string(b), "\n")
		postmaster, _ := strconv.Atoi(strings.TrimSpace(first)) // a torn file names nobody
		if err := endServer(ctx, h.cluster(), postmaster); err != nil {
			return err
		}
	}
	for _, file := range []string{
		pidFile,
		filepath.Join(h.sockets, socketName),
		filepath.Join(h.sockets, socketName+".lock"),
	} {
		if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove a stale lock file: %w", err)
		}
	}
	return nil
}

// endServer asks the postmaster to shut down. When it is dead, its backends may
// still be at work on the cluster's files, so they go too.
func endServer(ctx context.Context, cluster string, postmaster int) error {
	for _, step := range []struct {
		signal syscall.Signal
		all    bool
	}{{syscall.SIGINT, false}, {syscall.SIGQUIT, true}, {syscall.SIGKILL, true}} {
		asked := false
		for _, pid := range serverProcesses(cluster, postmaster) {
			if step.all || pid == postmaster {
				_ = syscall.Kill(pid, step.signal) // it may have ended meanwhile
				asked = true
			}
		}
		if !asked {
			continue // to the next step, which may find backends alone
		}
		for end := time.Now().Add(reapPatience); time.Now().Before(end); {
			if len(serverProcesses(cluster, postmaster)) == 0 {
				return nil
			}
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(pollPause):
			}
		}
	}
	if left := serverProcesses(cluster, postmaster); len(left) > 0 {
		return fmt.Errorf("a server that was left in %s does not end: processes %v", cluster, left)
	}
	return nil
}
