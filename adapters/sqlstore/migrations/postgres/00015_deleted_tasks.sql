-- +goose NO TRANSACTION
-- +goose Up

-- What takes long on a large table is done here, beside whoever reads and
-- writes it. Each statement can be run again after an interruption.

SELECT set_config('soundings.statement_timeout', current_setting('statement_timeout'), false);
SET statement_timeout = 0;

-- Tasks that were deleted and whose posts are not all gone yet.
CREATE TABLE IF NOT EXISTS deleted_tasks (task_id uuid PRIMARY KEY);

-- All tasks until now, and those of the rest of this month and of the next:
-- a UUID v7 begins with the milliseconds since 1970 (RFC 9562, section 5.7).
-- +goose StatementBegin
DO $$
DECLARE
    bound timestamptz := date_trunc('month', now(), 'UTC') + interval '2 months';
BEGIN
    ALTER TABLE posts DROP CONSTRAINT IF EXISTS posts_first_tasks;
    EXECUTE format('ALTER TABLE posts ADD CONSTRAINT posts_first_tasks CHECK (task_id < %L) NOT VALID',
        rpad(lpad(to_hex((extract(epoch FROM bound) * 1000)::bigint), 12, '0'), 32, '0')::uuid);
END $$;
-- +goose StatementEnd
ALTER TABLE posts VALIDATE CONSTRAINT posts_first_tasks;

SELECT set_config('statement_timeout', current_setting('soundings.statement_timeout'), false);

-- +goose Down

ALTER TABLE posts DROP CONSTRAINT posts_first_tasks;
DROP TABLE deleted_tasks;
