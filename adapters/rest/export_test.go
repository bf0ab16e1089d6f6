package rest

import "github.com/labstack/echo/v4"

// Routes returns what the server listens to, for the test that compares it with
// openapi.yaml.
func (s *Server) Routes() []*echo.Route { return s.api.Routes() }

// DocsAssets are the routes that belong to GET /docs.
func DocsAssets() []string { return docsAssets }
