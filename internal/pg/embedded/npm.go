package embedded

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// npmNative is the folder of the npm package that fits this machine.
func npmNative(nodeModules string) string {
	arch := runtime.GOARCH
	if arch == "amd64" {
		arch = "x64"
	}
	return filepath.Join(nodeModules, "@embedded-postgres", runtime.GOOS+"-"+arch, "native")
}

// npmVersion reads the version of the package that a bin directory is in.
func npmVersion(bin string) (string, error) {
	b, err := os.ReadFile(filepath.Join(bin, "..", "..", "package.json"))
	if err != nil {
		return "", err
	}
	var pkg struct{ Version string }
	if err := json.Unmarshal(b, &pkg); err != nil {
		return "", fmt.Errorf("read package.json: %w", err)
	}
	return pkg.Version, nil
}

// linkLibraries makes the links between the libraries of the npm package. An
// npm package cannot hold links, so it makes them in a script after the
// install, and npm ci --ignore-scripts leaves a server that does not start.
func linkLibraries(native string) error {
	b, err := os.ReadFile(filepath.Join(native, "pg-symlinks.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var links []struct{ Source, Target string } // both from the package's root
	if err := json.Unmarshal(b, &links); err != nil {
		return fmt.Errorf("read pg-symlinks.json: %w", err)
	}
	for _, l := range links {
		if !filepath.IsLocal(l.Source) || !filepath.IsLocal(l.Target) {
			return fmt.Errorf("pg-symlinks.json points out of its package: %s to %s", l.Target, l.Source)
		}
		target := filepath.Join(native, "..", l.Target)
		if _, err := os.Lstat(target); err == nil {
			continue
		}
		source, err := filepath.Rel(filepath.Dir(l.Target), l.Source)
		if err != nil {
			return err
		}
		// Another process may be making the same links.
		if err := os.Symlink(source, target); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	return nil
}
