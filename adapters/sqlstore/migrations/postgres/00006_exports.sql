-- +goose Up

-- Authors of a task's posts are replaced by their HMAC under this key. Made for
-- the first export that asks for it; nobody is told.
CREATE TABLE pseudonym_keys (
    task_id uuid PRIMARY KEY REFERENCES tasks (id) ON DELETE CASCADE,
    key     bytea NOT NULL
);

-- Files that are there until their time is over. No foreign key: the file of a
-- deleted task stays listed until it is removed.
CREATE TABLE export_files (
    task_id    uuid PRIMARY KEY,
    format     text NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX export_files_expiry ON export_files (expires_at);

INSERT INTO export_files
SELECT id, export->>'format', (export->>'expiresAt')::timestamptz FROM tasks
WHERE kind = 'export' AND status = 'completed' AND export->>'expiresAt' IS NOT NULL;

-- +goose Down

DROP TABLE export_files;
DROP TABLE pseudonym_keys;
