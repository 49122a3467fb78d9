package web

import "net/http"

// found is somebody who matches a search.
type found struct {
	Query     string     `json:"q"`
	Customers []customer `json:"customers"`
	More      bool       `json:"more"` // there are others besides
}

// search gives the first who match, up to limit. Nothing matches nothing.
func (c *call) search(limit int) (*found, error) {
	f, err := c.filter()
	if err != nil {
		return nil, err
	}
	result := &found{Query: f.Query, Customers: []customer{}}
	if f.Query == "" {
		return result, nil
	}
	result.Customers, err = c.customers(c.r.Context(), f, 0, limit+1)
	if len(result.Customers) > limit {
		result.Customers, result.More = result.Customers[:limit], true
	}
	return result, err
}

// searchPage goes straight to the customer when there is only one.
func (s *Server) searchPage(c *call) error {
	result, err := c.search(50)
	if err != nil {
		return err
	}
	if len(result.Customers) == 1 {
		return c.see(customerPath(result.Customers[0].ID))
	}
	return c.page("search", result)
}

// suggest answers while somebody types.
func (s *Server) suggest(c *call) error {
	result, err := c.search(8)
	if err != nil {
		return err
	}
	return c.fragment("suggestions", result)
}

func (s *Server) apiSearch(c *call) error {
	result, err := c.search(50)
	if err != nil {
		return err
	}
	return writeJSON(c.w, http.StatusOK, result)
}
