-- +goose Up

-- What the most liked posts of a task are listed by.
CREATE INDEX posts_liked ON posts (task_id, likes, id);

-- +goose Down

DROP INDEX posts_liked;
