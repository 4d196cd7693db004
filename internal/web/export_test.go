package web

// Dear is for the test that asks whether each of its addresses is there.
var Dear = dear
