package site

import (
	"os"
	"time"

	"custody"
	"custody/subjects"
)

// Customers says where a system without a database has its customers from: a CSV
// export that somebody renews.
type Customers struct {
	File string
	subjects.Export
}

// fillExport reads the customers of a system without a database.
func (s *Site) fillExport(sys *System) error {
	if sys.Portal == nil || sys.Portal.Customers == nil {
		return nil
	}
	c := sys.Portal.Customers
	f, err := os.Open(c.File)
	if err != nil {
		return &custody.Error{Code: custody.CodeUnavailable, Message: "the export of the customers cannot be read",
			Hint: "check portal.customers.file in custody.yaml, and who may read it", Err: err}
	}
	defer f.Close()
	k := s.memory.now.Load()
	return subjects.FillExport(f, sys.ID, c.Export, k.directory, k.index)
}

// renewed is when a system's export was renewed last; the zero time without one.
func (sys *System) renewed() time.Time {
	if sys.Portal == nil || sys.Portal.Customers == nil {
		return time.Time{}
	}
	info, err := os.Stat(sys.Portal.Customers.File)
	if err != nil {
		return time.Time{}
	}
	return info.ModTime()
}
