package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"kopiyka/internal/config"
)

// A secret may come in a file, as Docker, Kubernetes and agents of vaults hand secrets out:
// the variable with inFile behind its name says which file.
const inFile = "_FILE"

// mostSecret bounds what is read. A secret is a line.
const mostSecret = 64 << 10

// secretsFrom gives the flags of secret variables what stands in their files. Errors name the
// variable, and neither what is in the file nor where it is: somebody may have written the
// secret itself in the wrong place.
func secretsFrom(log *slog.Logger) kong.Resolver {
	secrets := config.Secrets()
	return kong.ResolverFunc(func(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
		for _, name := range flag.Envs {
			file := os.Getenv(name + inFile)
			if file == "" || !slices.Contains(secrets, name) {
				continue
			}
			if os.Getenv(name) != "" {
				return nil, fmt.Errorf("%s and %s are both set: which is it to be?", name, name+inFile)
			}
			secret, err := readSecret(file)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name+inFile, err)
			}
			warnExposed(log, name+inFile, file)
			if flag.IsSlice() { // one a line is easier to read than all in one
				secret = strings.ReplaceAll(secret, "\n", string(flag.Tag.Sep))
			}
			return secret, nil
		}
		return nil, nil
	})
}

func readSecret(file string) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", fmt.Errorf("the file cannot be read: %w", reasonOf(err))
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, mostSecret+1))
	if err != nil {
		return "", fmt.Errorf("the file cannot be read: %w", reasonOf(err))
	}
	if len(text) > mostSecret {
		return "", errors.New("the file is too long for a secret")
	}
	secret := strings.TrimSpace(string(text))
	if secret == "" {
		return "", errors.New("the file is empty")
	}
	return secret, nil
}

// reasonOf is what went wrong with a file, without its name.
func reasonOf(err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		return at.Err
	}
	return err
}

// handedOut is where a container is given its secrets, for its own processes alone, whatever
// their modes say.
const handedOut = "/run/secrets/"

// warnExposed tells that others on this machine can read a file that holds a secret.
func warnExposed(log *slog.Logger, variable, file string) {
	if exposed(file) {
		log.Warn("others on this machine can read a secret: take the file's rights from them (chmod 600)", "variable", variable)
	}
}

// exposed holds for a file that everybody may read, in folders that everybody may enter.
func exposed(file string) bool {
	path, err := filepath.Abs(file)
	if err != nil || strings.HasPrefix(path, handedOut) {
		return false
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm()&0o004 == 0 {
		return false
	}
	if path, err = filepath.EvalSymlinks(path); err != nil {
		return false
	}
	for folder := filepath.Dir(path); ; folder = filepath.Dir(folder) {
		info, err := os.Stat(folder)
		if err != nil || info.Mode().Perm()&0o001 == 0 {
			return false
		}
		if folder == filepath.Dir(folder) {
			return true
		}
	}
}
