package pgtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"kopiyka/internal/pg"
)

const childEnv = "KOPIYKA_PGTEST_CHILD"

// TestMain makes this binary, started again, a process that takes a server and
// then dies without a word.
func TestMain(m *testing.M) {
	if os.Getenv(childEnv) == "" {
		os.Exit(m.Run())
	}
	s, err := theServer()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	dir := "none"
	if s.keeper != nil {
		dir = s.keeper.dir
	}
	fmt.Println(s.prefix, dir)
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
}

// Two tests at once write what neither must see of the other.
func TestParallelTestsHaveSeparateDatabases(t *testing.T) {
	both := make(chan string, 2)
	for _, name := range []string{"one", "two"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, owner := Both(t)
			var database, tables string
			if err := owner.Get(&database, `SELECT current_database()`); err != nil {
				t.Fatal(err)
			}
			both <- database
			if _, err := owner.Exec(`CREATE TABLE mine_` + name + ` ()`); err != nil {
				t.Fatal(err)
			}
			if err := owner.Get(&tables, `SELECT string_agg(relname, ' ') FROM pg_class WHERE relname LIKE 'mine\_%'`); err != nil {
				t.Fatal(err)
			}
			if tables != "mine_"+name {
				t.Errorf("the test sees %q, want its own table alone", tables)
			}
		})
	}
	t.Cleanup(func() { // when both have ended
		one, two := <-both, <-both
		if one == two {
			t.Errorf("both tests had %s", one)
		}
	})
}

func TestOneTestHasOneDatabase(t *testing.T) {
	app, owner := Both(t)
	other, err := pg.Open(t.Context(), DSN(t))
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	names := make(map[string]bool)
	for _, q := range []interface {
		Get(dest any, query string, args ...any) error
	}{app, owner, DB(t), other} {
		var name string
		if err := q.Get(&name, `SELECT current_database()`); err != nil {
			t.Fatal(err)
		}
		names[name] = true
	}
	if len(names) != 1 {
		t.Errorf("databases = %v, want one", names)
	}
	t.Run("and a subtest another", func(t *testing.T) {
		var name string
		if err := DB(t).Get(&name, `SELECT current_database()`); err != nil {
			t.Fatal(err)
		}
		if names[name] {
			t.Errorf("the subtest has %s too", name)
		}
	})
}

func TestDatabaseIsMigratedAndRestricted(t *testing.T) {
	app, owner := Both(t)
	if err := pg.CheckMigrated(t.Context(), app); err != nil {
		t.Error(err)
	}
	_, err := app.Exec(`CREATE TABLE extra ()`)
	if pg.Code(err) != "42501" {
		t.Errorf("the program may create tables: %v", err)
	}
	if _, err := owner.Exec(`CREATE TABLE extra ()`); err != nil {
		t.Errorf("the owner may not: %v", err)
	}
}

func TestDatabaseIsDroppedAfterItsTest(t *testing.T) {
	var name string
	t.Run("its test", func(t *testing.T) {
		if err := DB(t).Get(&name, `SELECT current_database()`); err != nil {
			t.Fatal(err)
		}
		// Somebody who does not let go, as a child process may.
		held, err := pg.Open(context.Background(), DSN(t))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = held.Close() })
	})
	s, err := theServer()
	if err != nil {
		t.Fatal(err)
	}
	var there bool
	if err := s.admin.Get(&there, `SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)`, name); err != nil {
		t.Fatal(err)
	}
	if there {
		t.Errorf("%s is left", name)
	}
}

// die takes a server in another process, which is killed, and returns the
// prefix and the directory that it had.
func die(t *testing.T, env ...string) (prefix, dir string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(append(os.Environ(), childEnv+"=1"), env...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) || exit.ExitCode() != -1 {
		t.Fatalf("the process ended with %v, want killed", err)
	}
	if _, err := fmt.Sscan(string(out), &prefix, &dir); err != nil {
		t.Fatal(err)
	}
	return prefix, dir
}

func TestKilledProcessLeavesNoCluster(t *testing.T) {
	t.Parallel()
	_, dir := die(t, "KOPIYKA_TEST_DATABASE_URL=")
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%s is left", dir)
		}
	}
}

func TestKilledProcessLeavesNoDatabaseOnASharedServer(t *testing.T) {
	t.Parallel()
	s, err := theServer()
	if err != nil {
		t.Fatal(err)
	}
	maintenance, err := s.dsn("postgres")
	if err != nil {
		t.Fatal(err)
	}
	dead, _ := die(t, "KOPIYKA_TEST_DATABASE_URL="+maintenance)
	die(t, "KOPIYKA_TEST_DATABASE_URL="+maintenance) // sweeps for the first
	var left []string
	if err := s.admin.Select(&left, `SELECT datname FROM pg_database WHERE starts_with(datname, $1)`, dead); err != nil {
		t.Fatal(err)
	}
	if len(left) > 0 {
		t.Errorf("%v are left", left)
	}
	DB(t) // which needs the template of this process: the others must not have swept it
}

func TestSweepRemovesTheDeadAlone(t *testing.T) {
	t.Parallel()
	base := t.TempDir()
	dead := exec.Command("true")
	if err := dead.Run(); err != nil {
		t.Fatal(err)
	}
	gone := filepath.Join(base, fmt.Sprint(dirPrefix, dead.Process.Pid))
	alive := filepath.Join(base, fmt.Sprint(dirPrefix, os.Getpid()))
	foreign := filepath.Join(base, dirPrefix+"notes")
	for _, dir := range []string{gone, alive, foreign} {
		if err := os.MkdirAll(filepath.Join(dir, "cluster"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	lock, err := os.Create(filepath.Join(gone, "owner.lock"))
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	left := func() string {
		found, err := filepath.Glob(filepath.Join(base, "*"))
		if err != nil {
			t.Fatal(err)
		}
		return strings.Join(found, " ")
	}
	sweepDirs(base)
	if got, want := left(), strings.Join([]string{gone, alive, foreign}, " "); len(got) != len(want) {
		t.Errorf("with the lock held: left %s, want %s", got, want)
	}
	if err := lock.Close(); err != nil {
		t.Fatal(err)
	}
	sweepDirs(base)
	if got := left(); strings.Contains(got, gone) || !strings.Contains(got, alive) || !strings.Contains(got, foreign) {
		t.Errorf("left %s, want %s and %s", got, alive, foreign)
	}
}

func TestMajorMustBeANumber(t *testing.T) {
	t.Setenv("KOPIYKA_TEST_PG", "fifteen")
	if _, err := wantedMajor(); err == nil || !strings.Contains(err.Error(), `not "fifteen"`) {
		t.Errorf("error = %v", err)
	}
}

func TestWithDatabase(t *testing.T) {
	t.Parallel()
	for dsn, want := range map[string]string{
		"postgres://u:p@/a?host=/run/x&port=1": "postgres://u:p@/b?host=/run/x&port=1",
		"postgresql://h/a":                     "postgresql://h/b",
		"host=h dbname=a":                      "host=h dbname=a dbname=b",
	} {
		if got, err := withDatabase(dsn, "b"); err != nil || got != want {
			t.Errorf("withDatabase(%q) = %q, %v; want %q", dsn, got, err, want)
		}
	}
}

// BenchmarkDatabase is what each test pays for its own database, dropping included.
func BenchmarkDatabase(b *testing.B) {
	s, err := theServer()
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		name, err := s.clone(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		if err := s.drop(b.Context(), name); err != nil {
			b.Fatal(err)
		}
	}
}
