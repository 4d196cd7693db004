package embedded

import (
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// serverUser is the user that the server of a cluster runs as: nil for
// ourselves, and for root somebody else, because PostgreSQL refuses root. A
// cluster that exists keeps its user.
func serverUser(cluster string) *syscall.Credential {
	if os.Geteuid() != 0 {
		return nil
	}
	if st, err := os.Stat(cluster); err == nil && ownerOf(st) != 0 {
		return &syscall.Credential{Uid: ownerOf(st), Gid: st.Sys().(*syscall.Stat_t).Gid}
	}
	for _, name := range []string{"kopiyka", "postgres", "nobody"} {
		if c, ok := credentialOf(name); ok {
			return c
		}
	}
	return &syscall.Credential{Uid: 65534, Gid: 65534} // nobody's number where no name is known
}

func credentialOf(name string) (*syscall.Credential, bool) {
	u, err := user.Lookup(name)
	if err != nil {
		return nil, false
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, false
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil || uid == 0 {
		return nil, false
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, true
}

// canEnter tells whether a user may pass through every directory of a path.
// Directories that do not exist yet will be made so that he may.
func canEnter(c *syscall.Credential, dir string) bool {
	for {
		if st, err := os.Stat(dir); err == nil && !mayPass(c, st) {
			return false
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return true
		}
		dir = parent
	}
}

func mayPass(c *syscall.Credential, st fs.FileInfo) bool {
	sys := st.Sys().(*syscall.Stat_t)
	switch {
	case sys.Uid == c.Uid:
		return st.Mode()&0o100 != 0
	case sys.Gid == c.Gid:
		return st.Mode()&0o010 != 0
	}
	return st.Mode()&0o001 != 0
}

func ownerOf(st fs.FileInfo) uint32 { return st.Sys().(*syscall.Stat_t).Uid }
