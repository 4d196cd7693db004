package embedded

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	_ "github.com/lib/pq"
)

// shared is a directory that every user can enter, with a copy of this test
// binary: the one that go test runs lies in a private directory.
var shared struct {
	sync.Once
	dir, program string
	count        atomic.Int32
	err          error
}

func prepareShared() error {
	shared.Do(func() {
		// In memory, where that is possible: half a hundred clusters are made.
		for _, base := range []string{"/dev/shm", "/tmp"} {
			if shared.err = prepareBelow(base); shared.err == nil {
				return
			}
		}
	})
	return shared.err
}

// prepareBelow fails where there is little room, or nothing may be run.
func prepareBelow(base string) error {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(base, &fs); err != nil {
		return err
	}
	if fs.Bavail*uint64(fs.Bsize) < 4<<30 {
		return fmt.Errorf("%s has less than 4 GiB of room", base)
	}
	dir, err := os.MkdirTemp(base, "kopiyka-boot-")
	if err != nil {
		return err
	}
	program := filepath.Join(dir, "helper.test")
	err = os.Chmod(dir, 0o755)
	var self string
	if err == nil {
		self, err = os.Executable()
	}
	if err == nil {
		err = copyFile(self, program, 0o755)
	}
	if err == nil {
		err = exec.Command(program, "-test.run=^$").Run()
	}
	if err != nil {
		return errors.Join(err, os.RemoveAll(dir))
	}
	shared.dir, shared.program = dir, program
	return nil
}

// party is who runs a test's helpers, with which binaries, and where.
type party struct {
	major int
	pgBin string              // KOPIYKA_PG_BIN, empty for the npm package
	node  []string            // holds the npm package
	as    *syscall.Credential // nil: as ourselves
	dir   string              // the test's own
}

func (p *party) options() Options {
	return Options{
		State:       filepath.Join(p.dir, "state"),
		NodeModules: p.node,
		Durable:     true,
		ReadyMade:   filepath.Join(p.dir, "..", "ready"),
	}
}

func (p *party) task() task { return task{Options: p.options()} }

// uid is the user that the server must run as.
func (p *party) uid() uint32 {
	switch {
	case p.as != nil:
		return p.as.Uid
	case os.Geteuid() == 0:
		return serverUser("/nonexistent").Uid
	}
	return uint32(os.Geteuid())
}

func (p *party) name() string {
	name := fmt.Sprintf("PostgreSQL %d", p.major)
	if p.as != nil {
		name += " as nobody"
	}
	return name
}

// repositoryModules is where npm ci puts the package.
func repositoryModules() string {
	dir, _ := filepath.Abs("../../../node_modules")
	return dir
}

// installations are the binaries to try everything with: npm's and Debian's.
func installations(t *testing.T) []party {
	t.Helper()
	var out []party
	bin := filepath.Join(npmNative(repositoryModules()), "bin")
	if version, err := npmVersion(bin); err == nil {
		out = append(out, party{major: majorOf(version), node: []string{repositoryModules()}})
	}
	system, err := filepath.Glob(systemBins)
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range system {
		out = append(out, party{major: majorOf(filepath.Base(filepath.Dir(dir))), pgBin: dir})
	}
	if len(out) == 0 {
		t.Fatalf("no PostgreSQL to test with: %s", remedies)
	}
	return out
}

// solo is a party with the best binaries, for traps that do not depend on them.
func solo(t *testing.T) *party {
	t.Helper()
	p := installations(t)[0]
	p.settle(t, "self")
	return &p
}

// nobody is a party that runs as a plain user, which root alone can arrange;
// for anybody else solo is such a party already.
func nobody(t *testing.T) *party {
	t.Helper()
	p := installations(t)[0]
	who := "self"
	if os.Geteuid() == 0 {
		p.as, who = nobodyCredential(t), "nobody"
	}
	p.settle(t, who)
	return &p
}

func nobodyCredential(t *testing.T) *syscall.Credential {
	t.Helper()
	c, ok := credentialOf("nobody")
	if !ok {
		t.Fatal("this machine has no user nobody")
	}
	return c
}

// settle gives the party a directory below one of its user's.
func (p *party) settle(t *testing.T, who string) {
	t.Helper()
	if err := prepareShared(); err != nil {
		t.Fatal(err)
	}
	home := filepath.Join(shared.dir, who)
	// Numbered, because the name of a test would not fit into a socket address.
	p.dir = filepath.Join(home, strconv.Itoa(int(shared.count.Add(1))))
	for _, dir := range []string{home, p.dir} {
		if err := os.Mkdir(dir, 0o755); err != nil && !os.IsExist(err) {
			t.Fatal(err)
		}
		p.own(t, dir)
	}
}

func (p *party) own(t *testing.T, path string) {
	t.Helper()
	if p.as != nil {
		if err := os.Chown(path, int(p.as.Uid), int(p.as.Gid)); err != nil {
			t.Fatal(err)
		}
	}
}

// everybody runs a test with all binaries, as ourselves and, when we are root,
// as a plain user too.
func everybody(t *testing.T, test func(t *testing.T, p *party)) {
	t.Helper()
	for _, p := range installations(t) {
		run := func(p party, who string) {
			t.Run(p.name(), func(t *testing.T) {
				t.Parallel()
				p.settle(t, who)
				test(t, &p)
			})
		}
		run(p, "self")
		if os.Geteuid() == 0 {
			p.as = nobodyCredential(t)
			run(p, "nobody")
		}
	}
}

// needsRoot marks the traps that only root can fall into. They are tried
// wherever the tests run as root, as in a container.
func needsRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root drops to another user")
	}
}

// query asks the cluster of a helper one thing.
func query(t *testing.T, dsn, q string) string {
	t.Helper()
	got, err := ask(t, dsn, q)
	if err != nil {
		t.Fatalf("%s: %v", q, err)
	}
	return got
}

func ask(t *testing.T, dsn, q string) (got string, err error) {
	t.Helper()
	db, err := sql.Open("postgres", dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	err = db.QueryRowContext(context.Background(), q).Scan(&got)
	return got, err
}

// addRow writes a row that must survive, and returns how many there are.
func addRow(t *testing.T, dsn string) string {
	t.Helper()
	db, err := sql.Open("postgres", dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, q := range []string{`CREATE TABLE IF NOT EXISTS gifts (id int)`, `INSERT INTO gifts VALUES (1)`} {
		if _, err := db.Exec(q); err != nil {
			t.Fatal(err)
		}
	}
	return rows(t, dsn)
}

func rows(t *testing.T, dsn string) string {
	t.Helper()
	return query(t, dsn, `SELECT count(*)::text FROM gifts`)
}

// postmasterPid reads the number from the cluster's lock file.
func postmasterPid(t *testing.T, state string) int {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(state, "cluster", "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(b), "\n")
	pid, err := strconv.Atoi(first)
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

// running tells a living process from a zombie, which keeps its number until
// somebody waits for it.
func running(pid int) bool {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	_, state, _ := strings.Cut(string(b), ") ")
	return state != "" && state[0] != 'Z'
}

// clean asserts that no server works in the cluster any more.
func clean(t *testing.T, state string) {
	t.Helper()
	if left := serverProcesses(filepath.Join(state, "cluster"), 0); len(left) > 0 {
		t.Errorf("processes %v are left in %s", left, state)
	}
}
