package pg

// Waiting counts those who wait for a group's next transaction.
func Waiting[T any](g *Group[T]) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.waiting)
}
