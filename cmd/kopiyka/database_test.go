package main

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// What looks at the books must not make some: an empty house is whole, proven and healed.
func TestLookingAtAMissingFolderSaysSoAndMakesNothing(t *testing.T) {
	t.Parallel()
	for _, verb := range [][]string{{"verify"}, {"reconcile"}, {"heal"}, {"import-statement", "--account", "UA213223130000026007233566001", "main.go"}} {
		folder := filepath.Join(t.TempDir(), "mistyped")
		cmd := exec.CommandContext(t.Context(), os.Args[0], append(verb, "--data", folder)...)
		cmd.Env = append(os.Environ(), asProgram+"=1", "DATABASE_URL=", "STRIPE_SECRET_KEY=sk_test_1", "STRIPE_WEBHOOK_SECRET=whsec_1")
		said, err := cmd.CombinedOutput()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() == 0 || !strings.Contains(string(said), "there is no database below "+folder) {
			t.Errorf("%s: %v\n%s", verb[0], err, said)
		}
		if _, err := os.Stat(folder); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s made %s: %v", verb[0], folder, err)
		}
	}
}
