package embedded

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// The traps are about processes that die, so most tests start this test binary
// again as a helper: a small program that owns a cluster, as the demo does.
const helperEnv = "KOPIYKA_EMBEDDED_HELPER"

// task is what a helper is told to do.
type task struct {
	Options    Options
	Umask      int
	DyingStart bool // start the cluster on a thread that ends right after
}

// reply is a helper's first word; its second, "ended", comes if its server ends.
type reply struct {
	Err, DSN, Source, State, Log string
	Owner                        bool
}

// A helper's first thread stays with its main goroutine: it is the one thread
// that Go never ends, so it must not be the one that onDyingThread gets.
func init() {
	if os.Getenv(helperEnv) != "" {
		runtime.LockOSThread()
	}
}

func TestMain(m *testing.M) {
	if arg := os.Getenv(helperEnv); arg != "" {
		os.Exit(help(arg))
	}
	code := m.Run()
	if shared.dir != "" {
		if err := os.RemoveAll(shared.dir); err != nil {
			fmt.Fprintln(os.Stderr, "remove the test's directory:", err)
			code = 1
		}
	}
	os.Exit(code)
}

func help(arg string) int {
	var todo task
	if err := json.Unmarshal([]byte(arg), &todo); err != nil {
		fmt.Fprintln(os.Stderr, "helper:", err)
		return 2
	}
	if todo.Umask != 0 {
		syscall.Umask(todo.Umask)
	}
	var log logBuffer
	todo.Options.Log = slog.New(slog.NewTextHandler(&log, nil))
	start := func() (*Server, error) { return Start(context.Background(), todo.Options) }
	if todo.DyingStart {
		start = onDyingThread(start)
	}
	s, err := start()
	out := json.NewEncoder(os.Stdout)
	if err != nil {
		_ = out.Encode(reply{Err: err.Error(), Log: log.String()})
		return 1
	}
	_ = out.Encode(reply{DSN: s.DSN(), Source: s.Source(), State: s.State(), Owner: s.Owner(), Log: log.String()})
	told := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		close(told)
	}()
	select {
	case <-told:
	case <-s.Done():
		_ = out.Encode("ended")
		<-told // as a program that has not made up its mind yet
		return 0
	}
	if err := s.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, "helper: stop:", err)
		return 1
	}
	return 0
}

// logBuffer is written to by the server's watch as well.
type logBuffer struct {
	mu   sync.Mutex
	text strings.Builder
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// onDyingThread is set where a parent's death is that of a thread.
var onDyingThread func(start func() (*Server, error)) func() (*Server, error)

// helper is a running helper.
type helper struct {
	reply
	t      *testing.T
	cmd    *exec.Cmd
	stdin  io.Closer
	stdout *json.Decoder
}

// begin starts a helper and does not wait for its reply.
func (p *party) begin(t *testing.T, todo task) *helper {
	t.Helper()
	arg, err := json.Marshal(todo)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(shared.program)
	cmd.Env = []string{
		helperEnv + "=" + string(arg), "PATH=" + os.Getenv("PATH"), "KOPIYKA_PG_BIN=" + p.pgBin,
		"GORACE=atexit_sleep_ms=0", // with -race each helper would end a second late
	}
	cmd.Dir = "/"
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: p.as, Setpgid: true}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	h := &helper{t: t, cmd: cmd, stdin: stdin, stdout: json.NewDecoder(stdout)}
	t.Cleanup(h.kill)
	return h
}

// hear waits for the helper's reply.
func (h *helper) hear() {
	h.t.Helper()
	if err := h.stdout.Decode(&h.reply); err != nil {
		h.t.Fatalf("the helper died without a word: %v", err)
	}
}

// start starts a helper that must succeed.
func (p *party) start(t *testing.T, todo task) *helper {
	t.Helper()
	h := p.begin(t, todo)
	h.hear()
	if h.Err != "" {
		t.Fatalf("start: %s\n%s", h.Err, h.Log)
	}
	return h
}

// refused starts a helper that must fail, and returns its error.
func (p *party) refused(t *testing.T, todo task) string {
	t.Helper()
	h := p.begin(t, todo)
	h.hear()
	if h.Err == "" {
		t.Fatalf("the start succeeded with %s", h.Source)
	}
	return h.Err
}

// stop ends the helper in order.
func (h *helper) stop() {
	h.t.Helper()
	_ = h.stdin.Close()
	if err := h.cmd.Wait(); err != nil {
		h.t.Errorf("the helper ended with %v", err)
	}
}

// kill is kill -9, and harmless when the helper has ended.
func (h *helper) kill() {
	if h.cmd.ProcessState == nil {
		_ = h.cmd.Process.Kill()
		_ = h.cmd.Wait()
	}
}

// eventually waits for what other processes do.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("it did not come to pass that %s", what)
		}
	}
}
