-- +goose Up

CREATE TABLE sessions (
    id_hash    blob PRIMARY KEY,
    api_key_id text NOT NULL REFERENCES api_keys (id) ON DELETE CASCADE,
    expires_at text NOT NULL
) STRICT;
CREATE INDEX sessions_age ON sessions (expires_at);
CREATE INDEX sessions_key ON sessions (api_key_id);

-- What a thread is read by: the replies to a comment.
CREATE INDEX posts_replies ON posts (task_id, parent_external_id) WHERE kind = 'reply';

-- +goose Down

DROP INDEX posts_replies;
DROP TABLE sessions;
