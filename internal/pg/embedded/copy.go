package embedded

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// copyBinaries copies an installation to where the server's user can run it,
// once for each version, and returns the copy's bin directory. Root's copies
// are shared by all clusters, and do not lie in a state directory because that
// may be a place where nothing may be run, such as /dev/shm in a container.
func copyBinaries(ctx context.Context, p place, h home, version string) (string, error) {
	base := h.dir
	if h.as != nil {
		base = sharedState
	}
	if err := h.makeDir(base); err != nil {
		return "", err
	}
	name := "pgsql-" + version + "-" + digest(p.dir)
	root := filepath.Join(base, name)
	bin := filepath.Join(root, "native", "bin")
	if _, err := os.Stat(bin); err == nil {
		return bin, nil
	}
	beside, err := os.MkdirTemp(base, name+".new-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(beside)                // after the rename there is nothing left to remove
	native := filepath.Join(beside, "native") // as the npm package has it
	for _, dir := range []string{beside, native} {
		if err := errors.Join(os.MkdirAll(dir, 0o755), os.Chmod(dir, 0o755)); err != nil {
			return "", err
		}
	}
	// Only what PostgreSQL needs: the bin directory may lie in a home.
	for _, name := range []string{"bin", "lib", "share", "pg-symlinks.json"} {
		from := filepath.Join(filepath.Dir(p.dir), name)
		if _, err := os.Lstat(from); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err := copyTree(ctx, from, filepath.Join(native, name), openModes); err != nil {
			return "", err
		}
	}
	if err := linkLibraries(native); err != nil {
		return "", err
	}
	if err := os.Rename(beside, root); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", err
	}
	return bin, nil // ours, or that of somebody who was quicker
}

// openModes lets everybody read and run, whatever the umask says.
func openModes(m fs.FileMode) fs.FileMode {
	if m.IsDir() || m&0o111 != 0 {
		return 0o755
	}
	return 0o644
}

// sameModes keeps permissions as they are.
func sameModes(m fs.FileMode) fs.FileMode { return m.Perm() }

// copyTree copies directories, files and links. The target must not exist.
func copyTree(ctx context.Context, from, to string, mode func(fs.FileMode) fs.FileMode) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err = errors.Join(err, ctx.Err()); err != nil {
			return err
		}
		target := filepath.Join(to, strings.TrimPrefix(path, from))
		info, err := d.Info()
		if err != nil {
			return err
		}
		switch {
		case d.IsDir():
			if err := os.Mkdir(target, 0o700); err != nil {
				return err
			}
			return os.Chmod(target, mode(info.Mode()))
		case d.Type()&fs.ModeSymlink != 0:
			link, err := os.Readlink(path)
			if err != nil {
				return err
			}
			return os.Symlink(link, target)
		case d.Type().IsRegular():
			return copyFile(path, target, mode(info.Mode()))
		}
		return nil // sockets and pipes of a running server are not part of anything
	})
}

func copyFile(from, to string, mode fs.FileMode) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Chmod(mode), out.Close())
}

// globEscape makes a path mean itself in a pattern.
func globEscape(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}
