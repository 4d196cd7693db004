package main

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kopiyka/internal/config"
	"kopiyka/internal/member"
)

func TestTheKeyIsConfiguredOrBesideThePrivateCluster(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	if _, err := openVault(config.Config{Data: data}); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(data, keyFile))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("the key's file: %v, %v", info, err)
	}
	first, err := keyOf(data)
	again, failed := keyOf(data)
	if err != nil || failed != nil || first != again {
		t.Errorf("the key changes with each start: %v, %v", err, failed)
	}
	if _, err := openVault(config.Config{Data: data, SecretKey: member.NewVaultKey(), DatabaseURL: "postgres://x"}); err != nil {
		t.Error(err)
	}
	if _, err := openVault(config.Config{SecretKey: member.NewVaultKey(), FormerSecretKey: member.NewVaultKey(), DatabaseURL: "postgres://x"}); err != nil {
		t.Errorf("with the key before it: %v", err)
	}
	if err := (&rotateKeyCommand{settings{config.Config{SecretKey: member.NewVaultKey()}}}).Run(t.Context(), slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), "KOPIYKA_SECRET_KEY_FORMER") {
		t.Errorf("a key is replaced by itself: %v", err)
	}
	for name, c := range map[string]config.Config{
		"a former one of no length":      {Data: data, SecretKey: member.NewVaultKey(), FormerSecretKey: "Y2FuYXJ5"},
		"none beside a server of others": {Data: data, DatabaseURL: "postgres://x"},
		"none of its length":             {Data: data, SecretKey: "Y2FuYXJ5"},
		"no base64":                      {Data: data, SecretKey: "canary canary canary canary canary canary!!!"},
	} {
		if _, err := openVault(c); err == nil || !strings.Contains(err.Error(), "KOPIYKA_SECRET_KEY") || c.SecretKey != "" && strings.Contains(err.Error(), c.SecretKey) || strings.Contains(err.Error(), "Y2FuYXJ5") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
