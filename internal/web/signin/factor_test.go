package signin_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/member"
)

func typed(code string) url.Values { return url.Values{"proof_code": {code}} }

// A password alone opens nothing for who has a second factor.
func TestHalfWayInNobodyIsIn(t *testing.T) {
	t.Parallel()
	g := open(t, false)
	b := g.house.As("")
	b.Post("/sign-in", url.Values{"email": {"roman@example.org"}, "password": {password}, "next": {"/cluster"}}).LeadsTo("/sign-in/factor?next=%2Fcluster")
	if got := b.Get("/me").Body; got != "nobody en" {
		t.Errorf("half way in: %q", got)
	}
	b.Get("/cluster").Wants(http.StatusNotFound)
	b.Get("/account").LeadsTo("/sign-in?next=%2Faccount")
	form := b.Get("/sign-in/factor?next=%2Fcluster").Wants(http.StatusOK).Says("h1", "The second step")
	if got := form.Attr("[name=next]", "value"); got != "/cluster" {
		t.Errorf("the form carries %q", got)
	}
	b.Post("/sign-in/factor", typed("000000")).Wants(http.StatusUnprocessableEntity).Says("[role=alert]", "does not fit")
	half := session(b)
	b.Post("/sign-in/factor", url.Values{"proof_code": {g.code()}, "next": {"/cluster"}}).LeadsTo("/cluster")
	b.Get("/cluster").Wants(http.StatusOK)
	if session(b).Value == half.Value {
		t.Error("the cookie of half way in is signed in")
	}
}

func TestHalfWayInDoesNotLast(t *testing.T) {
	t.Parallel()
	g := open(t, false)
	b := g.house.As("")
	b.Post("/sign-in", pair("roman@example.org", password)).Wants(http.StatusSeeOther)
	g.late = 11 * time.Minute
	b.Post("/sign-in/factor", typed(g.code())).LeadsTo("/sign-in")
	b.Get("/sign-in/factor?next=%2Fcluster").LeadsTo("/sign-in?next=%2Fcluster")
	g.house.As("").Get("/sign-in/factor").LeadsTo("/sign-in")
}

// Somebody who is given a role while signed in goes on with a second factor, from the next
// request on.
func TestARoleInAClusterTakesASecondFactor(t *testing.T) {
	t.Parallel()
	g := open(t, false)
	b := g.signedIn("iryna@example.org")
	before := session(b)
	g.tx(func(tx *sqlx.Tx) error {
		_, err := tx.ExecContext(t.Context(), `INSERT INTO cluster_roles (person_id, cluster_id, role) SELECT $1, id, 'treasurer' FROM clusters`, g.payer)
		return err
	})
	b.Get("/cluster").LeadsTo("/account/authenticator?next=%2Fcluster")
	if session(b).Value == before.Value {
		t.Error("the cookie is that of before the role")
	}
	b.Post("/cluster/act", url.Values{"reason": {"Because"}}).LeadsTo("/account/authenticator?next=%2Fcluster%2Fact")
	b.Get("/forgetful").Wants(http.StatusNotFound) // what forgets to ask for the factor sees nobody of the cluster

	form := b.Get("/account/authenticator?next=%2Fcluster").Wants(http.StatusOK).Says("h2", "takes a second factor")
	secret := strings.ReplaceAll(form.Text(".secret"), " ", "")
	code, err := member.CodeAt(secret, g.now())
	if err != nil {
		t.Fatalf("secret %q: %v", secret, err)
	}
	b.Post("/account/authenticator", url.Values{"code": {"12345"}, "next": {"/cluster"}}).Wants(http.StatusUnprocessableEntity).Says(".field-error", "does not fit")
	codes := b.Post("/account/authenticator", url.Values{"code": {code}, "next": {"/cluster"}}).Wants(http.StatusOK).Says("h1", "Recovery codes")
	sheet := regexp.MustCompile(`\b[a-z2-7]{4}(-[a-z2-7]{4}){5}-[a-z2-7]{2}\b`).FindAllString(codes.Text("main"), -1)
	if len(sheet) != 10 || codes.Header.Get("Cache-Control") != "private, no-store" {
		t.Fatalf("codes = %q, kept by %q", sheet, codes.Header.Get("Cache-Control"))
	}
	if got := codes.Attr("main .button", "href"); got != "/cluster" {
		t.Errorf("it goes on at %q", got)
	}
	b.Get("/cluster").Wants(http.StatusOK)
	b.Get("/forgetful").Wants(http.StatusOK)

	other := g.house.As("")
	other.Post("/sign-in", pair("iryna@example.org", password)).LeadsTo("/sign-in/factor")
	other.Post("/sign-in/factor", typed(sheet[4])).LeadsTo("/portal")
	other.Get("/cluster").Wants(http.StatusOK)
}

