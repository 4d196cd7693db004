package embedded

import (
	"context"
	"os"
	"os/exec"
	"runtime"
	"syscall"
)

// process is a child that was launched; err may be read once gone is closed.
type process struct {
	cmd  *exec.Cmd
	gone chan struct{}
	err  error
}

// command prepares a program of PostgreSQL to run as a user, nil for ourselves.
// It sees neither our environment, which holds secrets and PGxxx settings, nor
// our working directory, which its user may not be able to enter.
func command(ctx context.Context, as *syscall.Credential, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = "/"
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C.UTF-8", "TZ=UTC"}
	if dirs := os.Getenv("LD_LIBRARY_PATH"); dirs != "" {
		cmd.Env = append(cmd.Env, "LD_LIBRARY_PATH="+dirs)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: as}
	return cmd
}

// launch starts a program and waits for it on a thread that lives as long as
// it: the signal that a child gets when its parent dies is in truth sent when
// the parent's thread does, and Go ends threads as it likes.
func launch(cmd *exec.Cmd) (*process, error) {
	p := &process{cmd: cmd, gone: make(chan struct{})}
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		if err := cmd.Start(); err != nil {
			started <- err
			return
		}
		started <- nil
		p.err = cmd.Wait()
		close(p.gone)
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return p, nil
}
