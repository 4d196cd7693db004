package demo

import (
	"crypto/sha256"
	"encoding/base32"
	"time"

	"kopiyka/internal/mail/catcher"
	"kopiyka/internal/member"
)

// CodesPath is where the demo shows the codes that its people's phones would show, on the
// port of its letters.
const CodesPath = catcher.CodesPath

// Secret is that of a person's authenticator app in the demo. Anybody can work it out, as
// anybody can read the password.
func Secret(email string) string {
	sum := sha256.Sum256([]byte("kopiyka demo " + email))
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:20])
}

// Codes are the codes of this half minute and of the next, for who runs the cluster. Each
// is taken once; the next one is taken already.
func Codes(now time.Time) ([]catcher.Code, error) {
	var all []catcher.Code
	for _, s := range SignIns {
		if s.Email == CompanyEmail {
			continue // the password is enough
		}
		c := catcher.Code{Who: s.Email, Left: 30 - int(now.Unix()%30)}
		var err error
		if c.Now, err = member.CodeAt(Secret(s.Email), now); err != nil {
			return nil, err
		}
		if c.Next, err = member.CodeAt(Secret(s.Email), now.Add(30*time.Second)); err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, nil
}
