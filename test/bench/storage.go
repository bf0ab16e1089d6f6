package main

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/soundings-io/soundings/adapters/sqlstore"
	"github.com/soundings-io/soundings/domain/content"
)

const (
	// storedTimes makes 207,024 rows of the corpus.
	storedTimes = 4
	rounds      = 3
	bigPage     = 1000
	// walkers is half of the handlers of a worker, which store at a time.
	walkers = 4
	// platformPage is how many comments YouTube puts on a page.
	platformPage = 100
)

// measureStorage compares SavePage, a whole transaction a page under a lease of
// each walker, with psql's \copy of the very rows that it stored.
func measureStorage(ctx context.Context, b *bench) error {
	posts, err := b.corpus.load(storedTimes)
	if err != nil {
		return err
	}
	rates, err := b.storePostgres(ctx, posts)
	if err != nil {
		return err
	}
	b.copied = median(rates[0])
	b.table.atLeast("SavePage on Postgres, 1,000 posts a page, 4 walkers", median(rates[bigPage]), b.copied, 0.6, "rows/s")
	b.table.atLeast("SavePage on Postgres, 100 posts a page, 4 walkers", median(rates[platformPage]), b.copied, 0.3, "rows/s")
	b.table.note("… by one walker at 1,000 and at 100 a page", fmt.Sprintf("%.2f ×, %.2f ×",
		median(rates[-bigPage])/b.copied, median(rates[-platformPage])/b.copied))
	for _, size := range []int{bigPage, platformPage} {
		rate, err := b.storeSQLite(ctx, posts, size)
		if err != nil {
			return err
		}
		b.table.note(fmt.Sprintf("SavePage on SQLite, %d posts a page", size), figure{rate, "rows/s"}.String())
	}
	return nil
}

// storePostgres stores the posts at both page sizes and by copy, round by
// round so that all meet the same machine. Copy's rates are under 0, those of
// one walker under the page's size with a minus.
func (b *bench) storePostgres(ctx context.Context, posts []content.Post) (map[int][]float64, error) {
	address, drop, err := b.newDatabase(ctx)
	if err != nil {
		return nil, err
	}
	defer drop()
	store, err := b.openStore(ctx, address)
	if err != nil {
		return nil, err
	}
	defer func() { _ = store.Close() }()
	rates := map[int][]float64{}
	for range rounds {
		for _, size := range []int{-platformPage, -bigPage, platformPage, bigPage} {
			rate, err := b.storeOnce(ctx, store, address, posts, size)
			if err != nil {
				return nil, err
			}
			rates[size] = append(rates[size], rate)
		}
		rate, err := b.copyOnce(ctx, address, len(posts))
		if err != nil {
			return nil, err
		}
		rates[0] = append(rates[0], rate)
	}
	b.say("storage, rows/s by round: \\copy %.0f, pages of 1,000 %.0f, of 100 %.0f", rates[0], rates[bigPage], rates[platformPage])
	return rates, nil
}

// storeOnce stores the posts in an empty table, by one walker if the size is
// negative.
func (b *bench) storeOnce(ctx context.Context, store *sqlstore.Store, address string, posts []content.Post, size int) (float64, error) {
	if err := b.execute(ctx, address, "TRUNCATE posts, tasks CASCADE", "CHECKPOINT"); err != nil {
		return 0, err
	}
	n := walkers
	if size < 0 {
		n, size = 1, -size
	}
	_, claimed, err := leases(ctx, store, n)
	if err != nil {
		return 0, err
	}
	took, err := walk(ctx, store, claimed, posts, size)
	return float64(len(posts)) / took.Seconds(), err
}

// copyOnce writes the rows of posts to a file and copies them into the emptied
// table.
func (b *bench) copyOnce(ctx context.Context, address string, rows int) (float64, error) {
	file := filepath.Join(b.folder, "rows.csv")
	if _, err := psql(ctx, address, `\copy (SELECT * FROM posts ORDER BY id) TO '`+file+`' CSV`); err != nil {
		return 0, err
	}
	if err := b.execute(ctx, address, "TRUNCATE posts", "CHECKPOINT"); err != nil {
		return 0, err
	}
	took, err := psql(ctx, address, `\copy posts FROM '`+file+`' CSV`)
	return float64(rows) / took.Seconds(), err
}

// copyRate returns what psql stores in a second, measured at most once a run.
func (b *bench) copyRate(ctx context.Context) (float64, error) {
	if b.copied > 0 {
		return b.copied, nil
	}
	posts, err := b.corpus.load(storedTimes)
	if err != nil {
		return 0, err
	}
	rates, err := b.storePostgres(ctx, posts)
	b.copied = median(rates[0])
	return b.copied, err
}

func (b *bench) storeSQLite(ctx context.Context, posts []content.Post, size int) (float64, error) {
	folder, err := b.newFolder("sqlite")
	if err != nil {
		return 0, err
	}
	store, err := b.openStore(ctx, "sqlite:"+filepath.Join(folder, "store.db"))
	if err != nil {
		return 0, err
	}
	defer func() { _ = store.Close() }()
	_, claimed, err := leases(ctx, store, 1)
	if err != nil {
		return 0, err
	}
	took, err := walk(ctx, store, claimed, posts, size)
	return float64(len(posts)) / took.Seconds(), err
}
