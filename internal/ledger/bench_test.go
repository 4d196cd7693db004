package ledger_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"kopiyka/internal/ledger"
	"kopiyka/internal/pg/pgtest"
)

// earlier is how many gifts a campaign has before it is measured: the first posts of empty
// books are faster than any after them.
const earlier = 2000

// BenchmarkPost gives to one campaign, fee and all, on a cluster that keeps every commit
// through a power cut. All clients queue for one fund's balance: no campaign is slower.
func BenchmarkPost(b *testing.B) {
	db, _ := pgtest.Durable(b)
	var gifts atomic.Int64
	give := func() error {
		payment := fmt.Sprintf("p%d", gifts.Add(1))
		p, err := post(b.Context(), db, giftOf(payment, "c", usd, 1000, 30, 0))
		if err == nil && !p.New {
			err = fmt.Errorf("%s was posted before", payment)
		}
		return err
	}
	crowded(b, 16, earlier, give)
	db.MustExec(`ANALYZE`) // as the server does by itself within a minute
	for _, clients := range []int{1, 32} {
		b.Run(fmt.Sprintf("clients=%d", clients), func(b *testing.B) {
			b.ReportAllocs()
			crowded(b, clients, b.N, give)
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "posts/s")
		})
	}
	if _, differences, err := ledger.Verify(b.Context(), db); err != nil || len(differences) > 0 {
		b.Errorf("after the measurement Verify = %v, %v", differences, err)
	}
}

// BenchmarkAllocate sets aside money of 5,000 gifts in one entry, the largest that a
// campaign is likely to make.
func BenchmarkAllocate(b *testing.B) {
	const lots = 5000
	db, _ := pgtest.Durable(b)
	b.Run(fmt.Sprintf("lots=%d", lots), func(b *testing.B) {
		for i := range b.N {
			b.StopTimer()
			campaign := fmt.Sprintf("c%d", i)
			var gifts atomic.Int64
			crowded(b, 16, lots, func() error {
				_, err := post(b.Context(), db, giftOf(fmt.Sprintf("%s-%d-%d", campaign, b.N, gifts.Add(1)), campaign, usd, 10, 0, 0))
				return err
			})
			free, err := ledger.Balance(b.Context(), db, ledger.Fund(campaign, usd))
			if err != nil {
				b.Fatal(err)
			}
			b.StartTimer()
			if _, err := post(b.Context(), db, allocationOf(fmt.Sprintf("%s-%d", campaign, b.N), campaign, usd, free)); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// crowded shares n acts among clients.
func crowded(b *testing.B, clients, n int, act func() error) {
	b.Helper()
	var begun atomic.Int64
	together(clients, func(int) {
		for begun.Add(1) <= int64(n) {
			if err := act(); err != nil {
				b.Error(err)
				return
			}
		}
	})
}