// Whoever comes in as somebody else is that person from the first step on.
func TestHalfWayInAsSomebodyElse(t *testing.T) {
	t.Parallel()
	g := open(t, false)
	b := g.signedIn("iryna@example.org")
	b.Post("/sign-in", pair("roman@example.org", password)).LeadsTo("/sign-in/factor")
	if got := b.Get("/me").Body; got != "nobody en" {
		t.Errorf("half way in as another: %q", got)
	}
	b.Post("/sign-in/factor", typed(g.code())).LeadsTo("/office")
	if got := b.Get("/me").Body; !strings.HasPrefix(got, "Роман") {
		t.Errorf("the visitor is %q", got)
	}
}

// Ten minutes after the factor, who decides over money shows it again, and nothing that was
// typed is lost.
func TestAnActThatMovesMoneyTakesAFreshFactor(t *testing.T) {
	t.Parallel()
	g := open(t, false)
	b := g.signedIn("roman@example.org")
	reason := url.Values{"reason": {"Because <b>of</b> \"this\""}, "seen": {"7"}}
	b.Post("/cluster/act", reason).Wants(http.StatusOK)
	g.late = 10 * time.Minute
	b.Get("/cluster").Wants(http.StatusOK)
	asked := b.Post("/cluster/act?step=2", reason).Wants(http.StatusUnauthorized).Says("h1", "Confirm that it is you")
	if asked.Attr("main form", "action") != "/cluster/act?step=2" || asked.Attr("[name=reason]", "value") != reason.Get("reason") || asked.Attr("[name=seen]", "value") != "7" {
		t.Errorf("what was typed is lost: %s", asked.Body)
	}
	again := url.Values{"reason": reason["reason"], "seen": reason["seen"], "proof_code": {"000000"}}
	wrong := b.Post("/cluster/act?step=2", again).Wants(http.StatusUnprocessableEntity).Says(".field-error", "does not fit")
	if wrong.Attr("[name=reason]", "value") != reason.Get("reason") || strings.Contains(wrong.Body, `value="000000"`) {
		t.Error("after a wrong code what was typed is lost, or the code is shown")
	}
	if g.done != 1 {
		t.Fatalf("the act was done %d times without the factor", g.done-1)
	}
	again.Set("proof_code", g.code())
	if got := b.Post("/cluster/act?step=2", again).Wants(http.StatusOK).Body; got != reason.Get("reason") || g.done != 2 {
		t.Errorf("the act was told %q, %d times done", got, g.done)
	}
	b.Post("/cluster/act", reason).Wants(http.StatusOK)
	var proved []string
	if err := g.owner.Select(&proved, `SELECT detail->>'proved_by' FROM audit_acts WHERE act = 'act.done' AND person_id = $1 ORDER BY id`, g.roman); err != nil || strings.Join(proved, " ") != "code code code" {
		t.Errorf("the audit says %v, %v", proved, err)
	}
}

