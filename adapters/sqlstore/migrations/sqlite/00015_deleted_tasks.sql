-- +goose Up

-- Tasks that were deleted and whose posts are not all gone yet.
CREATE TABLE deleted_tasks (task_id text PRIMARY KEY) STRICT, WITHOUT ROWID;

-- +goose Down

DROP TABLE deleted_tasks;
