package embedded

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
)

func TestServerDiesWithItsOwner(t *testing.T) {
	t.Parallel()
	everybody(t, func(t *testing.T, p *party) {
		h := p.start(t, p.task())
		addRow(t, h.DSN)
		server := postmasterPid(t, h.State)
		h.kill()
		eventually(t, "the server ends after its owner", func() bool { return !running(server) })

		next := p.start(t, p.task())
		defer next.stop()
		if got := rows(t, next.DSN); got != "1" {
			t.Errorf("rows = %s, want 1", got)
		}
	})
}

// The next owner comes while the last one's server is still shutting down.
func TestRestartDoesNotWaitForTheDeadOwnersServer(t *testing.T) {
	t.Parallel()
	everybody(t, func(t *testing.T, p *party) {
		for round := range 3 {
			h := p.start(t, p.task())
			if !h.Owner {
				t.Fatal("the dead owner still owns")
			}
			if got, want := addRow(t, h.DSN), strconv.Itoa(round+1); got != want {
				t.Fatalf("rows = %s, want %s", got, want)
			}
			h.kill()
		}
	})
}

// With both dead, the cluster's and the socket's lock files name a process
// that may be a zombie for ever, when nobody waits for orphans.
func TestKilledWithItsServer(t *testing.T) {
	t.Parallel()
	everybody(t, func(t *testing.T, p *party) {
		h := p.start(t, p.task())
		addRow(t, h.DSN)
		server := postmasterPid(t, h.State)
		for _, pid := range []int{server, h.cmd.Process.Pid} {
			if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
		}
		h.kill()
		next := p.start(t, p.task())
		defer next.stop()
		if got := rows(t, next.DSN); got != "1" {
			t.Errorf("rows = %s, want 1", got)
		}
	})
}

func TestOwnerLearnsThatItsServerDied(t *testing.T) {
	t.Parallel()
	everybody(t, func(t *testing.T, p *party) {
		h := p.start(t, p.task())
		addRow(t, h.DSN)
		if err := syscall.Kill(postmasterPid(t, h.State), syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		var word string
		if err := h.stdout.Decode(&word); err != nil || word != "ended" {
			t.Fatalf("the owner said %q, %v", word, err)
		}
		h.kill()
		next := p.start(t, p.task())
		defer next.stop()
		if got := rows(t, next.DSN); got != "1" {
			t.Errorf("rows = %s, want 1", got)
		}
	})
}

// A backend in a long query does not notice that its postmaster has died, and
// a new server refuses to work beside it.
func TestBusyBackendOfADeadServerIsEnded(t *testing.T) {
	t.Parallel()
	everybody(t, func(t *testing.T, p *party) {
		h := p.start(t, p.task())
		addRow(t, h.DSN)
		busy := make(chan struct{})
		go func() {
			defer close(busy)
			_, _ = ask(t, h.DSN, `SELECT count(*)::text FROM generate_series(1, 100000000000)`)
		}()
		eventually(t, "a backend is busy", func() bool {
			return query(t, h.DSN, `SELECT count(*)::text FROM pg_stat_activity WHERE query LIKE '%generate_series%' AND pid <> pg_backend_pid()`) == "1"
		})
		if err := syscall.Kill(postmasterPid(t, h.State), syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		h.kill()
		next := p.start(t, p.task())
		defer next.stop()
		<-busy
		if got := rows(t, next.DSN); got != "1" {
			t.Errorf("rows = %s, want 1", got)
		}
	})
}

func TestOrphanedServerIsEnded(t *testing.T) {
	t.Parallel()
	everybody(t, func(t *testing.T, p *party) {
		h := p.start(t, p.task())
		addRow(t, h.DSN)
		h.stop()

		// As if it had been started where orphans get no signal.
		bin := p.pgBin
		if bin == "" {
			bin = filepath.Join(npmNative(p.node[0]), "bin")
		}
		orphan := exec.Command(filepath.Join(bin, "postgres"), "-D", filepath.Join(h.State, "cluster"),
			"-k", filepath.Join(h.State, "sock"), "-c", "listen_addresses=")
		orphan.Dir, orphan.Env = "/", []string{"LC_ALL=C.UTF-8"}
		orphan.SysProcAttr = &syscall.SysProcAttr{Credential: p.as}
		if p.as == nil {
			orphan.SysProcAttr.Credential = serverUser(filepath.Join(h.State, "cluster"))
		}
		if err := orphan.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan struct{})
		go func() { _ = orphan.Wait(); close(ended) }()
		eventually(t, "the orphan answers", func() bool { _, err := ask(t, h.DSN, `SELECT 1`); return err == nil })

		next := p.start(t, p.task())
		defer next.stop()
		<-ended
		if got := rows(t, next.DSN); got != "1" {
			t.Errorf("rows = %s, want 1", got)
		}
		if pid := postmasterPid(t, next.State); pid == orphan.Process.Pid {
			t.Error("the orphan serves on")
		}
	})
}

// A number in a stale lock file may by now belong to anybody.
func TestStrangerWithTheServersNumberIsLeftAlone(t *testing.T) {
	t.Parallel()
	everybody(t, func(t *testing.T, p *party) {
		h := p.start(t, p.task())
		addRow(t, h.DSN)
		h.stop()
		stranger := exec.Command("sleep", "1000")
		stranger.SysProcAttr = &syscall.SysProcAttr{Credential: p.as}
		if err := stranger.Start(); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = stranger.Process.Kill(); _ = stranger.Wait() }()

		cluster := filepath.Join(h.State, "cluster")
		stale := fmt.Sprintf("%d\n%s\n1\n5432\n/tmp\n\n0 0\nready\n", stranger.Process.Pid, cluster)
		for _, file := range []string{
			filepath.Join(cluster, "postmaster.pid"),
			filepath.Join(h.State, "sock", ".s.PGSQL.5432.lock"),
		} {
			if err := os.WriteFile(file, []byte(stale), 0o600); err != nil {
				t.Fatal(err)
			}
			p.own(t, file)
		}
		next := p.start(t, p.task())
		defer next.stop()
		if !running(stranger.Process.Pid) {
			t.Error("a stranger was killed")
		}
		if got := rows(t, next.DSN); got != "1" {
			t.Errorf("rows = %s, want 1", got)
		}
	})
}

