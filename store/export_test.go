package store

import "fmt"

// CheckPragmas makes sure that every connection has the settings that durability
// and erasure depend on.
func (s *Store) CheckPragmas() error {
	for name, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "secure_delete": "1", "busy_timeout": fmt.Sprint(busyMillis)} {
		for range 3 {
			var got string
			if err := s.write.QueryRow("PRAGMA " + name).Scan(&got); err != nil {
				return err
			}
			if got != want {
				return fmt.Errorf("%s is %s, want %s", name, got, want)
			}
		}
	}
	return nil
}

// Fill makes the database as large as it may get; the function that it gives makes
// room again.
func (s *Store) Fill() (room func() error, err error) {
	var pages int
	if err := s.write.QueryRow("PRAGMA page_count").Scan(&pages); err != nil {
		return nil, err
	}
	_, err = s.write.Exec(fmt.Sprintf("PRAGMA max_page_count = %d", pages))
	return func() error {
		_, err := s.write.Exec("PRAGMA max_page_count = 1000000")
		return err
	}, err
}
