-- +goose Up

-- The queues that operators have paused, by the type of their subtasks.
CREATE TABLE paused_queues (
    type      text PRIMARY KEY,
    paused_at timestamptz NOT NULL
);

-- What is queued or runs is little, and has indexes of its own.
CREATE INDEX subtasks_backlog ON subtasks (type, run_at, id) WHERE status IN ('pending', 'waiting');
CREATE INDEX subtasks_dead ON subtasks (type, run_at, id) WHERE status = 'failed';
CREATE INDEX subtasks_finished ON subtasks (finished_at, type) WHERE status IN ('succeeded', 'failed');

-- +goose Down

DROP INDEX subtasks_finished;
DROP INDEX subtasks_dead;
DROP INDEX subtasks_backlog;
DROP TABLE paused_queues;
