package embedded

import (
	"fmt"
	"os"
	"runtime"
	"syscall"
	"testing"
)

func init() { onDyingThread = startOnDyingThread }

// startOnDyingThread runs start on a thread of its own and returns when that
// thread has left the process.
func startOnDyingThread(start func() (*Server, error)) func() (*Server, error) {
	return func() (s *Server, err error) {
		tid := make(chan int, 1)
		go func() {
			runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
			s, err = start()
			tid <- syscall.Gettid()
		}()
		task := fmt.Sprintf("/proc/self/task/%d", <-tid)
		for {
			if _, gone := os.Stat(task); gone != nil {
				return s, err
			}
			runtime.Gosched()
		}
	}
}

// The kernel sends the signal for a dead parent when the thread that forked
// ends, and Go ends threads while the process lives on.
func TestServerOutlivesTheThreadThatStartedIt(t *testing.T) {
	t.Parallel()
	p := solo(t)
	todo := p.task()
	todo.DyingStart = true
	h := p.start(t, todo)
	defer h.stop()
	for range 30 { // a server told to stop takes some connections more
		query(t, h.DSN, `SELECT 1`)
	}
}
