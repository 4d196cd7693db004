package main

import (
	"os"
	"testing"
)

// asProgram makes the test binary be the program, so that a test can start it, kill it and
// start it again without building it first.
const asProgram = "KOPIYKA_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		os.Exit(run(os.Args[1:]))
	}
	os.Exit(m.Run())
}
