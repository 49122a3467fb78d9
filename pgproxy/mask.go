package pgproxy

import (
	"encoding/binary"
	"time"

	"custody"
)

// maskValue appends the masked form of a value in either format. It gives false
// when the value has none; the caller shows NULL.
func (s *Server) maskValue(dst []byte, category custody.Category, typ uint32, format int16, v []byte) ([]byte, bool) {
	if s.o.Mask == nil {
		return dst, false
	}
	if format == 0 || typ == oidText || typ == oidVarchar || typ == oidBpchar || typ == oidName {
		return s.o.Mask(dst, category, typ, v)
	}
	if typ == oidDate && len(v) == 4 {
		return maskDate(dst, v), true
	}
	return dst, false
}

// maskDate keeps the year of a binary date, which counts days from 2000-01-01.
func maskDate(dst, v []byte) []byte {
	epoch := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	day := epoch.AddDate(0, 0, int(int32(binary.BigEndian.Uint32(v))))
	first := time.Date(day.Year(), 1, 1, 0, 0, 0, 0, time.UTC)
	return binary.BigEndian.AppendUint32(dst, uint32(int32(first.Sub(epoch)/(24*time.Hour))))
}
