package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"kopiyka/internal/config"
	"kopiyka/internal/member"
)

// keyFile is where the key lives beside a private cluster, below the data folder.
const keyFile = "secret.key"

// openVault takes the key that seals secrets from the configuration. Beside a private
// cluster, whose data lies in the same folder, it may be a file, which is made at the first
// start. Beside a server that others may reach there is no such way: a key that is lost with
// a machine would lock everybody out.
func openVault(c config.Config) (*member.Vault, error) {
	text := c.SecretKey
	if text == "" {
		if c.DatabaseURL != "" {
			return nil, errors.New("KOPIYKA_SECRET_KEY is not set: it seals the secrets of authenticator apps; `openssl rand -base64 32` makes one")
		}
		var err error
		if text, err = keyOf(c.Data); err != nil {
			return nil, err
		}
	}
	key, err := member.ParseVaultKey(text)
	if err != nil {
		return nil, fmt.Errorf("KOPIYKA_SECRET_KEY: %w", err)
	}
	if c.FormerSecretKey == "" {
		return member.NewVault(key)
	}
	former, err := member.ParseVaultKey(c.FormerSecretKey)
	if err != nil {
		return nil, fmt.Errorf("KOPIYKA_SECRET_KEY_FORMER: %w", err)
	}
	return member.NewVault(key, former)
}

type rotateKeyCommand struct{ settings }

// Run seals everything with the new key that the former has sealed. People sign in meanwhile:
// processes with both keys open what either has sealed. A second call finds nothing to do.
func (c *rotateKeyCommand) Run(ctx context.Context, log *slog.Logger) error {
	if c.FormerSecretKey == "" {
		return errors.New("KOPIYKA_SECRET_KEY_FORMER is not set: it is the key that has sealed until now, and KOPIYKA_SECRET_KEY is the new one")
	}
	vault, err := openVault(c.Config)
	if err != nil {
		return err
	}
	d, err := knownDatabase(ctx, c.Config, log)
	if err != nil {
		return err
	}
	defer d.close()
	db, err := d.opened(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	done, err := member.Reseal(ctx, db, vault)
	if err != nil {
		return err
	}
	fmt.Printf("%d secrets are sealed anew\n", done.Done)
	if done.Lost > 0 {
		return fmt.Errorf("%d secrets open with neither key: their people come in by recovery code or passkey and set up another app", done.Lost)
	}
	fmt.Println("once every process has the new key, the former can go")
	return nil
}

// keyOf reads the key of a data folder, or makes it. Of two processes at once one makes it.
func keyOf(data string) (string, error) {
	file := filepath.Join(data, keyFile)
	if err := os.MkdirAll(data, 0o755); err != nil {
		return "", fmt.Errorf("make the data folder: %w", err)
	}
	made, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	switch {
	case err == nil:
		_, err = made.WriteString(member.NewVaultKey() + "\n")
		if err := errors.Join(err, made.Sync(), made.Close()); err != nil {
			return "", fmt.Errorf("make the key: %w", err)
		}
	case !errors.Is(err, fs.ErrExist):
		return "", fmt.Errorf("make the key: %w", err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("read the key: %w", err)
	}
	return strings.TrimSpace(string(text)), nil
}

// answerResetsEvery is how long who asks for a new password waits for the letter to be
// written. Nothing about the address is looked up before.
const answerResetsEvery = 10 * time.Second

// answerResets names the job in the queue that writes those letters.
type answerResets struct{}

// Kind is the job's name in the queue, which outlives releases.
func (answerResets) Kind() string { return "answer_resets" }
