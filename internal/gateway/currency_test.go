package gateway

import (
	"testing"

	"kopiyka/internal/fault"
	"kopiyka/internal/money"
)

// Our minor units are ISO 4217's; Stripe's are its own. Off by a factor of a hundred is the
// worst that can happen to an amount.
func TestCase094AmountsSurviveTheWayToStripe(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		currency     money.Currency
		ours, stripe int64
	}{
		{"USD", 500_000, 500_000}, {"UAH", 1, 1}, {"EUR", 99_999_999, 99_999_999},
		{"JPY", 5_000, 5_000}, {"KRW", 50_000, 50_000},
		{"KWD", 12_340, 12_340}, {"BHD", 10, 10},
		{"ISK", 700, 70_000}, {"UGX", 5_000, 500_000}, // sent in hundredths that are 00
		{"HUF", 17_500, 17_500},
		{"MGA", 500_000, 5_000}, // ISO 4217 knows hundredths of it, Stripe does not
	} {
		got, err := toStripe(money.Of(c.ours, c.currency))
		if err != nil || got != c.stripe {
			t.Errorf("%d %s is %d at Stripe, want %d (%v)", c.ours, c.currency, got, c.stripe, err)
		}
		if back := fromStripe(c.stripe, c.currency); back != money.Of(c.ours, c.currency) {
			t.Errorf("%d %s of Stripe's is %v here, want %d", c.stripe, c.currency, back, c.ours)
		}
	}
}

func TestCase094WhatStripeCannotExpressIsRefusedNotRounded(t *testing.T) {
	t.Parallel()
	for _, a := range []money.Amount{money.Of(12_345, "KWD"), money.Of(1_001, "BHD"), money.Of(500_050, "MGA"), money.Of(1, "MGA")} {
		units, err := toStripe(a)
		f, ok := fault.As(err)
		if !ok || f.Key != "payment.too_fine_for_stripe" || f.Field != "amount" {
			t.Errorf("%v became %d units, error = %v", a, units, err)
		}
	}
}

func TestCase095AmountsHaveALeastAndAMost(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		currency    money.Currency
		least, most int64
	}{
		{"USD", 50, 99_999_999}, {"GBP", 30, 99_999_999}, {"HUF", 17_500, 99_999_999}, {"JPY", 50, 99_999_999},
		{"UAH", 50, 99_999_999}, // Stripe has no minimum of its own for it
		{"KWD", 50, 99_999_990}, {"ISK", 1, 999_999}, {"MGA", 5_000, 9_999_999_900},
	} {
		least, most := money.Of(c.least, c.currency), money.Of(c.most, c.currency)
		if got := Least(c.currency); got != least {
			t.Errorf("the least is %v, want %v", got, least)
		}
		if got := Most(c.currency); got != most {
			t.Errorf("the most is %v, want %v", got, most)
		}
		for _, a := range []money.Amount{least, most} {
			if err := CheckAmount(a); err != nil {
				t.Errorf("%v: %v", a, err)
			}
		}
		unit := int64(1)
		for units, _ := toStripe(money.Of(unit, c.currency)); units == 0; units, _ = toStripe(money.Of(unit, c.currency)) {
			unit *= 10 // the smallest step that Stripe can express
		}
		wantFault(t, money.Of(c.least-unit, c.currency), "payment.below_minimum")
		wantFault(t, money.Of(c.most+unit, c.currency), "payment.above_maximum")
		wantFault(t, money.Of(-c.least, c.currency), "payment.below_minimum")
	}
}

func wantFault(t *testing.T, a money.Amount, key string) {
	t.Helper()
	f, ok := fault.As(CheckAmount(a))
	if !ok || f.Key != key || f.Field != "amount" {
		t.Errorf("%v: fault = %v, want %s", a, f, key)
	}
}
