package site

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"custody/ledger"
	"custody/notice"
	"custody/store"
)

// checkpointLook is how often it is looked whether a checkpoint is to be sent.
const checkpointLook = time.Second

// sendCheckpoints puts the newest signed checkpoint into the outbox at every period, for
// those who keep them, until ctx ends. A ledger that has not grown has nothing new.
// The time of the last one is in the state, so a restart neither skips nor repeats.
func (s *Site) sendCheckpoints(ctx context.Context) {
	if s.o.Notices.CheckpointsEvery == 0 {
		return
	}
	tick := time.NewTicker(checkpointLook)
	defer tick.Stop()
	var last time.Time
	if sent, err := s.o.Store.SentCheckpoints(1); err == nil && len(sent) > 0 {
		last = sent[0].Made
	}
	for {
		if now := s.o.Now(); now.Sub(last) >= s.o.Notices.CheckpointsEvery || now.Before(last) {
			put, err := s.putCheckpoint()
			if err != nil {
				s.o.Log.Error("the newest checkpoint cannot be sent", "err", err)
			}
			if put {
				last = now
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// putCheckpoint puts the newest checkpoint; false if the ledger is empty still.
func (s *Site) putCheckpoint() (put bool, err error) {
	signed, err := s.Ledger.Checkpoint()
	if err != nil {
		return false, err
	}
	c, err := ledger.ReadCheckpoint(signed)
	if err != nil || c.Size == 0 {
		return false, err
	}
	sum := sha256.Sum256([]byte(signed))
	return true, s.Notices.Put(notice.Message{Key: fmt.Sprintf("%s%019d-%s", store.CheckpointKey, c.Size, hex.EncodeToString(sum[:4])),
		Kind: notice.Checkpoint, Severity: notice.Info, Subject: fmt.Sprintf("Checkpoint of the ledger %s after %d frames", c.Origin, c.Size),
		Text: signed, Data: map[string]string{"frames": fmt.Sprint(c.Size), "root": c.Root.String()}})
}
