package lab

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// The files that Write makes besides when a file is found online.
const (
	CopiesFile    = "copies.csv"
	FoundFile     = "found.csv"
	CustomersFile = "customers.csv"
)

// Email is a customer's mail address, or a planted one's.
func Email(subject int) string { return fmt.Sprintf("c%d@post.example", subject+1) }

// Phone is a customer's phone, which several share: Ofcom gives a thousand to drama.
func Phone(subject int) string { return fmt.Sprintf("07700 900%03d", subject%1000) }

// Pseudonym stands for a customer's key in one copy.
func Pseudonym(seed uint64, copy string, subject int) string {
	h := random(seed, 5, uint64(len(copy))<<32|uint64(copy[0])<<8|uint64(copy[len(copy)-1]), uint64(subject))
	return fmt.Sprintf("P%012x", h.Uint64()>>16)
}

// writeFound writes the found file, the declared copies, and a list of all customers.
func writeFound(run *Run, jobs int, dir string) error {
	seed := run.Truth.Seed
	err := lines(filepath.Join(dir, CustomersFile), "customer_id,email,phone", func(w *bufio.Writer) {
		for n := range jobs {
			fmt.Fprintf(w, "%d,%s,%s\n", n+1, Email(n), Phone(n))
		}
	})
	if err != nil {
		return err
	}
	err = lines(filepath.Join(dir, CopiesFile), "copy,made,customer_id,pseudonym,canary", func(w *bufio.Writer) {
		for _, c := range run.Copies {
			made := c.Made.UTC().Format(time.DateTime)
			for _, s := range c.Subjects {
				fmt.Fprintf(w, "%s,%s,%d,%s,\n", c.Name, made, s+1, Pseudonym(seed, c.Name, s))
			}
			for _, s := range c.Canaries {
				fmt.Fprintf(w, "%s,%s,,,%s\n", c.Name, made, Email(s))
			}
		}
	})
	if err != nil {
		return err
	}
	return lines(filepath.Join(dir, FoundFile), "ref;mail;mobile", func(w *bufio.Writer) {
		for _, s := range run.Found.Subjects {
			fmt.Fprintf(w, "%s;%s;%s\n", Pseudonym(seed, run.Found.Copy, s), Email(s), Phone(s))
		}
	})
}

// lines writes a file with a header.
func lines(path, header string, write func(*bufio.Writer)) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	w := bufio.NewWriterSize(f, 1<<16)
	fmt.Fprintln(w, header)
	write(w)
	if err := w.Flush(); err != nil {
		return err
	}
	return f.Close()
}
