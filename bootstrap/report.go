package bootstrap

import (
	"bufio"
	"context"
	"path/filepath"
	"time"

	"github.com/soundings-io/soundings/adapters/files"
	"github.com/soundings-io/soundings/adapters/report"
	"github.com/soundings-io/soundings/domain/analysis"
	"github.com/soundings-io/soundings/domain/task"
)

// writeReport writes the page to the file, whole or not at all.
func writeReport(ctx context.Context, path string, t task.State, s analysis.Summary) error {
	dir, err := files.OpenDir(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer func() { _ = dir.Close() }()
	file, err := dir.Create(ctx, filepath.Base(path))
	if err != nil {
		return err
	}
	defer func() { _ = file.Abort() }() // after Commit it does nothing
	page := bufio.NewWriter(file)
	if err := report.Write(page, report.Report{Task: t, Summary: s, MadeAt: time.Now()}); err != nil {
		return err
	}
	if err := page.Flush(); err != nil {
		return err
	}
	return file.Commit()
}
