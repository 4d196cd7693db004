package embedded

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"time"
)

// ensureCluster makes the cluster when there is none, and returns its password.
func ensureCluster(ctx context.Context, o Options, h home, bin binaries) (string, error) {
	made, err := clusterMajor(h)
	if err != nil {
		return "", err
	}
	if made != 0 {
		password, err := h.read("password")
		if err != nil {
			return "", fmt.Errorf("read the password of the cluster: %w", err)
		}
		return password, nil
	}
	if o.ReadyMade != "" {
		err = copyReadyMade(ctx, o, h, bin)
	} else {
		err = makeCluster(ctx, o, h, bin)
	}
	if err != nil {
		return "", fmt.Errorf("make the cluster: %w", err)
	}
	return h.read("password")
}

// makeCluster runs initdb beside the cluster's place and renames when all is
// written. The name is new each time, because an initdb that lost its parent
// may still be writing to the last one; and PG_VERSION is what it writes first,
// so that file says nothing about the rest.
func makeCluster(ctx context.Context, o Options, h home, bin binaries) error {
	beside, err := newClusterDir(h)
	if err != nil {
		return err
	}
	defer os.RemoveAll(beside) // after the rename there is nothing left to remove
	if err := h.give(beside); err != nil {
		return err
	}
	if err := h.write("password", rand.Text()); err != nil {
		return err
	}
	if err := initdb(ctx, o, h, bin, beside); err != nil {
		return err
	}
	return h.adopt(beside, o.Durable)
}

// newClusterDir also clears away what killed starts have left.
func newClusterDir(h home) (string, error) {
	const prefix = "cluster.new-"
	old, err := filepath.Glob(filepath.Join(globEscape(h.dir), prefix+"*"))
	if err != nil {
		return "", err
	}
	for _, dir := range old {
		_ = os.RemoveAll(dir) // if somebody still writes there, the next start gets it
	}
	return os.MkdirTemp(h.dir, prefix)
}

// adopt puts a whole cluster in its place.
func (h home) adopt(dir string, durable bool) error {
	if err := os.Remove(h.cluster()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err // only an empty directory can be removed
	}
	if err := os.Rename(dir, h.cluster()); err != nil {
		return err
	}
	if !durable {
		return nil
	}
	f, err := os.Open(h.dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close()) // the rename itself
}

func initdb(ctx context.Context, o Options, h home, bin binaries, dir string) error {
	cmd := command(ctx, h.as, filepath.Join(bin.dir, "initdb"), initdbArgs(o, dir, h.path("password"))...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.SysProcAttr.Setpgid = true
	dieWithParent(cmd.SysProcAttr, syscall.SIGKILL)
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 5 * time.Second
	p, err := launch(cmd)
	if err != nil {
		return fmt.Errorf("start initdb: %w", err)
	}
	<-p.gone
	if ctx.Err() != nil {
		return fmt.Errorf("run initdb: %w", ctx.Err())
	}
	if p.err != nil {
		return fmt.Errorf("run initdb: %w: %s", p.err, bytes.TrimSpace(out.Bytes()))
	}
	return nil
}

func initdbArgs(o Options, dir, password string) []string {
	args := []string{"-D", dir, "--pwfile=" + password, "-U", role, "-A", "scram-sha-256", "-E", "UTF8", "--no-instructions"}
	// Sorting by code point is the same everywhere; Ukrainian order is asked
	// for in the query. Only Linux has a locale that says just this.
	if runtime.GOOS == "linux" {
		args = append(args, "--locale=C.UTF-8")
	} else {
		args = append(args, "--locale=C", "--lc-ctype=UTF-8")
	}
	if !o.Durable {
		args = append(args, "--no-sync")
	}
	return args
}
