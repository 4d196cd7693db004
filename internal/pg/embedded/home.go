package embedded

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
)

// sharedState is where clusters live that root asked for in a place which the
// server's own user cannot enter, such as a checkout below /root.
const sharedState = "/var/lib/kopiyka"

const socketName = ".s.PGSQL.5432"

// home is the place of one cluster: its state directory, the directory of its
// socket, and the user that the server runs as.
type home struct {
	dir       string
	sockets   string
	as        *syscall.Credential // nil: the server runs as we do
	movedFrom string              // the directory asked for, when it would not do
}

// openHome finds the place for a wanted directory and makes it. Every process
// of ours that asks for the same directory is sent to the same place.
func openHome(wanted string) (home, error) {
	if wanted == "" {
		return home{}, errors.New("no directory was given")
	}
	dir, err := filepath.Abs(wanted)
	if err != nil {
		return home{}, err
	}
	// PostgreSQL and /proc speak of real paths, so we do too.
	if dir, err = realPath(dir); err != nil {
		return home{}, err
	}
	h := home{dir: dir, as: serverUser(filepath.Join(dir, "cluster"))}
	if h.as != nil && !canEnter(h.as, dir) {
		h.movedFrom = dir
		if h.dir, err = movedTo(dir); err != nil {
			return home{}, err
		}
		h.as = serverUser(h.cluster())
	}
	if err := h.makeDir(h.dir); err != nil {
		return home{}, err
	}
	h.sockets = socketsFor(h.dir)
	return h, nil
}

// Exists tells whether a cluster was made for a state directory. It makes nothing, and
// promises nothing about the cluster.
func Exists(state string) bool {
	if place, err := os.ReadFile(filepath.Join(state, "moved-to")); err == nil {
		state = strings.TrimSpace(string(place))
	}
	_, err := os.Stat(filepath.Join(state, "cluster", "PG_VERSION"))
	return !errors.Is(err, fs.ErrNotExist)
}

// movedTo is where the cluster of a directory lives that the server's user cannot enter. The
// directory itself says so in a file: when it is removed, its cluster is no longer found,
// like that of any other directory.
func movedTo(dir string) (string, error) {
	mark := filepath.Join(dir, "moved-to")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	place := filepath.Join(sharedState, digest(dir+rand.Text()))
	fresh := mark + "." + filepath.Base(place)
	if err := os.WriteFile(fresh, []byte(place+"\n"), 0o600); err != nil {
		return "", err
	}
	defer os.Remove(fresh)
	// A link is made whole or not at all, and by one process alone.
	if err := os.Link(fresh, mark); err == nil || !errors.Is(err, fs.ErrExist) {
		return place, err
	}
	said, err := os.ReadFile(mark)
	if err != nil {
		return "", err
	}
	if place = strings.TrimSpace(string(said)); filepath.Dir(place) != sharedState {
		return "", fmt.Errorf("%s names no place in %s: remove it to begin anew", mark, sharedState)
	}
	return place, nil
}

// realPath resolves links in the part of the path that exists.
func realPath(dir string) (string, error) {
	real, err := filepath.EvalSymlinks(dir)
	if !errors.Is(err, fs.ErrNotExist) || dir == filepath.Dir(dir) {
		return real, err
	}
	parent, err := realPath(filepath.Dir(dir))
	return filepath.Join(parent, filepath.Base(dir)), err
}

// makeDir makes what is missing of a path. What root makes must be open to the
// server's user, whatever the umask says.
func (h home) makeDir(dir string) error {
	err := os.Mkdir(dir, 0o755)
	switch {
	case errors.Is(err, fs.ErrExist):
		return nil
	case errors.Is(err, fs.ErrNotExist):
		if err := h.makeDir(filepath.Dir(dir)); err != nil {
			return err
		}
		return h.makeDir(dir)
	case err != nil:
		return err
	case h.as != nil:
		return os.Chmod(dir, 0o755)
	}
	return nil
}

func (h home) path(name string) string { return filepath.Join(h.dir, name) }

func (h home) cluster() string { return h.path("cluster") }

func (h home) read(name string) (string, error) {
	b, err := os.ReadFile(h.path(name))
	return strings.TrimSpace(string(b)), err
}

// write puts a small private file in place at once, so that nobody, not even
// after a kill, reads half of it.
func (h home) write(name, content string) error {
	f, err := os.CreateTemp(h.dir, name+".new-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	defer os.Remove(f.Name()) // after the rename there is nothing left to remove
	_, err = f.WriteString(content + "\n")
	err = errors.Join(err, f.Sync(), f.Close(), h.give(f.Name()))
	if err == nil {
		err = os.Rename(f.Name(), h.path(name))
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}

// give hands a file over to the user that the server runs as.
func (h home) give(path string) error {
	if h.as == nil {
		return nil
	}
	return os.Lchown(path, int(h.as.Uid), int(h.as.Gid))
}

func (h home) dsn(password, database string) string {
	u := url.URL{
		Scheme: "postgres",
		User:   url.UserPassword(role, password),
		Path:   "/" + database,
		RawQuery: url.Values{
			"host":    {h.sockets},
			"port":    {"5432"},
			"sslmode": {"disable"},
		}.Encode(),
	}
	return u.String()
}

// plainPath holds what unix_socket_directories takes without quoting.
var plainPath = regexp.MustCompile(`^[A-Za-z0-9/._-]+$`)

// socketsFor keeps the socket beside the cluster where its name fits into a
// socket address: 104 bytes on macOS, 108 on Linux, with the closing zero.
func socketsFor(dir string) string {
	beside := filepath.Join(dir, "sock")
	if len(beside)+len("/"+socketName) < 104 && plainPath.MatchString(beside) {
		return beside
	}
	return filepath.Join("/tmp", "kopiyka-"+digest(dir))
}

// makeSockets prepares the directory of the socket.
func (h home) makeSockets() error {
	err := os.Mkdir(h.sockets, 0o700)
	if err == nil {
		err = h.give(h.sockets)
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("make the socket directory: %w", err)
	}
	return h.checkSockets()
}

// checkSockets refuses a socket directory that somebody else could have put
// there: anybody may write to /tmp.
func (h home) checkSockets() error {
	st, err := os.Lstat(h.sockets)
	if err != nil {
		return fmt.Errorf("look at the socket directory: %w", err)
	}
	uid := uint32(os.Geteuid())
	if h.as != nil {
		uid = h.as.Uid
	}
	if !st.IsDir() || ownerOf(st) != uid || st.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("%s is not a private directory of user %d: remove it and start again", h.sockets, uid)
	}
	return nil
}

// removeSockets leaves no litter in /tmp. After a bad end the directory is not
// empty; it stays, and is used again.
func (h home) removeSockets() {
	if filepath.Dir(h.sockets) != h.dir {
		_ = os.Remove(h.sockets)
	}
}

func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:5])
}
