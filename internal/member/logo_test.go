package member_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"strings"
	"testing"

	"kopiyka/internal/fault"
	"kopiyka/internal/member"
)

func pngOf(t *testing.T, w, h int) []byte {
	t.Helper()
	p := image.NewNRGBA(image.Rect(0, 0, w, h))
	for x := range w {
		p.Set(x, x%h, color.NRGBA{200, 40, 40, 255})
	}
	var b bytes.Buffer
	if err := png.Encode(&b, p); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// A picture is drawn anew: nothing that came with it goes on.
func TestALogoIsDrawnAnew(t *testing.T) {
	t.Parallel()
	var photo bytes.Buffer
	if err := jpeg.Encode(&photo, image.NewGray(image.Rect(0, 0, 40, 30)), nil); err != nil {
		t.Fatal(err)
	}
	webp, err := base64.StdEncoding.DecodeString("UklGRiQAAABXRUJQVlA4IBgAAAAwAQCdASoBAAEAAgA0JaQAA3AA/vuUAAA=")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		sent []byte
		w, h int
	}{
		"small": {pngOf(t, 30, 20), 30, 20}, "large": {pngOf(t, 2048, 1024), 512, 256}, "thin": {pngOf(t, 4000, 2), 512, 1},
		"photo": {photo.Bytes(), 40, 30}, "WebP": {webp, 1, 1}, "with a tail": {append(pngOf(t, 30, 20), "<script>alert(1)</script>"...), 30, 20},
	} {
		drawn, err := member.DrawLogo(t.Context(), bytes.NewReader(c.sent))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		p, kind, err := image.Decode(bytes.NewReader(drawn))
		if err != nil || kind != "png" || p.Bounds().Dx() != c.w || p.Bounds().Dy() != c.h {
			t.Errorf("%s: %s of %v, %v", name, kind, p.Bounds(), err)
		}
		if bytes.Contains(drawn, []byte("script")) {
			t.Errorf("%s: what came with the picture is still there", name)
		}
	}
}

func TestWhatIsNoLogo(t *testing.T) {
	t.Parallel()
	bomb := pngOf(t, 1, 1) // a few bytes that claim to be 50,000 by 50,000 points
	binary.BigEndian.PutUint32(bomb[16:], 50_000)
	binary.BigEndian.PutUint32(bomb[20:], 50_000)
	binary.BigEndian.PutUint32(bomb[29:], crc32.ChecksumIEEE(bomb[12:29]))
	for name, c := range map[string]struct{ sent, want string }{
		"nothing": {"", "logo.missing"}, "SVG": {`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`, "logo.kind"},
		"GIF": {"GIF89a\x01\x00\x01\x00", "logo.kind"}, "PDF": {"%PDF-1.7", "logo.kind"}, "half a picture": {string(pngOf(t, 30, 20)[:60]), "logo.kind"},
		"too many bytes": {strings.Repeat("x", member.MaxLogo+1), "logo.too_large"}, "a bomb": {string(bomb), "logo.too_many_points"},
	} {
		_, err := member.DrawLogo(t.Context(), strings.NewReader(c.sent))
		if f, ok := fault.As(err); !ok || f.Key != c.want || f.Field != "file" {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
}

func TestOnlyOwnersChangeTheLogo(t *testing.T) {
	t.Parallel()
	w := world(t)
	set := func(person string, drawn []byte) error {
		return member.SetCompanyLogo(t.Context(), w.DB, w.Now, w.Company, person, drawn)
	}
	wantFault(t, set(w.Payer, []byte("x")), fault.Forbidden, "company.owners_only")
	wantFault(t, set(w.Stranger, []byte("x")), fault.NotFound, "company.unknown")
	for _, drawn := range [][]byte{pngOf(t, 3, 3), pngOf(t, 4, 4)} {
		if err := set(w.CompanyOwner, drawn); err != nil {
			t.Fatal(err)
		}
		if kept, err := member.LogoFor(t.Context(), w.DB, "ganok", w.Viewer); err != nil || !bytes.Equal(kept, drawn) {
			t.Errorf("%d bytes are kept, %v", len(kept), err)
		}
	}
	if err := set(w.CompanyOwner, nil); err != nil {
		t.Fatal(err)
	}
	_, err := member.LogoFor(t.Context(), w.DB, "ganok", w.Viewer)
	wantFault(t, err, fault.NotFound, "logo.none")
}

// A picture is called what it is.
func TestNamesAgreeWithWhatPicturesHold(t *testing.T) {
	t.Parallel()
	picture := pngOf(t, 30, 20)
	for name, taken := range map[string]bool{"logo.png": true, "LOGO.PNG": true, "logo.jpg": false, "logo.png.exe": false, "logo": false, "": false, "logo.svg": false} {
		if err := member.CheckLogoName(name, picture); (err == nil) != taken {
			t.Errorf("%q: %v", name, err)
		}
	}
	if err := member.CheckLogoName("page.html", []byte("<html>")); err != nil {
		t.Errorf("what is no picture is DrawLogo's to refuse: %v", err)
	}
}
