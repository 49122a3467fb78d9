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
