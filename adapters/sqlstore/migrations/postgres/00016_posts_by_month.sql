-- +goose Up

-- Posts lie in one table for each month in which tasks were made, so that a
-- month goes whole. What was there until now is the first of these tables. It
-- is a change of names: nobody waits longer than it takes to get the lock, and
-- where an export has the table for longer, the migration gives up, to be run
-- again.
SET LOCAL lock_timeout = '10s';
ALTER TABLE posts RENAME TO posts_first;
ALTER INDEX posts_pkey RENAME TO posts_first_pkey;
ALTER INDEX posts_published RENAME TO posts_first_published;
ALTER INDEX posts_replies RENAME TO posts_first_replies;
ALTER INDEX posts_batch RENAME TO posts_first_batch;
ALTER INDEX posts_liked RENAME TO posts_first_liked;

CREATE TABLE posts (LIKE posts_first INCLUDING DEFAULTS, PRIMARY KEY (task_id, external_id)) PARTITION BY RANGE (task_id);
CREATE INDEX posts_published ON posts (task_id, published_at);
CREATE INDEX posts_replies ON posts (task_id, parent_external_id) WHERE kind = 'reply';
CREATE INDEX posts_liked ON posts (task_id, likes, id);
CREATE INDEX posts_batch ON posts (batch_id, id);

-- Its constraint says what its rows are, so that none is read.
-- +goose StatementBegin
DO $$
BEGIN
    EXECUTE (SELECT format('ALTER TABLE posts ATTACH PARTITION posts_first FOR VALUES FROM (MINVALUE) TO (%L)',
        substring(pg_get_constraintdef(oid) FROM '[0-9a-f]{8}-[0-9a-f-]{27}')) FROM pg_constraint WHERE conname = 'posts_first_tasks');
END $$;
-- +goose StatementEnd
ALTER TABLE posts_first DROP CONSTRAINT posts_first_tasks;

-- What belongs to no month that has a table: nothing, unless the tables of the
-- months to come could not be made in time.
CREATE TABLE posts_other (LIKE posts INCLUDING DEFAULTS) WITH (fillfactor = 45);
ALTER TABLE posts ATTACH PARTITION posts_other DEFAULT;

-- +goose Down

CREATE TABLE posts_whole (LIKE posts INCLUDING DEFAULTS) WITH (fillfactor = 45);
INSERT INTO posts_whole SELECT * FROM posts;
DROP TABLE posts;
ALTER TABLE posts_whole RENAME TO posts;
ALTER TABLE posts ADD CONSTRAINT posts_pkey PRIMARY KEY (task_id, external_id);
ALTER TABLE posts ADD CONSTRAINT posts_first_tasks CHECK (true);
CREATE INDEX posts_published ON posts (task_id, published_at);
CREATE INDEX posts_replies ON posts (task_id, parent_external_id) WHERE kind = 'reply';
CREATE INDEX posts_liked ON posts (task_id, likes, id);
CREATE INDEX posts_batch ON posts (batch_id, id);
