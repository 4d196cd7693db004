package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// asProgram makes the test binary be the program, so that a test can start it, kill it and
// start it again without building it first.
const asProgram = "KOPIYKA_TEST_AS_PROGRAM"

// sideBySide is how many tests run at a time. They mostly wait for processes of their own.
const sideBySide = "5"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		os.Exit(run(os.Args[1:]))
	}
	flag.Parse()
	if err := flag.Set("test.parallel", sideBySide); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	if err := os.RemoveAll(binFolder); err != nil { // nothing, when nothing was built
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// binFolder holds what shipped builds, until the tests have ended.
var binFolder string

// shipped builds the program without the race detector, under which a server takes several
// times as long. It does so as make does, and the two share their work.
var shipped = sync.OnceValues(func() (string, error) {
	var err error
	if binFolder, err = os.MkdirTemp("", "kopiyka-built-"); err != nil {
		return "", err
	}
	path := filepath.Join(binFolder, "kopiyka")
	if out, err := exec.Command("go", "build", "-trimpath", "-o", path, ".").CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the program: %w\n%s", err, out)
	}
	return path, nil
})

// program is what a test starts: the test binary itself, with the race detector where the
// tests have it; or, when its races are looked for elsewhere, the program as it is shipped.
func program(t *testing.T, raceElsewhere bool) string {
	t.Helper()
	if !raced || !raceElsewhere {
		return os.Args[0]
	}
	path, err := shipped()
	if err != nil {
		t.Fatal(err)
	}
	return path
}
