-- +goose Up

-- When the last dispatch of all processes began. One row.
CREATE TABLE dispatch_turns (began_at timestamptz NOT NULL) WITH (fillfactor = 10);
INSERT INTO dispatch_turns VALUES ('epoch');

-- +goose Down

DROP TABLE dispatch_turns;
