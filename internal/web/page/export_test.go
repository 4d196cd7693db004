package page

// NewFrom is New with other files, so that a test may bring pages of its own.
var NewFrom = newRenderer
