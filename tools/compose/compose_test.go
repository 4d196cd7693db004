// Package compose checks ../../docker-compose.yml with the library that Docker itself
// reads it with. A module of its own: the program does not need that library.
package compose

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
)

const (
	file    = "../../docker-compose.yml"
	tlsFile = "../../docker-compose.tls.yml"
)

func load(t *testing.T, env []string, paths ...string) (*types.Project, error) {
	t.Helper()
	options, err := cli.NewProjectOptions(paths, cli.WithEnv(env), cli.WithoutEnvironmentResolution)
	if err != nil {
		t.Fatal(err)
	}
	return options.LoadProject(context.Background())
}

func TestComposeFileIsWhole(t *testing.T) {
	p, err := load(t, nil, file)
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
	if !app.ReadOnly || len(app.Tmpfs) != 1 || !strings.HasPrefix(app.Tmpfs[0], "/tmp:") {
		t.Errorf("a statement that is brought in has nowhere to pass through: read only %v, %v", app.ReadOnly, app.Tmpfs)
	}
	if app.Logging == nil || app.Logging.Driver != "local" {
		t.Errorf("its lines go to %+v", app.Logging)
	}
	if p, err := load(t, []string{"KOPIYKA_LOG_DRIVER=journald"}, file); err != nil || p.Services["app"].Logging.Driver != "journald" {
		t.Errorf("its lines cannot be sent elsewhere, %v", err)
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
		for _, port := range s.Ports { // the program is in the clear, for a proxy on this machine
			if port.HostIP != "127.0.0.1" {
				t.Errorf("%s opens %s to everybody", name, port.Published)
			}
		}
	}
}

// secretVariables are those that the program marks as secrets.
func secretVariables(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("../../internal/config/config.go")
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, found := range regexp.MustCompile(`env:"([A-Z_]+)" secret:""`).FindAllStringSubmatch(string(text), -1) {
		all = append(all, found[1])
	}
	if !slices.Contains(all, "STRIPE_SECRET_KEY") {
		t.Fatalf("config marks %q", all)
	}
	return append(all, "POSTGRES_PASSWORD", "PGPASSWORD")
}

// A secret is a file of its own, handed to who uses it and to nobody else; no environment
// holds one, which whoever may look at the containers would read.
func TestServicesAreGivenTheirOwnSecretsAlone(t *testing.T) {
	secrets := secretVariables(t)
	for _, paths := range [][]string{{file}, {file, tlsFile}} {
		p, err := load(t, []string{"KOPIYKA_URL=https://help.example.org", "KOPIYKA_TLS_ACME=on"}, paths...)
		if err != nil {
			t.Fatal(err)
		}
		for name, s := range p.Services {
			var used []string
			for variable, value := range s.Environment {
				base, inFile := strings.CutSuffix(variable, "_FILE")
				if !slices.Contains(secrets, base) {
					continue
				}
				secret, handed := strings.CutPrefix(*value, "/run/secrets/")
				if !inFile || !handed {
					t.Errorf("%s has a secret in its environment, in %s", name, variable)
					continue
				}
				used = append(used, secret)
			}
			var given []string
			for _, secret := range s.Secrets {
				given = append(given, secret.Source)
				if secret.Target != "" && secret.Target != "/run/secrets/"+secret.Source {
					t.Errorf("%s finds %s at %s", name, secret.Source, secret.Target)
				}
			}
			slices.Sort(used)
			slices.Sort(given)
			if !slices.Equal(used, given) {
				t.Errorf("%s is given %q and uses %q", name, given, used)
			}
		}
		if app := p.Services["app"]; slices.ContainsFunc(app.Secrets, func(s types.ServiceSecretConfig) bool {
			return s.Source == "migrate_url" || s.Source == "postgres_password"
		}) {
			t.Error("the app is told the password of the schema's owner")
		}
		for name, secret := range p.Secrets {
			if secret.File == "" || filepath.Base(filepath.Dir(secret.File)) != "secrets" || filepath.Base(secret.File) != name {
				t.Errorf("%s is no file of its name in ./secrets: %+v", name, secret)
			}
		}
	}
}

