// Package compose checks ../../docker-compose.yml with the library that Docker itself
// reads it with. A module of its own: the program does not need that library.
package compose

import (
	"context"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
)

const file = "../../docker-compose.yml"

var environment = []string{"POSTGRES_PASSWORD=owners", "KOPIYKA_DATABASE_PASSWORD=x", "KOPIYKA_SECRET_KEY=x", "STRIPE_SECRET_KEY=sk_test_x", "STRIPE_WEBHOOK_SECRET=whsec_x"}

func load(t *testing.T, path string, env []string) (*types.Project, error) {
	t.Helper()
	options, err := cli.NewProjectOptions([]string{path}, cli.WithEnv(env), cli.WithoutEnvironmentResolution)
	if err != nil {
		t.Fatal(err)
	}
	return options.LoadProject(context.Background())
}

func TestComposeFileIsWhole(t *testing.T) {
	p, err := load(t, file, environment)
	if err != nil {
		t.Fatal(err)
	}
	app := p.Services["app"]
	if app.Build == nil {
		t.Error("the app is not built from the Dockerfile")
	}
	migrate := p.Services["migrate"]
	if d := app.DependsOn["migrate"]; d.Condition != types.ServiceConditionCompletedSuccessfully {
		t.Errorf("the app waits for the migration to be %q", d.Condition)
	}
	if d := migrate.DependsOn["postgres"]; d.Condition != types.ServiceConditionHealthy {
		t.Errorf("the migration waits for postgres to be %q", d.Condition)
	}
	if *migrate.Environment["DATABASE_URL"] != *app.Environment["DATABASE_URL"] {
		t.Error("the migration makes another login than the app signs in with")
	}
	for name, value := range app.Environment {
		if value != nil && strings.Contains(*value, "owners") {
			t.Errorf("the app is told the password of the schema's owner, in %s", name)
		}
	}
	if !strings.Contains(*app.Environment["DATABASE_URL"], "@postgres:5432/kopiyka") {
		t.Error("the app is not pointed at postgres")
	}
	if image := p.Services["postgres"].Image; image != "postgres:18" {
		t.Errorf("postgres runs %s", image)
	}
	if v := p.Services["postgres"].Volumes; len(v) != 1 || v[0].Target != "/var/lib/postgresql" {
		t.Errorf("PostgreSQL 18 keeps its data below /var/lib/postgresql, the volume is %v", v)
	}
	if _, found := p.Services["mail"]; !found {
		t.Error("no mail catcher")
	}
	for name, s := range p.Services {
		for _, port := range s.Ports {
			if port.HostIP != "127.0.0.1" {
				t.Errorf("%s opens %s to everybody", name, port.Published)
			}
		}
	}
}

// Without its secrets the house must not start, and must say what is missing.
func TestComposeFileAsksForItsSecrets(t *testing.T) {
	for i, missing := range environment {
		name, _, _ := strings.Cut(missing, "=")
		_, err := load(t, file, slices.Delete(slices.Clone(environment), i, i+1))
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("without %s: %v", name, err)
		}
	}
}

// The check must be able to fail.
func TestABrokenFileIsRefused(t *testing.T) {
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	broken := t.TempDir() + "/docker-compose.yml"
	if err := os.WriteFile(broken, []byte(strings.Replace(string(whole), "service_healthy", "service_hearty", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := load(t, broken, environment); err == nil {
		t.Error("a condition that does not exist was taken")
	}
}
