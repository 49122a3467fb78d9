package console

import "net/http"

// serveAPI answers programs.
func (c *Console) serveAPI(w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) }
