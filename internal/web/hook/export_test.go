package hook

import "time"

// Within makes the door wait for the database no longer than a test can.
func (h *Hook) Within(d time.Duration) *Hook {
	h.patience = d
	return h
}
