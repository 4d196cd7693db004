package embedded

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// copyReadyMade takes the cluster from the ready-made ones, and makes it for
// them first when it is the first of its kind.
func copyReadyMade(ctx context.Context, o Options, h home, bin binaries) error {
	// Other binaries, or another way to call initdb, make another cluster.
	kind := digest(strings.Join(append(initdbArgs(o, "", ""), bin.dir, bin.version), "\n"))
	made := filepath.Join(o.ReadyMade, "cluster-"+kind)
	err := checkReadyMade(o.ReadyMade)
	if err != nil {
		return err
	}
	if _, err = os.Stat(made); errors.Is(err, fs.ErrNotExist) {
		if err := makeCluster(ctx, o, h, bin); err != nil {
			return err
		}
		return keepReadyMade(ctx, h, made)
	}
	if err != nil {
		return err
	}
	beside, err := newClusterDir(h)
	if err != nil {
		return err
	}
	defer os.RemoveAll(beside) // after the rename there is nothing left to remove
	data := filepath.Join(beside, "cluster")
	if err := copyTree(ctx, filepath.Join(made, "cluster"), data, sameModes); err != nil {
		return fmt.Errorf("copy a ready-made cluster: %w", err)
	}
	if err := h.giveTree(data); err != nil {
		return err
	}
	password, err := os.ReadFile(filepath.Join(made, "password"))
	if err != nil {
		return fmt.Errorf("read the password of a ready-made cluster: %w", err)
	}
	if err := h.write("password", strings.TrimSpace(string(password))); err != nil {
		return err
	}
	return h.adopt(data, o.Durable)
}

// keepReadyMade leaves a copy for others. Of several who do so at once, the
// first one's stays.
func keepReadyMade(ctx context.Context, h home, made string) error {
	beside, err := os.MkdirTemp(filepath.Dir(made), "new-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(beside) // after the rename there is nothing left to remove
	for _, name := range []string{"cluster", "password"} {
		if err := copyTree(ctx, h.path(name), filepath.Join(beside, name), sameModes); err != nil {
			return fmt.Errorf("keep a ready-made cluster: %w", err)
		}
	}
	if err := os.Rename(beside, made); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("keep a ready-made cluster: %w", err)
	}
	return nil
}

// checkReadyMade makes the directory, and refuses one that others can write
// to: its clusters run with our rights.
func checkReadyMade(dir string) error {
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("make the directory of ready-made clusters: %w", err)
	}
	st, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	if !st.IsDir() || ownerOf(st) != uint32(os.Geteuid()) || st.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("%s is not a private directory of ours", dir)
	}
	return nil
}

// giveTree hands a whole directory over to the user that the server runs as.
func (h home) giveTree(dir string) error {
	if h.as == nil {
		return nil
	}
	return filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return h.give(path)
	})
}
