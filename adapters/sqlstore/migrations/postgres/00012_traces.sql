-- +goose Up

-- The trace of the request that asked for the latest run, as a W3C traceparent.
ALTER TABLE tasks ADD COLUMN trace text;

-- +goose Down

ALTER TABLE tasks DROP COLUMN trace;
