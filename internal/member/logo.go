package member

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"image"
	_ "image/jpeg" // for image.Decode
	"image/png"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"
	"golang.org/x/image/draw"
	_ "golang.org/x/image/webp" // for image.Decode

	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
	"kopiyka/internal/pg"
)

// MaxLogo is how many bytes a picture may have when it is sent. It is kept as a PNG whose
// sides are at most maxLogoSide.
const (
	MaxLogo      = 2 << 20
	maxLogoSide  = 512
	maxSentSide  = 5000
	maxSentArea  = 16_000_000 // 64 MB once unpacked
	mostLogosNow = 2
)

// unpacking bounds the memory that pictures may take at once.
var unpacking = make(chan struct{}, mostLogosNow)

// logoEndings are the endings of names by what the files hold.
var logoEndings = map[string][]string{"image/png": {".png"}, "image/jpeg": {".jpg", ".jpeg", ".jfif"}, "image/webp": {".webp"}}

// CheckLogoName refuses a picture whose name says that it is something else. What is no
// picture DrawLogo refuses.
func CheckLogoName(name string, content []byte) error {
	all, picture := logoEndings[http.DetectContentType(content)]
	if picture && !slices.Contains(all, strings.ToLower(filepath.Ext(name))) {
		return fault.In("file", "logo.ending", strings.Join(all, ", "))
	}
	return nil
}

// DrawLogo reads a picture (PNG, JPEG or WebP) and draws it anew as a small PNG: whatever
// else was in the file, such as a program or the place where a photo was taken, is gone.
// What is no such picture, or too large, is a fault about the file.
func DrawLogo(ctx context.Context, from io.Reader) ([]byte, error) {
	sent, err := io.ReadAll(io.LimitReader(from, MaxLogo+1))
	switch {
	case err != nil:
		return nil, err
	case len(sent) == 0:
		return nil, fault.In("file", "logo.missing")
	case len(sent) > MaxLogo:
		return nil, fault.In("file", "logo.too_large", MaxLogo>>20)
	}
	switch http.DetectContentType(sent) {
	case "image/png", "image/jpeg", "image/webp":
	default:
		return nil, fault.In("file", "logo.kind")
	}
	// A small file may claim to be a picture of any size: its claim is read first.
	claim, _, err := image.DecodeConfig(bytes.NewReader(sent))
	if err != nil || claim.Width < 1 || claim.Height < 1 {
		return nil, fault.In("file", "logo.kind")
	}
	if claim.Width > maxSentSide || claim.Height > maxSentSide || claim.Width*claim.Height > maxSentArea {
		return nil, fault.In("file", "logo.too_many_points", maxSentSide)
	}
	select {
	case unpacking <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-unpacking }()
	picture, _, err := image.Decode(bytes.NewReader(sent))
	if err != nil {
		return nil, fault.In("file", "logo.kind")
	}
	var out bytes.Buffer
	if err := png.Encode(&out, smaller(picture)); err != nil {
		return nil, fmt.Errorf("draw a logo: %w", err)
	}
	return out.Bytes(), nil
}

// smaller is the picture within the largest sides, in its own proportions.
func smaller(p image.Image) image.Image {
	w, h := p.Bounds().Dx(), p.Bounds().Dy()
	if longest := max(w, h); longest > maxLogoSide {
		w, h = max(1, w*maxLogoSide/longest), max(1, h*maxLogoSide/longest)
	}
	drawn := image.NewNRGBA(image.Rect(0, 0, w, h))
	draw.CatmullRom.Scale(drawn, drawn.Bounds(), p, p.Bounds(), draw.Src, nil)
	return drawn
}

// SetCompanyLogo keeps a company's logo, which DrawLogo has drawn; none removes it. Its
// owners may.
func SetCompanyLogo(ctx context.Context, db *sqlx.DB, now clock.Clock, company, person string, drawn []byte) error {
	return pg.InTx(ctx, db, func(tx *sqlx.Tx) error {
		if err := mustOwn(ctx, tx, company, person); err != nil {
			return err
		}
		query, args := `DELETE FROM company_logos WHERE company_id = $1`, []any{company}
		if len(drawn) > 0 {
			query, args = `INSERT INTO company_logos (company_id, png, changed_at) VALUES ($1, $2, $3)
				ON CONFLICT (company_id) DO UPDATE SET png = excluded.png, changed_at = excluded.changed_at`, []any{company, drawn, now()}
		}
		if _, err := tx.ExecContext(ctx, query, args...); err != nil {
			return fmt.Errorf("keep a logo: %w", err)
		}
		return record(ctx, tx, now(), person, "company.logo-changed", "company:"+company, map[string]any{"there": len(drawn) > 0})
	})
}

// LogoFor is a company's logo for the people who act for it, shown to everyone or not.
func LogoFor(ctx context.Context, db sqlx.QueryerContext, slug, person string) ([]byte, error) {
	var drawn []byte
	err := sqlx.GetContext(ctx, db, &drawn, `SELECT g.png FROM company_logos g JOIN companies k ON k.id = g.company_id
		JOIN company_roles r ON r.company_id = k.id AND r.person_id = $2 WHERE k.slug = $1`, slug, person)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fault.New(fault.NotFound, "logo.none")
	}
	if err != nil {
		return nil, fmt.Errorf("read a logo: %w", err)
	}
	return drawn, nil
}
