package sqlstore

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"github.com/soundings-io/soundings/domain/fault"
	"github.com/soundings-io/soundings/ports"
)

const (
	// answersKept is how long a first answer is given again.
	answersKept = 24 * time.Hour
	// inWork is how long a request may be in work before its key is free again:
	// its process is gone.
	inWork = time.Minute
)

type requestRow struct {
	bun.BaseModel `bun:"table:idempotency_keys,alias:i"`

	UserID    string    `bun:"user_id,pk"`
	Path      string    `bun:"path,pk"`
	Key       string    `bun:"key,pk"`
	BodyHash  []byte    `bun:"body_hash"`
	Status    int       `bun:"status"` // 0 while the request is in work
	Location  string    `bun:"location"`
	Body      []byte    `bun:"body"`
	CreatedAt time.Time `bun:"created_at"`
}

func newRequestRow(r ports.IdempotentRequest) requestRow {
	return requestRow{UserID: string(r.User), Path: r.Path, Key: r.Key, BodyHash: r.BodyHash, Body: []byte{}}
}

// BeginRequest inserts first; whoever finds the key taken reads what became of
// the first request, its row locked.
func (s *Store) BeginRequest(ctx context.Context, r ports.IdempotentRequest, now time.Time) (*ports.StoredAnswer, error) {
	if err := checkIDs(r.User); err != nil {
		return nil, err
	}
	var answer *ports.StoredAnswer
	err := s.inTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		answer = nil
		row := newRequestRow(r)
		row.CreatedAt = now
		result, err := tx.NewInsert().Model(&row).On("CONFLICT DO NOTHING").Exec(ctx)
		if err != nil {
			return err
		}
		if n, err := result.RowsAffected(); err != nil || n > 0 {
			return err
		}
		first := newRequestRow(r)
		err = s.dialect.lock(tx.NewSelect().Model(&first).WherePK(), false).Scan(ctx)
		if errors.Is(err, sql.ErrNoRows) {
			return inFlight() // given back between the two statements
		}
		if err != nil {
			return err
		}
		age := now.Sub(first.CreatedAt)
		switch {
		case age >= answersKept, first.Status == 0 && age >= inWork:
			_, err := tx.NewUpdate().Model(&row).Column("body_hash", "status", "location", "body", "created_at").WherePK().Exec(ctx)
			return err
		case !bytes.Equal(first.BodyHash, r.BodyHash):
			return fault.New(fault.Invalid, fault.CodeIdempotencyMismatch, "this Idempotency-Key was used for another body; use a new one")
		case first.Status == 0:
			return inFlight()
		}
		answer = &ports.StoredAnswer{Status: first.Status, Location: first.Location, Body: first.Body}
		return nil
	})
	return answer, err
}

// KeepAnswer writes once: the first answer stays.
func (s *Store) KeepAnswer(ctx context.Context, r ports.IdempotentRequest, a ports.StoredAnswer) error {
	if err := checkIDs(r.User); err != nil {
		return err
	}
	row := newRequestRow(r)
	row.Status, row.Location = a.Status, a.Location
	row.Body = append(row.Body, a.Body...)
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	_, err := s.db.NewUpdate().Model(&row).Column("status", "location", "body").WherePK().Where("i.status = 0").Exec(ctx)
	return s.fault(err)
}

// ForgetRequest removes the key unless it has an answer.
func (s *Store) ForgetRequest(ctx context.Context, r ports.IdempotentRequest) error {
	if err := checkIDs(r.User); err != nil {
		return err
	}
	row := newRequestRow(r)
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	_, err := s.db.NewDelete().Model(&row).WherePK().Where("i.status = 0").Exec(ctx)
	return s.fault(err)
}

// forgetOldRequests removes answers that are not given again.
func (s *Store) forgetOldRequests(ctx context.Context, limit int) error {
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	old := s.db.NewSelect().Table("idempotency_keys").Column("user_id", "path", "key").
		Where("created_at < ?", s.dialect.after(-answersKept)).Limit(int64(limit))
	_, err := s.db.NewDelete().Table("idempotency_keys").Where("(user_id, path, key) IN (?)", old).Exec(ctx)
	return s.fault(err)
}

func inFlight() error {
	return fault.New(fault.Conflict, fault.CodeIdempotencyInFlight, "the first request with this Idempotency-Key is still in work")
}
