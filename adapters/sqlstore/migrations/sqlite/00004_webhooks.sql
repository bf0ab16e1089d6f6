-- +goose Up

ALTER TABLE tasks ADD COLUMN webhook text; -- who is told of the task's end, and how far that is

-- Messages that are still to be delivered: written when a task ends, deleted
-- when its receiver has it or it is given up.
CREATE TABLE webhooks (
    id       text PRIMARY KEY,
    task_id  text NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
    user_id  text NOT NULL,
    task     text NOT NULL, -- the task's row as it ended
    attempts integer NOT NULL, -- begun; it tells an attempt from the next one
    due_at   text NOT NULL -- for the next attempt, or because the lease of this one is over
) STRICT;
CREATE INDEX webhooks_due ON webhooks (due_at, id);
CREATE INDEX webhooks_task ON webhooks (task_id);

-- +goose Down

DROP TABLE webhooks;
ALTER TABLE tasks DROP COLUMN webhook;
