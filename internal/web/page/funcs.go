package page

import (
	"fmt"
	"html/template"
	"time"

	"kopiyka/internal/i18n"
	"kopiyka/internal/money"
)

// funcs are what templates may call, bound to one language. None reads anything from
// outside, and none marks a string as safe.
func (r *Renderer) funcs(l i18n.Lang) template.FuncMap {
	return template.FuncMap{
		"t": func(key string, args ...any) (string, error) {
			if r.options.Strict {
				return l.Text(key, args...)
			}
			return l.T(key, args...), nil
		},
		"tn": func(key string, n any, args ...any) (string, error) {
			count, err := whole(n)
			if err != nil {
				return "", fmt.Errorf("count of %s: %w", key, err)
			}
			if r.options.Strict {
				return l.Plural(key, count, args...)
			}
			return l.N(key, count, args...), nil
		},
		"money":      l.Money,
		"moneywhole": l.MoneyWhole,
		"sum":        func(a money.Amount) Sum { return l.Sum(a) },
		"number": func(n any) (string, error) {
			v, err := whole(n)
			return l.Number(v), err
		},
		"date":      l.Date,
		"datetime":  l.DateTime,
		"daterange": func(from, to time.Time) string { return l.DateRange(from, to) },
		"day":       l.Day,
		"moment":    l.Moment,
		"asset":     r.Assets.URL,
		"preloads":  func() []string { return r.Assets.preloads(l) },
	}
}

// whole takes the integers that view models use: templates convert none of them.
func whole(n any) (int64, error) {
	switch v := n.(type) {
	case int:
		return int64(v), nil
	case int64:
		return v, nil
	case int32:
		return int64(v), nil
	}
	return 0, fmt.Errorf("%T is no whole number", n)
}