// Nobody's secrets are in the file: it has no default for one, and asks for none by another
// way.
func TestComposeFileAsksForItsSecrets(t *testing.T) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range secretVariables(t) {
		if strings.Contains(string(text), "${"+name) {
			t.Errorf("%s comes out of .env", name)
		}
	}
	if found := regexp.MustCompile(`://[^/@\s]*:[^/@\s]*@`).FindString(string(text)); found != "" {
		t.Errorf("the file holds a password: %s", found)
	}
	for _, ignores := range []string{"../../.gitignore", "../../.dockerignore"} {
		if text, err := os.ReadFile(ignores); err != nil || !regexp.MustCompile(`(?m)^/?secrets/?$`).Match(text) {
			t.Errorf("%s lets secrets through, %v", ignores, err)
		}
	}
}

// What a newcomer runs makes each secret but Stripe's, at random, closed to others, and once.
func TestSecretsAreMadeOnce(t *testing.T) {
	p, err := load(t, nil, file)
	if err != nil {
		t.Fatal(err)
	}
	script, err := os.ReadFile("../../scripts/secrets")
	if err != nil {
		t.Fatal(err)
	}
	made := func(folder string) map[string]string {
		t.Helper()
		if err := os.MkdirAll(filepath.Join(folder, "scripts"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, "scripts/secrets"), script, 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command("bash", filepath.Join(folder, "scripts/secrets")).CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		all := map[string]string{}
		for name := range p.Secrets {
			text, err := os.ReadFile(filepath.Join(folder, "secrets", name))
			stripes := strings.HasPrefix(name, "stripe_")
			if stripes != os.IsNotExist(err) || stripes && !strings.Contains(string(out), "in secrets/"+name) {
				t.Errorf("%s: %v\n%s", name, err, out)
			}
			all[name] = strings.TrimSpace(string(text))
			if !stripes && strings.Contains(string(out), all[name]) {
				t.Errorf("the secret %s is shown", name)
			}
		}
		if info, err := os.Stat(filepath.Join(folder, "secrets")); err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("the folder: %v, %v", info, err)
		}
		return all
	}
	here, there := t.TempDir(), t.TempDir()
	first, other := made(here), made(there)
	for name, secret := range first {
		if name != "smtp_url" && secret != "" && secret == other[name] {
			t.Errorf("everybody has the same %s", name)
		}
	}
	if password := first["postgres_password"]; len(password) != 48 || !strings.Contains(first["migrate_url"], "://kopiyka:"+password+"@postgres:5432/kopiyka") {
		t.Error("the owner's address does not bear the owner's password")
	}
	if !strings.Contains(first["database_url"], "://kopiyka_serve:") || strings.Contains(first["database_url"], first["postgres_password"]) || len(first["secret_key"]) != 44 {
		t.Error("the program's own secrets are not what they should be")
	}
	for name, secret := range made(here) {
		if secret != first[name] {
			t.Errorf("a second call has changed %s", name)
		}
	}
}

// With the other file beside it the program is at the front itself, and its proxy is gone.
func TestComposeFileOverTLS(t *testing.T) {
	if _, err := load(t, nil, file, tlsFile); err == nil || !strings.Contains(err.Error(), "KOPIYKA_") {
		t.Errorf("without an address: %v", err)
	}
	p, err := load(t, []string{"KOPIYKA_URL=https://help.example.org", "KOPIYKA_TLS_ACME=olena@example.org"}, file, tlsFile)
	if err != nil {
		t.Fatal(err)
	}
	app := p.Services["app"]
	ports := map[string]uint32{}
	for _, port := range app.Ports {
		ports[port.Published] = port.Target
	}
	if len(app.Ports) != 2 || ports["443"] != 8443 || ports["80"] != 8080 || *app.Environment["KOPIYKA_ADDR"] != "0.0.0.0:8443" || *app.Environment["KOPIYKA_HTTP_ADDR"] != "0.0.0.0:8080" {
		t.Errorf("its ports are %+v", app.Ports)
	}
	if v := app.Volumes; len(v) != 1 || v[0].Target != "/data" {
		t.Errorf("its certificates are not kept: %v", v)
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
	if _, err := load(t, nil, broken); err == nil {
		t.Error("a condition that does not exist was taken")
	}
}
