// Package holes asks the Go team's list of known holes whether the program calls code that is
// on it. The list is a module at an exact version, so that a run needs no network beyond the
// module proxy and gives the same answer tomorrow; docs/dependencies.md says when it is
// exchanged for a newer one. It is a module of its own: what it needs is no part of the program.
package holes

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/vuln/scan"
)

// The list, and the sum that says it is this one.
const (
	list    = "golang.org/x/vulndb@v0.0.0-20261105234957-e22db6528018"
	listSum = "h1:mfngRv0Yoh0VApsXKEN82CjD99kl7mtparN3bs3JnqI="
)

func TestNoKnownHoleIsCalled(t *testing.T) {
	found := calledHoles(t, indexed(t, downloaded(t)))
	accepted := accepted(t)
	for _, id := range slices.Sorted(maps.Keys(found)) {
		if accepted[id] == "" {
			t.Errorf("https://pkg.go.dev/vuln/%s: %s", id, found[id])
		}
	}
	for id := range accepted {
		if found[id] == "" {
			t.Errorf("accepted.csv: %s is not called any more; take its line out", id)
		}
	}
}

// downloaded is the folder of the list's entries, one file each in the format of osv.dev.
func downloaded(t *testing.T) string {
	t.Helper()
	download := exec.CommandContext(t.Context(), "go", "mod", "download", "-json", list)
	download.Dir = t.TempDir() // outside of any module: the version is the one named above
	out, err := download.Output()
	if err != nil {
		t.Fatalf("download the list of known holes: %v\n%s", err, out)
	}
	var module struct{ Dir, Sum string }
	if err := json.Unmarshal(out, &module); err != nil {
		t.Fatalf("read what go mod download says: %v", err)
	}
	if module.Sum != listSum {
		t.Fatalf("the list has the sum %s instead of %s", module.Sum, listSum)
	}
	return filepath.Join(module.Dir, "data", "osv")
}

// An entry is what the index needs of one.
type entry struct {
	ID       string    `json:"id"`
	Modified time.Time `json:"modified"`
	Affected []struct {
		Package struct {
			Name string `json:"name"`
		} `json:"package"`
	} `json:"affected"`
}

// indexed writes the entries as the files that the scanner asks for
// (https://go.dev/doc/security/vuln/database#api) and returns their folder.
func indexed(t *testing.T, entries string) string {
	t.Helper()
	type vuln struct {
		ID       string    `json:"id"`
		Modified time.Time `json:"modified"`
	}
	type module struct {
		Path  string `json:"path"`
		Vulns []vuln `json:"vulns"`
	}
	modules := map[string]*module{}
	db := t.TempDir()
	write := func(name string, bytes []byte) {
		if err := os.WriteFile(filepath.Join(db, name), bytes, 0o600); err != nil {
			t.Fatalf("write the index: %v", err)
		}
	}
	for _, folder := range []string{"ID", "index"} {
		if err := os.Mkdir(filepath.Join(db, folder), 0o700); err != nil {
			t.Fatalf("make the index: %v", err)
		}
	}

	names, err := filepath.Glob(filepath.Join(entries, "*.json"))
	if err != nil || len(names) < 4000 {
		t.Fatalf("the list has %d entries, %v: fewer than it had", len(names), err)
	}
	for _, name := range names {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatalf("read an entry: %v", err)
		}
		var e entry
		if err := json.Unmarshal(content, &e); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		write(filepath.Join("ID", e.ID+".json"), content)
		for _, a := range e.Affected {
			m := modules[a.Package.Name]
			if m == nil {
				m = &module{Path: a.Package.Name}
				modules[m.Path] = m
			}
			if len(m.Vulns) == 0 || m.Vulns[len(m.Vulns)-1].ID != e.ID {
				m.Vulns = append(m.Vulns, vuln{e.ID, e.Modified})
			}
		}
	}
	index, err := json.Marshal(slices.Collect(maps.Values(modules)))
	if err != nil {
		t.Fatalf("write the index: %v", err)
	}
	write("index/modules.json", index)
	write("index/db.json", []byte(`{"modified":"2026-11-05T00:00:00Z"}`))
	return db
}

// calledHoles are the entries whose code the program reaches, each with where it was found and
// what mends it.
func calledHoles(t *testing.T, db string) map[string]string {
	t.Helper()
	var out, said bytes.Buffer
	c := scan.Command(t.Context(), "-C", "../..", "-db", "file://"+db, "-format", "json", "./...")
	c.Stdout, c.Stderr = &out, &said
	if err := errors.Join(c.Start(), c.Wait()); err != nil {
		t.Fatalf("look for known holes: %v\n%s", err, said.String())
	}

	called, scanned := map[string]string{}, false
	for stream := json.NewDecoder(&out); ; {
		var message struct {
			SBOM    *struct{} `json:"SBOM"`
			Finding *struct {
				OSV   string `json:"osv"`
				Fixed string `json:"fixed_version"`
				Trace []struct{ Module, Version, Function string }
			} `json:"finding"`
		}
		err := stream.Decode(&message)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("read what was found: %v", err)
		}
		scanned = scanned || message.SBOM != nil
		if f := message.Finding; f != nil && f.Trace[0].Function != "" {
			called[f.OSV] = strings.Join([]string{f.Trace[0].Module, f.Trace[0].Version, "calls", f.Trace[0].Function, "mended in", f.Fixed}, " ")
		}
	}
	if !scanned {
		t.Fatalf("the scanner has looked at nothing: %s", said.String())
	}
	return called
}

// accepted are the entries that are no holes here, with the reason.
func accepted(t *testing.T) map[string]string {
	t.Helper()
	file, err := os.Open("accepted.csv")
	if err != nil {
		t.Fatalf("read what is accepted: %v", err)
	}
	defer func() { _ = file.Close() }()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatalf("accepted.csv: %v", err)
	}
	all := map[string]string{}
	for _, row := range rows[1:] {
		all[row[0]] = row[1]
	}
	return all
}
