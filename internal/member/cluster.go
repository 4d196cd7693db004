package member

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/jmoiron/sqlx"

	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
	"kopiyka/internal/i18n"
	"kopiyka/internal/pg"
	"kopiyka/internal/text"
)

// ClusterProfile is a cluster with what everyone may know of it.
type ClusterProfile struct {
	Cluster
	Email, Phone, Site string
	Lang               i18n.Lang // in which it writes first to people whose language it does not know
	HasLogo            bool
}

// ClusterFor is a cluster as its people see it; to others there is none.
func ClusterFor(ctx context.Context, db sqlx.QueryerContext, slug, person string) (ClusterProfile, error) {
	var c ClusterProfile
	err := db.QueryRowxContext(ctx, `
		SELECT c.id, c.slug, c.name_uk, c.name_en, c.about_uk, c.about_en, c.email, c.phone, c.site, c.lang, EXISTS (SELECT 1 FROM cluster_logos g WHERE g.cluster_id = c.id)
		  FROM clusters c WHERE c.slug = $1 AND EXISTS (SELECT 1 FROM cluster_roles r WHERE r.cluster_id = c.id AND r.person_id = $2)`, slug, person).
		Scan(&c.ID, &c.Slug, &c.Name.UK, &c.Name.EN, &c.About.UK, &c.About.EN, &c.Email, &c.Phone, &c.Site, &c.Lang, &c.HasLogo)
	if errors.Is(err, sql.ErrNoRows) {
		return c, fault.New(fault.NotFound, "cluster.unknown")
	}
	if err != nil {
		return c, fmt.Errorf("read a cluster: %w", err)
	}
	return c, nil
}

// Clusters lists all clusters, by name.
func Clusters(ctx context.Context, db sqlx.QueryerContext) ([]Cluster, error) {
	rows, err := db.QueryContext(ctx, `SELECT id, slug, name_uk, name_en FROM clusters ORDER BY name_uk COLLATE "uk-x-icu", id`)
	if err != nil {
		return nil, fmt.Errorf("list clusters: %w", err)
	}
	defer rows.Close()
	var all []Cluster
	for rows.Next() {
		var c Cluster
		if err := rows.Scan(&c.ID, &c.Slug, &c.Name.UK, &c.Name.EN); err != nil {
			return nil, fmt.Errorf("list clusters: %w", err)
		}
		all = append(all, c)
	}
	return all, rows.Err()
}

var phoneForm = regexp.MustCompile(`^\+[0-9]{7,15}$`)

// SetCluster changes what everyone may know of a cluster. Its admins may.
func SetCluster(ctx context.Context, db *sqlx.DB, now clock.Clock, person string, c ClusterProfile) error {
	if err := c.check(); err != nil {
		return err
	}
	return pg.InTx(ctx, db, func(tx *sqlx.Tx) error {
		if err := mustAdminister(ctx, tx, c.ID, person); err != nil {
			return err
		}
		before, err := ClusterFor(ctx, tx, c.Slug, person)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE clusters SET name_uk = $2, name_en = $3, about_uk = $4, about_en = $5, email = $6, phone = $7, site = $8, lang = $9 WHERE id = $1`,
			c.ID, c.Name.UK, c.Name.EN, c.About.UK, c.About.EN, c.Email, c.Phone, c.Site, string(c.Lang))
		if err != nil {
			return fmt.Errorf("change a cluster: %w", err)
		}
		detail := map[string]any{}
		for _, one := range [][3]string{
			{"name_uk", before.Name.UK, c.Name.UK}, {"name_en", before.Name.EN, c.Name.EN}, {"about_uk", before.About.UK, c.About.UK}, {"about_en", before.About.EN, c.About.EN},
			{"email", before.Email, c.Email}, {"phone", before.Phone, c.Phone}, {"site", before.Site, c.Site}, {"lang", string(before.Lang), string(c.Lang)},
		} {
			if one[1] != one[2] {
				detail[one[0]] = map[string]any{"before": one[1], "after": one[2]}
			}
		}
		return record(ctx, tx, now(), person, "cluster.profile-changed", "cluster:"+c.ID, detail)
	})
}

func (c *ClusterProfile) check() error {
	var form fault.Form
	c.Name = Text{line(c.Name.UK), line(c.Name.EN)}
	c.About = Text{tidy(c.About.UK), tidy(c.About.EN)}
	for _, one := range []struct {
		field, said string
		most        int
	}{{"name_uk", c.Name.UK, MaxName}, {"name_en", c.Name.EN, MaxName}, {"about_uk", c.About.UK, MaxAbout}, {"about_en", c.About.EN, MaxAbout}} {
		if one.said == "" && one.most == MaxName {
			form = append(form, fault.In(one.field, "cluster.name_missing"))
		} else if f := text.Check(one.field, one.said, one.most); f != nil {
			form = append(form, f)
		}
	}
	var err error
	if c.Email = strings.TrimSpace(c.Email); c.Email != "" {
		c.Email, err = newEmail(c.Email)
		if err := form.Add("email", err); err != nil {
			return err
		}
	}
	c.Phone = strings.NewReplacer(" ", "", "\u00a0", "", "-", "", "(", "", ")", "").Replace(c.Phone)
	if c.Phone != "" && !phoneForm.MatchString(c.Phone) {
		form = append(form, fault.In("phone", "cluster.phone"))
	}
	c.Site, err = CleanSite(c.Site)
	if err := form.Add("site", err); err != nil {
		return err
	}
	if _, ok := i18n.Parse(string(c.Lang)); !ok {
		form = append(form, fault.In("lang", "cluster.lang"))
	}
	return form.Err()
}

// SetClusterLogo keeps a cluster's logo, which DrawLogo has drawn; none removes it. Its
// admins may.
func SetClusterLogo(ctx context.Context, db *sqlx.DB, now clock.Clock, cluster, person string, drawn []byte) error {
	return pg.InTx(ctx, db, func(tx *sqlx.Tx) error {
		if err := mustAdminister(ctx, tx, cluster, person); err != nil {
			return err
		}
		query, args := `DELETE FROM cluster_logos WHERE cluster_id = $1`, []any{cluster}
		if len(drawn) > 0 {
			query, args = `INSERT INTO cluster_logos (cluster_id, png, changed_at) VALUES ($1, $2, $3)
				ON CONFLICT (cluster_id) DO UPDATE SET png = excluded.png, changed_at = excluded.changed_at`, []any{cluster, drawn, now()}
		}
		if _, err := tx.ExecContext(ctx, query, args...); err != nil {
			return fmt.Errorf("keep a logo: %w", err)
		}
		return record(ctx, tx, now(), person, "cluster.logo-changed", "cluster:"+cluster, map[string]any{"there": len(drawn) > 0})
	})
}
