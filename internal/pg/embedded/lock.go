package embedded

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// ownerLock makes one process the owner of a cluster. The kernel drops it with
// the process, however that one ends.
type ownerLock struct{ file *os.File }

// takeLock returns nil without an error when another process holds the lock.
func takeLock(h home) (*ownerLock, error) {
	f, err := os.OpenFile(h.path("owner.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if errors.Is(err, fs.ErrPermission) {
		return nil, fmt.Errorf("%s belongs to another user: run as that user, or use another directory: %w", h.dir, err)
	}
	if err != nil {
		return nil, err
	}
	if err := h.give(f.Name()); err != nil {
		_ = f.Close()
		return nil, err
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return &ownerLock{f}, nil
	}
	_ = f.Close()
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, nil
	}
	return nil, fmt.Errorf("lock %s: %w", f.Name(), err)
}

func (l *ownerLock) release() { _ = l.file.Close() }
