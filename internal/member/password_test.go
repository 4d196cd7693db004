package member_test

import (
	"bufio"
	"compress/gzip"
	"crypto/rand"
	"errors"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"kopiyka/internal/clock"
	"kopiyka/internal/fault"
	"kopiyka/internal/member"
	"kopiyka/internal/pg/pgtest"
)

func TestPasswordsThatEverybodyTriesAreRefused(t *testing.T) {
	t.Parallel()
	for password, key := range map[string]string{
		"passwordpassword": "person.password_common", "Password1234567": "person.password_common", "123456789012": "person.password_common",
		"qwertyuiopasdf": "person.password_common", "1qaz2wsx3edc": "person.password_common", "abcdefghijklmnop": "person.password_common",
		"aaaaaaaaaaaa": "person.password_common", "їїїїїїїїїїїї": "person.password_common", "abcabcabcabc": "person.password_common",
		"dragon!!!!!!!": "person.password_common", "98765432109876": "person.password_common", "Слава Україні!": "person.password_common",
		"olena.tkach 42": "person.password_name", "my Kopiyka pass": "person.password_name", "моя копійка тут": "person.password_name",
		"1qaz2wsx3edc!": "person.password_common", "короткий": "person.password_short",
		// What they are made of is not our business.
		"кавун на балконі": "", "correct horse battery": "", "      трава      ": "", "xkqjwzvbnmrt": "", "🌻🌾🐝🚜🪺🫐🌻🐸🦔🪿🐳🦉": "",
	} {
		err := member.CheckPassword(password, "olena.tkach@example.org")
		if key == "" && err != nil {
			t.Errorf("%q: %v", password, err)
		} else if key != "" {
			wantFault(t, err, fault.Invalid, key)
		}
	}
}

// The three thousand commonest passwords that are long enough are refused, however their
// letters are written, and however many others are not.
func TestTheCommonestPasswordsOfBreachesAreRefused(t *testing.T) {
	t.Parallel()
	file, err := os.Open("testdata/commonest.txt.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	unpacked, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	lines, n := bufio.NewScanner(unpacked), 0
	for lines.Scan() {
		n++
		for _, password := range []string{lines.Text(), strings.ToUpper(lines.Text())} {
			var f *fault.Fault
			if err := member.CheckPassword(password, "olena@example.org"); !errors.As(err, &f) || f.Key != "person.password_common" && f.Key != "person.password_name" {
				t.Fatalf("number %d, %q, is taken: %v", n, password, err)
			}
		}
	}
	if lines.Err() != nil || n < 3000 {
		t.Fatalf("%d passwords were tried, %v", n, lines.Err())
	}
	for range 10_000 { // nobody's password
		if password := rand.Text(); member.CheckPassword(password, "olena@example.org") != nil {
			t.Fatalf("%q is refused", password)
		}
	}
}

// A password is compared sign for sign as it was sent: in another case, cut, with a space
// more, or with its letters taken apart as some systems write them, it is another one.
func TestPasswordsAreComparedAsTheyWereSent(t *testing.T) {
	t.Parallel()
	db := pgtest.DB(t)
	composed, apart := norm.NFC.String("Їжак і йогурт"), norm.NFD.String("Їжак і йогурт")
	long := strings.Repeat("йод і ґедзь ", 10) + "та їх вісім" // nothing of it is left out
	if composed == apart || norm.NFC.String(apart) != composed || utf8.RuneCountInString(long) < 128 {
		t.Fatal("the examples show nothing")
	}
	long = string([]rune(long)[:128])
	for email, password := range map[string]string{"olena@example.org": composed, "ivan@example.org": apart, "maria@example.org": long} {
		person(t, db, email, password)
		if _, err := member.SignIn(t.Context(), db, clock.At(noon), email, password, host); err != nil {
			t.Errorf("%s is refused with the own password: %v", email, err)
		}
	}
	for _, wrong := range [][2]string{
		{"olena@example.org", apart}, {"ivan@example.org", composed}, {"olena@example.org", strings.ToLower(composed)}, {"olena@example.org", composed + " "},
		{"olena@example.org", " " + composed}, {"maria@example.org", long[:len(long)-2]}, {"maria@example.org", long + "х"},
	} {
		_, err := member.SignIn(t.Context(), db, clock.At(noon), wrong[0], wrong[1], host)
		wantFault(t, err, fault.Unauthorized, "signin.wrong")
	}
}

// Letters taken apart are no way past the lists, nor to twelve signs.
func TestLettersTakenApartAreNoWayAround(t *testing.T) {
	t.Parallel()
	for password, key := range map[string]string{"йййййй": "person.password_short", "їжак і йод": "person.password_short", "моя копійка тут": "person.password_name", "їїїїїїїїїїїї": "person.password_common"} {
		apart := norm.NFD.String(password)
		if apart == password {
			t.Fatalf("%q has no letters that come apart", password)
		}
		wantFault(t, member.CheckPassword(apart, "olena@example.org"), fault.Invalid, key)
	}
}

func FuzzCheckPassword(f *testing.F) {
	f.Add("кавун на балконі", "olena@example.org")
	f.Add("\xff", "@")
	f.Fuzz(func(t *testing.T, password, email string) {
		err := member.CheckPassword(password, email)
		composed := utf8.RuneCountInString(norm.NFC.String(password))
		if n := utf8.RuneCountInString(password); err == nil && (composed < 12 || n < 12 || n > 128 || strings.Contains(strings.ToLower(password), "kopiyka")) {
			t.Errorf("%q is taken", password)
		}
	})
}
