package gateway_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// cases is how many ways are known in which taking money through Stripe goes wrong. Each
// has a test that carries its number, in its own name (TestCase075…) or in that of one of
// its parts ("case 75: …"); or it is below.
const cases = 131

// elsewhere are cases that a test of another name covers.
var elsewhere = map[int]string{
	1:   "TestOnlyWhatStripeSignedNowIsAnEvent", // and 2, 4 to 7, 9: its parts carry the numbers
	32:  "TestCase035StaleReadIsNotWrittenLast",
	53:  "TestSixteenStartsAtOnceAreOnePayment", // a pledge has one payment that waits: two tabs are one page
	67:  "TestSettleTwiceSettlesOnce",           // whatever is sent on a settlement is sent on its news, which is told once
	116: "TestStatesFollowTheDayAndTheMoney",    // overdue is a state of an instalment, by the day: no event is needed
	118: "TestGiveWPAFailedPaymentLeavesThePledge",
	119: "TestMoneyForACancelledPledgeIsBooked",
	120: "TestAnySpreadAddsUp",
	121: "TestCiviCRM18316MonthEndsStayMonthEnds",
	126: "TestEventInTroubleIsTriedLessOftenAndThenLaidAside",
	129: "TestConfigThatCouldLoseOrInventMoneyIsRefused", // and TestArrowsPointDown: nothing but wiring imports the sandbox
	130: "TestTheLogHoldsNoBodyAndNoSignature",
}

// cannot are cases that cannot apply, and why.
var cannot = map[int]string{
	66:  "a transfer that its bank takes back reaches us as a balance transaction of a type (payment_reversal) that goes to suspense with an alarm: case 100",
	113: "our invoices offer cards and debits, which pay all or nothing; transfers in parts have a page of ours: case 65",
}

var numbered = regexp.MustCompile(`(?:Case0*|"case |// case )(\d{1,3})\b|Case0*(\d{1,3})[A-Z]`)

func TestEveryCaseHasATestOrAReason(t *testing.T) {
	t.Parallel()
	tested, named := testsOfTheHouse(t)
	for n := 1; n <= cases; n++ {
		if name := elsewhere[n]; name != "" && !named[name] {
			t.Errorf("case %d is said to be covered by %s, which is not there", n, name)
		}
		if why := cannot[n]; !tested[n] && elsewhere[n] == "" && why == "" {
			t.Errorf("case %d has neither a test nor a reason", n)
		}
	}
}

// testsOfTheHouse are the numbers that tests carry, and the names of all tests.
func testsOfTheHouse(t *testing.T) (map[int]bool, map[string]bool) {
	t.Helper()
	tested, named := map[int]bool{}, map[string]bool{}
	function := regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	for _, root := range []string{"../../internal", "../../cmd"} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") || strings.HasSuffix(path, "cases_test.go") {
				return err
			}
			source, err := os.ReadFile(path)
			if err != nil {
				return fmt.Errorf("read %s: %w", path, err)
			}
			for _, m := range numbered.FindAllStringSubmatch(string(source), -1) {
				n, err := strconv.Atoi(m[1] + m[2])
				if err != nil {
					return err
				}
				tested[n] = true
			}
			for _, m := range function.FindAllStringSubmatch(string(source), -1) {
				named[m[1]] = true
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return tested, named
}
