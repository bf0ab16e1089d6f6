package rest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/soundings-io/soundings/adapters/internal/plots"
	"github.com/soundings-io/soundings/domain/fault"
)

// plotPolicy is for who opens a picture by itself: its colours are in a style
// sheet inside of it, and nothing else is let in.
var plotPolicy = []string{"default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"}

var errNoPlot = fault.New(fault.NotFound, fault.CodeNotFound, "there is no picture of that name; there are sentiment-over-time.svg, mix.svg and volume.svg")

// GetPlot answers GET /tasks/{id}/plots/{plot}. A browser that has the picture
// asks again each time, and is told so in a line while the figures are the same.
func (h *handlers) GetPlot(c echo.Context, raw TaskID, name PlotName) error {
	id, err := taskID(raw)
	if err != nil {
		return err
	}
	if !name.Valid() {
		return errNoPlot
	}
	summed, err := h.Tasks.Summary(c.Request().Context(), callerOf(c), id)
	if err != nil {
		return err
	}
	svg, err := plots.Draw(plots.Name(strings.TrimSuffix(string(name), ".svg")), summed)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(svg)
	header := c.Response().Header()
	header.Set("Content-Type", "image/svg+xml")
	header.Set("Cache-Control", "private, no-cache")
	header.Set("ETag", `"`+hex.EncodeToString(sum[:])+`"`)
	header["Content-Security-Policy"] = plotPolicy
	c.Request().Header.Del("Range") // a picture is sent whole
	http.ServeContent(c.Response(), c.Request(), "", time.Time{}, bytes.NewReader(svg))
	return nil
}
