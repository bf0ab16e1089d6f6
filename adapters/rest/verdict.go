package rest

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/soundings-io/soundings/domain/analysis"
)

// JudgeSpam answers PUT /tasks/{id}/posts/{postId}/spam.
func (h *handlers) JudgeSpam(c echo.Context, id TaskID, postID string) error {
	body, err := readBody(c)
	if err != nil {
		return err
	}
	verdict, err := readVerdict(body)
	if err != nil {
		return err
	}
	of, err := taskID(id)
	if err != nil {
		return err
	}
	if postID, err = canonicalID(postID); err != nil {
		return err
	}
	post, err := h.Verdicts.Judge(c.Request().Context(), callerOf(c), of, postID, verdict)
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, postDocument(&post))
}

// readVerdict tells null, which takes a verdict back, from a body without one.
func readVerdict(body []byte) (*analysis.Verdict, error) {
	var asked NewVerdict
	if err := decode(body, &asked); err != nil {
		return nil, err
	}
	if asked.Verdict != nil {
		verdict, err := analysis.ParseVerdict(*asked.Verdict)
		return &verdict, err
	}
	var members map[string]any
	if err := decode(body, &members); err != nil {
		return nil, err
	}
	if _, given := members["verdict"]; !given {
		return nil, invalid("verdict", "verdict is missing: spam, ok or null")
	}
	return nil, nil
}