// initdb writes PG_VERSION first, so a half-made cluster looks like a whole one.
func TestKilledWhileMakingTheCluster(t *testing.T) {
	t.Parallel()
	for _, p := range []*party{solo(t), nobody(t)} {
		todo := p.task()
		todo.Options.ReadyMade = ""
		todo.Options.State = filepath.Join(p.dir, "half")
		mark := filepath.Join(p.dir, "initdb.pid")
		slow := filepath.Join(p.dir, "slow")
		real := filepath.Join(npmNative(repositoryModules()), "bin")
		if p.pgBin != "" {
			real = p.pgBin
		}
		if err := os.Mkdir(slow, 0o755); err != nil {
			t.Fatal(err)
		}
		script(t, filepath.Join(slow, "postgres"), `exec "`+real+`/postgres" "$@"`)
		script(t, filepath.Join(slow, "initdb"), `echo 18 > "$2/PG_VERSION"; echo $$ > "`+mark+`.new"; mv "`+mark+`.new" "`+mark+`"; exec sleep 1000`)
		if err := os.Chmod(p.dir, 0o777); err != nil { // the mark is written by the server's user
			t.Fatal(err)
		}

		hung := *p
		hung.pgBin = slow
		h := hung.begin(t, todo)
		eventually(t, "initdb has begun", func() bool { _, err := os.Stat(mark); return err == nil })
		b, err := os.ReadFile(mark)
		if err != nil {
			t.Fatal(err)
		}
		initdb, err := strconv.Atoi(string(b[:len(b)-1]))
		if err != nil {
			t.Fatal(err)
		}
		h.kill()
		eventually(t, "initdb ends after its owner", func() bool { return !running(initdb) })

		next := p.start(t, todo)
		addRow(t, next.DSN)
		next.stop()
		if left, _ := filepath.Glob(filepath.Join(next.State, "cluster.new-*")); len(left) > 0 {
			t.Errorf("%v is left of the half-made cluster", left)
		}
	}
}

func script(t *testing.T, path, body string) {
	t.Helper()
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+body+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
}