// Changing one's own sign-in takes all that opens it, and what was shown apart counts
// together while it is fresh.
func TestChangesToOnesOwnSignInTakeEverything(t *testing.T) {
	t.Parallel()
	g := open(t, false)
	roman := g.signedIn("roman@example.org")
	roman.Get("/account/authenticator").Wants(http.StatusOK) // password and code were shown a moment ago
	g.late = time.Hour
	roman.Post("/sign-in/factor", url.Values{"proof_code": {g.code()}}).Wants(http.StatusSeeOther)
	roman.Post("/cluster/act", url.Values{"reason": {"x"}}).Wants(http.StatusOK) // for an act the code is enough
	for _, address := range []string{"/account/authenticator", "/account/passkeys/new", "/account/password"} {
		roman.Get(address).LeadsTo("/sign-in/factor?next=" + url.QueryEscape(address) + "&whole=1")
	}
	asked := roman.Get("/sign-in/factor?next=%2Faccount%2Fauthenticator&whole=1").Wants(http.StatusOK)
	if !asked.Has("#proof_password") || !asked.Has("#proof_code") {
		t.Error("one of the two is not asked for")
	}
	both := asked.Form("form[data-passkey-form]")
	both.Set("proof_password", password)
	both.Set("proof_code", g.code())
	roman.Post("/sign-in/factor", both).LeadsTo("/account/authenticator")
	roman.Get("/account/authenticator").Wants(http.StatusOK)
	roman.Post("/account/recovery-codes", nil).Wants(http.StatusOK)
}

// The factor of one person is not asked of another, and a stranger is not asked at all.
func TestAFreshFactorIsNoWayIn(t *testing.T) {
	t.Parallel()
	g := open(t, false)
	g.house.As("").Post("/cluster/act", url.Values{"proof_code": {g.code()}}).Wants(http.StatusNotFound)
	b := g.signedIn("iryna@example.org")
	g.late = time.Hour
	b.Post("/cluster/act", url.Values{"proof_code": {g.code()}}).Wants(http.StatusNotFound)
	if g.done != 0 {
		t.Error("somebody without the role has done it")
	}
}

// One's own sign-in is changed by who shows who they are, with the password while there is
// nothing better, and with nothing worse than one has.
func TestOnesOwnSignInIsChangedAfterShowingWhoOneIs(t *testing.T) {
	t.Parallel()
	g := open(t, false)
	payer, roman := g.signedIn("iryna@example.org"), g.signedIn("roman@example.org")
	g.late = time.Hour
	payer.Get("/account/authenticator").LeadsTo("/sign-in/factor?next=%2Faccount%2Fauthenticator&whole=1")
	payer.Post("/account/sessions/end", nil).Wants(http.StatusUnauthorized) // nor does a cookie that was left behind shut its person out
	form := url.Values{"next": {"/account/authenticator"}, "proof_password": {"wrong"}}
	payer.Get("/sign-in/factor").Wants(http.StatusOK).Says("label", "Password")
	payer.Post("/sign-in/factor", form).Wants(http.StatusUnprocessableEntity).Says(".field-error", "not your password")
	form.Set("proof_password", password)
	payer.Post("/sign-in/factor", form).LeadsTo("/account/authenticator")
	payer.Get("/account/authenticator").Wants(http.StatusOK)

	roman.Post("/sign-in/factor", form).Wants(http.StatusUnprocessableEntity).Says(".field-error", "does not fit")
	roman.Post("/account/authenticator/remove", url.Values{"proof_password": {password}}).Wants(http.StatusUnprocessableEntity)
	roman.Post("/account/authenticator/remove", typed(g.code())).Wants(http.StatusUnprocessableEntity).Says("#proof_password-e", "not your password")
	code := g.code()
	roman.Post("/account/authenticator/remove", url.Values{"proof_password": {"wrong"}, "proof_code": {code}}).Wants(http.StatusUnprocessableEntity)
	// The code was not used up beside the wrong password.
	roman.Post("/account/authenticator/remove", url.Values{"proof_password": {password}, "proof_code": {code}}).LeadsTo("/account?notice=authenticator-removed")
	roman.Get("/account?notice=authenticator-removed").Wants(http.StatusOK).Says("[role=status]", "is removed").Says("main", "takes a second factor")
	roman.Get("/cluster").LeadsTo("/account/authenticator?next=%2Fcluster") // what was shown before counts no more
	roman.Post("/cluster/act", url.Values{"reason": {"Because"}, "proof_password": {password}}).LeadsTo("/account/authenticator?next=%2Fcluster%2Fact")
	if got := g.signedInWithoutFactor("roman@example.org").Get("/cluster").Header.Get("Location"); got != "/account/authenticator?next=%2Fcluster" {
		t.Errorf("without a factor the cluster's room leads to %q", got)
	}
}
