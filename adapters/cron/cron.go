// Package cron works out when expressions of cron are due.
package cron

import (
	"strings"
	"time"

	"github.com/adhocore/gronx"

	"github.com/soundings-io/soundings/domain/fault"
)

// fields are those of crontab(5): minute, hour, day of month, month, day of week.
const fields = 5

// Next returns when the expression is due next after a time, in that time's
// zone. It takes five fields or a name (@hourly, @daily, @weekly, @monthly,
// @yearly). An hour that the change to summer time leaves out is passed over, an
// hour that comes twice is due once. Error kinds: Invalid.
func Next(expression string, after time.Time) (time.Time, error) {
	expression = strings.TrimSpace(expression)
	named := strings.HasPrefix(expression, "@") && !strings.Contains(expression, " ")
	if !named && len(strings.Fields(expression)) != fields || !gronx.IsValid(expression) {
		return time.Time{}, fault.New(fault.Invalid, fault.CodeInvalidValue,
			"cron is five fields, as in 0 6 * * 1-5 (minute, hour, day of month, month, day of week), or a name such as @daily").In("cron")
	}
	next, err := gronx.NextTickAfter(expression, after, false)
	if err != nil {
		return time.Time{}, fault.New(fault.Invalid, fault.CodeInvalidValue, "cron names a time that never comes").In("cron")
	}
	return next, nil
}
