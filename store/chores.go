package store

import (
	"context"
	"time"
)

// RightsChores does what time alone makes due. It may run in several processes.
func (s *Store) RightsChores(ctx context.Context, at time.Time) error {
	_, err := s.LapseRequests(ctx, at)
	return err
}
