package web

import (
	"fmt"

	"github.com/xuri/excelize/v2"
)

// exportXLSX is the same export as a workbook. Every field is text, so a
// spreadsheet runs none of it and keeps the zeros of phones.
func (s *Server) exportXLSX(c *call) error {
	f, err := c.filter()
	if err != nil {
		return err
	}
	book := excelize.NewFile()
	defer book.Close()
	const sheet = "Customers"
	if err := book.SetSheetName("Sheet1", sheet); err != nil {
		return err
	}
	out, err := book.NewStreamWriter(sheet)
	if err != nil {
		return err
	}
	bold, err := book.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}})
	if err != nil {
		return err
	}
	for i, width := range []float64{9, 26, 18, 36, 24, 12, 18, 11, 13, 40, 24, 10, 21, 24} {
		if err := out.SetColWidth(i+1, i+1, width); err != nil {
			return err
		}
	}
	if err := out.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return err
	}
	if err := out.SetRow("A1", cells(exportHeader), excelize.RowOpts{StyleID: bold}); err != nil {
		return err
	}
	row := 1
	err = s.eachCustomer(c.r.Context(), f, func(one *customer) error {
		row++
		return out.SetRow(fmt.Sprintf("A%d", row), cells(one.fields()))
	})
	if err != nil {
		return err
	}
	if err := out.Flush(); err != nil {
		return err
	}
	c.w.Header().Set("Content-Type", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
	c.attachment("customers", "xlsx")
	_, err = book.WriteTo(c.w)
	return c.ended(err)
}

func cells(fields []string) []any {
	row := make([]any, len(fields))
	for i, f := range fields {
		row[i] = f
	}
	return row
}
