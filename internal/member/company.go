package member

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/audit"
	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
	"kopiyka/internal/pg"
	"kopiyka/internal/text"
)

// Lengths, in characters, of what people write about a company.
const (
	MaxName  = 200
	MaxAbout = 2000
	MaxSite  = 200
)

// Profile is a company with its official facts and what it lets everyone see.
type Profile struct {
	Company
	Site    string
	Shows   Shows
	HasLogo bool

	AsksFactor bool // of all who act for it: see AskFactor
}

// Shows says what of a company everyone may see, by its own consent.
type Shows struct{ Name, About, Logo, Site bool }

const profileColumns = `k.id, k.slug, k.name_uk, k.name_en, k.about_uk, k.about_en, k.country, k.official_id, k.site,
	k.shows_name, k.shows_about, k.shows_logo, k.shows_site, EXISTS (SELECT 1 FROM company_logos g WHERE g.company_id = k.id), asks_factor(k.id)`

func (p *Profile) fields() []any {
	return []any{&p.ID, &p.Slug, &p.Name.UK, &p.Name.EN, &p.About.UK, &p.About.EN, &p.Country, &p.OfficialID, &p.Site,
		&p.Shows.Name, &p.Shows.About, &p.Shows.Logo, &p.Shows.Site, &p.HasLogo, &p.AsksFactor}
}

func profile(ctx context.Context, q sqlx.QueryerContext, where string, args ...any) (Profile, error) {
	var p Profile
	err := q.QueryRowxContext(ctx, `SELECT `+profileColumns+` FROM companies k WHERE `+where, args...).Scan(p.fields()...)
	if errors.Is(err, sql.ErrNoRows) {
		return p, fault.New(fault.NotFound, "company.unknown")
	}
	if err != nil {
		return p, fmt.Errorf("read a company: %w", err)
	}
	return p, nil
}

// CompanyFor is a company as the people who act for it see it; to anybody else there is
// none.
func CompanyFor(ctx context.Context, db sqlx.QueryerContext, slug, person string) (Profile, error) {
	return profile(ctx, db, `k.slug = $1 AND EXISTS (SELECT 1 FROM company_roles r WHERE r.company_id = k.id AND r.person_id = $2)`, slug, person)
}

// runs holds for a company k that belongs or belonged to a cluster in which person $2 works.
const runs = `EXISTS (SELECT 1 FROM memberships m JOIN cluster_roles r ON r.cluster_id = m.cluster_id WHERE m.company_id = k.id AND r.person_id = $2)`

// CompanyOfCluster is a company as the people of its clusters see it; to anybody else there
// is none.
func CompanyOfCluster(ctx context.Context, db sqlx.QueryerContext, id, person string) (Profile, error) {
	if !pg.IsID(id) {
		return Profile{}, fault.New(fault.NotFound, "company.unknown")
	}
	return profile(ctx, db, `k.id = $1 AND `+runs, id, person)
}

// SetProfile changes what a company says about itself and what of it everyone may see. Only
// its owners may. Consent that is given or taken back is on record with its moment.
func SetProfile(ctx context.Context, db *sqlx.DB, now clock.Clock, person string, p Profile) error {
	p.About = Text{tidy(p.About.UK), tidy(p.About.EN)}
	var form fault.Form
	for _, said := range [][2]string{{"about_uk", p.About.UK}, {"about_en", p.About.EN}} {
		if f := text.Check(said[0], said[1], MaxAbout); f != nil {
			form = append(form, f)
		}
	}
	site, err := CleanSite(p.Site)
	if err := form.Add("site", err); err != nil {
		return err
	}
	if err := form.Err(); err != nil {
		return err
	}
	return pg.InTx(ctx, db, func(tx *sqlx.Tx) error {
		before, err := profile(ctx, tx, `k.id = $1 AND EXISTS (SELECT 1 FROM company_roles r WHERE r.company_id = k.id AND r.person_id = $2) FOR NO KEY UPDATE OF k`, p.ID, person)
		if err != nil {
			return err
		}
		if err := mustOwn(ctx, tx, p.ID, person); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE companies SET about_uk = $2, about_en = $3, site = $4, shows_name = $5, shows_about = $6, shows_logo = $7, shows_site = $8 WHERE id = $1`,
			p.ID, p.About.UK, p.About.EN, site, p.Shows.Name, p.Shows.About, p.Shows.Logo, p.Shows.Site)
		if err != nil {
			return fmt.Errorf("change a company's profile: %w", kindly(err))
		}
		after := before
		after.About, after.Site, after.Shows = p.About, site, p.Shows
		return record(ctx, tx, now(), person, "company.profile-changed", "company:"+p.ID, changes(before, after))
	})
}

// SetOfficial changes under what name and number a company is known. Coordinators of its
// clusters may: they have seen the register.
func SetOfficial(ctx context.Context, db *sqlx.DB, now clock.Clock, person string, c Company) error {
	form := CheckOfficial(&c)
	if err := form.Err(); err != nil {
		return err
	}
	return pg.InTx(ctx, db, func(tx *sqlx.Tx) error {
		before, err := CompanyOfCluster(ctx, tx, c.ID, person)
		if err != nil {
			return err
		}
		if err := mustCoordinate(ctx, tx, c.ID, person); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE companies SET name_uk = $2, name_en = $3, country = $4, official_id = $5 WHERE id = $1`,
			c.ID, c.Name.UK, c.Name.EN, c.Country, c.OfficialID)
		if err != nil {
			return fmt.Errorf("change a company's facts: %w", kindly(err))
		}
		after := before
		after.Name, after.Country, after.OfficialID = c.Name, c.Country, c.OfficialID
		return record(ctx, tx, now(), person, "company.facts-changed", "company:"+c.ID, changes(before, after))
	})
}

