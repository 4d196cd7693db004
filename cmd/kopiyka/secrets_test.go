package main

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"kopiyka/internal/config"
)

// parsed is what serve is told by arguments and the environment, and what is written in the
// log on the way.
func parsed(t *testing.T, args ...string) (config.Config, string, error) {
	t.Helper()
	var c commands
	said := &bytes.Buffer{}
	parser, err := parserOf(&c, slog.New(slog.NewTextHandler(said, nil)))
	if err != nil {
		t.Fatal(err)
	}
	_, err = parser.Parse(append([]string{"serve"}, args...))
	return c.Serve.Config, said.String(), err
}

// inFolder writes a secret's file, which its owner alone reads.
func inFolder(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// noSecrets clears what the machine's own environment may hold.
func noSecrets(t *testing.T) {
	t.Helper()
	for _, name := range config.Secrets() {
		t.Setenv(name, "")
		t.Setenv(name+inFile, "")
	}
}

// Any secret may come in a file, and none has to be in the environment.
func TestEverySecretMayComeInAFile(t *testing.T) {
	noSecrets(t)
	for _, name := range config.Secrets() {
		t.Setenv(name+inFile, inFolder(t, "secret|of|"+name+"|x\n"))
	}
	c, said, err := parsed(t)
	if err != nil {
		t.Fatal(err)
	}
	for field := range reflect.TypeFor[config.Config]().Fields() {
		name := field.Tag.Get("env")
		if !slices.Contains(config.Secrets(), name) {
			continue
		}
		want := "secret|of|" + name + "|x"
		switch got := reflect.ValueOf(c).FieldByIndex(field.Index).Interface().(type) {
		case string:
			if got != want {
				t.Errorf("%s is %q", name, got)
			}
		case []string:
			if !slices.Equal(got, []string{want}) {
				t.Errorf("%s is %q", name, got)
			}
		default:
			t.Errorf("%s is a %T", name, got)
		}
	}
	if strings.Contains(said, "secret|") {
		t.Errorf("the log tells a secret: %s", said)
	}
}

// What several secrets stand in has one a line.
func TestOtherHousesStandInAFileLineByLine(t *testing.T) {
	noSecrets(t)
	t.Setenv("KOPIYKA_OIDC_FILE", inFolder(t, "Google|https://accounts.google.com|id|s1\nOurs|https://id.example.org|id|s2\n"))
	c, _, err := parsed(t)
	if err != nil {
		t.Fatal(err)
	}
	issuers, err := c.Issuers()
	if err != nil || len(issuers) != 2 || issuers[1].Secret != "s2" {
		t.Errorf("%+v, %v", issuers, err)
	}
}

// What is said on the command line counts, as for every flag.
func TestTheCommandLineGoesBeforeAFile(t *testing.T) {
	noSecrets(t)
	t.Setenv("STRIPE_SECRET_KEY_FILE", inFolder(t, "sk_test_file"))
	if c, _, err := parsed(t, "--stripe-secret-key=sk_test_flag"); err != nil || c.StripeKey != "sk_test_flag" {
		t.Errorf("%q, %v", c.StripeKey, err)
	}
}

// A mistake is told by the variable's name, and no secret with it: also where somebody has
// written the secret itself in place of its file's name.
func TestAFileOfNoSecretIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		file func(*testing.T) string
		both bool
		want string
	}{
		"both":                  {func(t *testing.T) string { return inFolder(t, "sk_canary") }, true, "STRIPE_SECRET_KEY and STRIPE_SECRET_KEY_FILE are both set"},
		"none":                  {func(t *testing.T) string { return filepath.Join(t.TempDir(), "sk_canary") }, false, "STRIPE_SECRET_KEY_FILE: the file cannot be read: no such file"},
		"the secret itself":     {func(*testing.T) string { return "sk_canary_1" }, false, "STRIPE_SECRET_KEY_FILE: the file cannot be read"},
		"a folder":              {func(t *testing.T) string { return t.TempDir() }, false, "STRIPE_SECRET_KEY_FILE: the file cannot be read"},
		"empty":                 {func(t *testing.T) string { return inFolder(t, " \n") }, false, "STRIPE_SECRET_KEY_FILE: the file is empty"},
		"longer than any":       {func(t *testing.T) string { return inFolder(t, strings.Repeat("sk_canary", mostSecret)) }, false, "STRIPE_SECRET_KEY_FILE: the file is too long"},
		"one that nobody reads": {func(*testing.T) string { return "/proc/self/mem" }, false, "STRIPE_SECRET_KEY_FILE: the file cannot be read"},
	} {
		t.Run(name, func(t *testing.T) {
			noSecrets(t)
			t.Setenv("STRIPE_SECRET_KEY_FILE", c.file(t))
			if c.both {
				t.Setenv("STRIPE_SECRET_KEY", "sk_canary")
			}
			_, said, err := parsed(t)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error = %v, want %q", err, c.want)
			}
			if strings.Contains(said, "canary") || err != nil && strings.Contains(err.Error(), "canary") {
				t.Errorf("a secret is told: %v; %s", err, said)
			}
		})
	}
}

// A file that everybody on the machine can read is told of, and taken: whoever has set it up
// so may not be there to mend it.
func TestAFileThatOthersReadIsToldOf(t *testing.T) {
	noSecrets(t)
	folder, err := os.MkdirTemp("/tmp", "kopiyka-open-") // a test's own folder is closed to others
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	file := filepath.Join(folder, "secret")
	if err := os.WriteFile(file, []byte("sk_test_canary"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("STRIPE_SECRET_KEY_FILE", file)
	for _, c := range []struct {
		folder, file os.FileMode
		want         bool
	}{{0o755, 0o644, true}, {0o755, 0o600, false}, {0o755, 0o640, false}, {0o700, 0o644, false}} {
		if err := os.Chmod(folder, c.folder); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(file, c.file); err != nil {
			t.Fatal(err)
		}
		settings, said, err := parsed(t)
		if err != nil || settings.StripeKey != "sk_test_canary" {
			t.Errorf("%o in %o: %q, %v", c.file, c.folder, settings.StripeKey, err)
		}
		if told := strings.Contains(said, "level=WARN") && strings.Contains(said, "variable=STRIPE_SECRET_KEY_FILE"); told != c.want || strings.Contains(said, "canary") {
			t.Errorf("%o in %o: the log has %q", c.file, c.folder, said)
		}
	}
}
