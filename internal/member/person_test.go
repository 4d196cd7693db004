package member_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jmoiron/sqlx"

	"kopiyka/internal/fault"
	"kopiyka/internal/member"
	"kopiyka/internal/pg/pgtest"
)

func TestFormsOfAddresses(t *testing.T) {
	t.Parallel()
	db := pgtest.DB(t)
	for typed, kept := range map[string]string{
		"olena@example.org": "olena@example.org", " Ivan@Example.ORG ": "ivan@example.org", "o.tkach+it@sub.example.org": "o.tkach+it@sub.example.org",
	} {
		id := person(t, db, typed, "")
		p, err := member.PersonByID(t.Context(), db, id)
		if err != nil || p.Email != kept {
			t.Errorf("%q is kept as %q, %v", typed, p.Email, err)
		}
		if found, err := member.PersonByEmail(t.Context(), db, strings.ToUpper(typed)); err != nil || found != id {
			t.Errorf("%q is found as %q, %v", typed, found, err)
		}
	}
	for _, typed := range []string{
		"", "olena", "@example.org", "olena@", "Олена <o@example.org>", "<o@example.org>", "a@b.org, c@d.org", "o@example.org\r\nBcc: x@example.org",
		"o@exam ple.org", "o\x00@example.org", "\xff@example.org", strings.Repeat("o", 250) + "@example.org",
	} {
		err := in(t, db, func(tx *sqlx.Tx) error {
			_, err := member.AddPerson(t.Context(), tx, noon, typed, "x", "")
			return err
		})
		if f, _ := fault.As(err); f == nil || f.Key != "person.email_form" || f.Field != "email" {
			t.Errorf("%q: %v", typed, err)
		}
	}
}

func TestAddressIsTakenOnce(t *testing.T) {
	t.Parallel()
	db := pgtest.DB(t)
	person(t, db, "olena@example.org", "")
	err := in(t, db, func(tx *sqlx.Tx) error {
		_, err := member.AddPerson(t.Context(), tx, noon, "OLENA@example.org", "x", "")
		return err
	})
	wantFault(t, err, fault.Invalid, "person.email_taken")
}

// letters is a password of n Cyrillic letters that nobody tries first.
func letters(n int) string {
	return string([]rune(strings.Repeat("невстигнувзозулю", n))[:n])
}

// Lengths are counted in characters: Cyrillic is not twice as strong.
func TestLengthsOfPasswords(t *testing.T) {
	t.Parallel()
	db := pgtest.DB(t)
	for n, key := range map[int]string{11: "person.password_short", 12: "", 128: "", 129: "person.password_long"} {
		err := in(t, db, func(tx *sqlx.Tx) error {
			_, err := member.AddPerson(t.Context(), tx, noon, strings.Repeat("p", n)[:min(n, 60)]+"@example.org", "x", letters(n))
			return err
		})
		if key == "" && err != nil {
			t.Errorf("%d letters: %v", n, err)
		} else if key != "" {
			wantFault(t, err, fault.Invalid, key)
		}
	}
}

func TestPasswordsAreNotKept(t *testing.T) {
	t.Parallel()
	db, owner := pgtest.Both(t)
	person(t, db, "olena@example.org", password)
	var hash string
	if err := owner.Get(&hash, `SELECT password_hash FROM people`); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") || strings.Contains(hash, password) {
		t.Errorf("kept as %s", hash)
	}
}

func TestPersonKnowsItsPosts(t *testing.T) {
	t.Parallel()
	db := pgtest.DB(t)
	id := person(t, db, "olena@example.org", "")
	text := func(s string) member.Text { return member.Text{UK: s, EN: s} }
	var want member.Person
	err := in(t, db, func(tx *sqlx.Tx) error {
		want = member.Person{ID: id, Email: "olena@example.org", Name: "Олена Ткач", Lang: "uk"}
		for _, slug := range []string{"yatran", "azov"} { // sorted by their Ukrainian names
			company, err := member.AddCompany(t.Context(), tx, noon, member.Company{Slug: slug, Name: text(slug)})
			if err != nil {
				return err
			}
			if err := member.GiveCompanyRole(t.Context(), tx, id, company, member.Viewer); err != nil {
				return err
			}
			if err := member.GiveCompanyRole(t.Context(), tx, id, company, member.Payer); err != nil { // changes the role
				return err
			}
			want.Companies = append([]member.CompanyPost{{CompanyID: company, Slug: slug, Name: text(slug), Role: member.Payer}}, want.Companies...)
		}
		cluster, err := member.AddCluster(t.Context(), tx, noon, member.Cluster{Slug: "kharkiv-it", Name: text("k")})
		if err != nil {
			return err
		}
		for _, role := range []member.ClusterRole{member.Approver, member.Approver, member.Coordinator} { // a second time changes nothing
			if err := member.GiveClusterRole(t.Context(), tx, id, cluster, role); err != nil {
				return err
			}
		}
		for _, role := range []member.ClusterRole{member.Approver, member.Coordinator} {
			want.Clusters = append(want.Clusters, member.ClusterPost{ClusterID: cluster, Slug: "kharkiv-it", Name: text("k"), Role: role})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err := member.PersonByID(t.Context(), db, id)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("person (-want +got):\n%s", diff)
	}
	if !got.Holds(member.Approver) || got.Holds("treasurer") {
		t.Error("Holds does not tell the roles")
	}
}

func TestUnknownOnesAreNotFound(t *testing.T) {
	t.Parallel()
	db := pgtest.DB(t)
	for _, id := range []string{nobody, "", "1", "\x00"} {
		_, err := member.PersonByID(t.Context(), db, id)
		wantFault(t, err, fault.NotFound, "person.unknown")
	}
	_, err := member.PersonByEmail(t.Context(), db, "ivan@example.org")
	wantFault(t, err, fault.NotFound, "person.unknown")
	_, err = member.ClusterBySlug(t.Context(), db, "atlantis")
	wantFault(t, err, fault.NotFound, "cluster.unknown")
	_, err = member.CompanyBySlug(t.Context(), db, "atlantis")
	wantFault(t, err, fault.NotFound, "company.unknown")
}

func TestSlugsAreTakenOnceAndHaveAForm(t *testing.T) {
	t.Parallel()
	db := pgtest.DB(t)
	add := func(slug string) error {
		return in(t, db, func(tx *sqlx.Tx) error {
			_, err := member.AddCompany(t.Context(), tx, noon, member.Company{Slug: slug, Name: member.Text{UK: "x", EN: "x"}})
			return err
		})
	}
	if err := add("ganok-soft-2"); err != nil {
		t.Fatal(err)
	}
	wantFault(t, add("ganok-soft-2"), fault.Invalid, "slug.taken")
	for _, slug := range []string{"", "Ganok", "ганок", "a--b", "-a", "a-", "a b", "a/b", "a\n"} {
		wantFault(t, add(slug), fault.Invalid, "slug.form")
	}
	c, err := member.CompanyBySlug(t.Context(), db, "ganok-soft-2")
	if err != nil || c.ID == "" {
		t.Errorf("company = %+v, %v", c, err)
	}
}

func TestContextCarriesWhoIsSignedIn(t *testing.T) {
	t.Parallel()
	if _, ok := member.SignedIn(t.Context()); ok {
		t.Error("somebody is signed in")
	}
	p, ok := member.SignedIn(member.WithPerson(t.Context(), member.Person{ID: nobody}))
	if !ok || p.ID != nobody {
		t.Errorf("person = %+v", p)
	}
}