// CheckOfficial brings a company's names and number into the form in which they are kept,
// and tells what is wrong with them. An English name that is missing becomes the Ukrainian
// one.
func CheckOfficial(c *Company) fault.Form {
	var form fault.Form
	c.Name = Text{line(c.Name.UK), line(c.Name.EN)}
	if c.Name.EN == "" {
		c.Name.EN = c.Name.UK
	}
	if c.Name.UK == "" {
		form = append(form, fault.In("name_uk", "company.name_missing"))
	}
	if f := text.Check("name_uk", c.Name.UK, MaxName); f != nil {
		form = append(form, f)
	}
	if f := text.Check("name_en", c.Name.EN, MaxName); f != nil && c.Name.EN != c.Name.UK {
		form = append(form, f)
	}
	c.Country = strings.ToUpper(strings.TrimSpace(c.Country))
	if c.Country == "" {
		c.Country = "UA"
	}
	if !countryForm.MatchString(c.Country) {
		form = append(form, fault.In("country", "company.country"))
	}
	c.OfficialID = strings.ToUpper(strings.Join(strings.Fields(c.OfficialID), ""))
	switch {
	case c.OfficialID == "":
	case c.Country == "UA" && !ValidEDRPOU(c.OfficialID):
		form = append(form, fault.In("official_id", "company.edrpou"))
	case !officialForm.MatchString(c.OfficialID):
		form = append(form, fault.In("official_id", "company.official_id_form"))
	}
	return form
}

var (
	countryForm  = regexp.MustCompile(`^[A-Z]{2}$`)
	officialForm = regexp.MustCompile(`^[0-9A-Z][0-9A-Z./-]{1,38}[0-9A-Z]$`)
)

// CleanSite reads the address of a site, with or without its scheme. Nothing but http and
// https leads anywhere from a page of ours, and a name in letters that look like others is
// shown as computers write it.
func CleanSite(s string) (string, error) {
	s = strings.TrimSpace(s)
	if s == "" {
		return "", nil
	}
	if !strings.Contains(s, "://") {
		s = "https://" + s
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || len(s) > MaxSite || strings.ContainsFunc(s, unprintable) {
		return "", fault.In("site", "company.site")
	}
	host, err := asciiDomain(u.Hostname())
	if err != nil || !strings.Contains(host, ".") {
		return "", fault.In("site", "company.site")
	}
	if port := u.Port(); port != "" {
		host += ":" + port
	}
	u.Host = host
	return u.String(), nil
}

func unprintable(r rune) bool {
	return !unicode.IsGraphic(r) || unicode.IsSpace(r) || strings.ContainsRune(`<>"\`, r)
}

// line is a text of one line without spaces at its ends or several in a row. Letters that
// are no UTF-8 stay, to be refused.
func line(s string) string {
	if !utf8.ValidString(s) {
		return s
	}
	return strings.Join(strings.Fields(s), " ")
}

// tidy is a text of several lines without space around it.
func tidy(s string) string { return strings.TrimSpace(strings.ReplaceAll(s, "\r\n", "\n")) }

// changes are the fields in which two states of a company differ, before and after.
func changes(before, after Profile) map[string]any {
	detail := map[string]any{}
	for name, pair := range map[string][2]any{
		"name_uk": {before.Name.UK, after.Name.UK}, "name_en": {before.Name.EN, after.Name.EN},
		"about_uk": {before.About.UK, after.About.UK}, "about_en": {before.About.EN, after.About.EN},
		"country": {before.Country, after.Country}, "official_id": {before.OfficialID, after.OfficialID}, "site": {before.Site, after.Site},
		"shows_name": {before.Shows.Name, after.Shows.Name}, "shows_about": {before.Shows.About, after.Shows.About},
		"shows_logo": {before.Shows.Logo, after.Shows.Logo}, "shows_site": {before.Shows.Site, after.Shows.Site},
	} {
		if pair[0] != pair[1] {
			detail[name] = map[string]any{"before": pair[0], "after": pair[1]}
		}
	}
	return detail
}

// record writes an act of this room down.
func record(ctx context.Context, tx *sqlx.Tx, at time.Time, person, act, subject string, detail map[string]any) error {
	return audit.Record(ctx, tx, audit.Act{At: at, Person: person, Act: act, Subject: subject, Detail: detail})
}

// mustOwn refuses who does not own the company: kindly to its people, and as if there were
// none to others.
func mustOwn(ctx context.Context, tx *sqlx.Tx, company, person string) error {
	var role string
	err := tx.GetContext(ctx, &role, `SELECT role FROM company_roles WHERE company_id = $1 AND person_id = $2`, company, person)
	if errors.Is(err, sql.ErrNoRows) {
		return fault.New(fault.NotFound, "company.unknown")
	}
	if err != nil {
		return fmt.Errorf("look up a role: %w", err)
	}
	if CompanyRole(role) != Owner {
		return fault.New(fault.Forbidden, "company.owners_only")
	}
	return nil
}

// mustCoordinate refuses who does not coordinate a cluster to which the company belongs now.
func mustCoordinate(ctx context.Context, tx *sqlx.Tx, company, person string) error {
	var does bool
	err := tx.GetContext(ctx, &does, `SELECT EXISTS (SELECT 1 FROM memberships m JOIN cluster_roles r ON r.cluster_id = m.cluster_id
		WHERE m.company_id = $1 AND (m.until IS NULL OR m.until > CURRENT_DATE) AND r.person_id = $2 AND r.role = 'coordinator')`, company, person)
	if err != nil {
		return fmt.Errorf("look up a role: %w", err)
	}
	if !does {
		return fault.New(fault.Forbidden, "company.coordinators_only")
	}
	return nil
}
