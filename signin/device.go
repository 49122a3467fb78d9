package signin

import "time"

// A session that is bound to a device key must show a fresh signature: pages renew it
// after softProof, and after hardProof nothing is let through without.
const (
	softProof = 2 * time.Minute
	hardProof = 10 * time.Minute
)

// unproved says whether a bound session's last signature is older than limit.
func (d *Door) unproved(v *visit, now time.Time, limit time.Duration) bool {
	return v.device.Load() != nil && now.UnixNano()-v.proved.Load() > int64(limit)
}
