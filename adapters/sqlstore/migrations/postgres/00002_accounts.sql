-- +goose Up

-- Secrets are sealed before they come here: see access.Keyring.
CREATE TABLE integrations (
    id               uuid PRIMARY KEY,
    user_id          uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    provider         text NOT NULL,
    account_id       text NOT NULL, -- empty where the provider does not tell
    account_name     text NOT NULL,
    scopes           jsonb NOT NULL,
    access_token     bytea,
    refresh_token    bytea,
    expires_at       timestamptz,
    ends_at          timestamptz,
    reason           text NOT NULL, -- why it must be connected again, or empty
    version          bigint NOT NULL,
    refreshing_until timestamptz,
    last_used_at     timestamptz,
    created_at       timestamptz NOT NULL
);
CREATE INDEX integrations_newest ON integrations (user_id, provider, (reason <> ''), id DESC); -- the newest that works is the first
CREATE UNIQUE INDEX integrations_account ON integrations (user_id, provider, account_id) WHERE account_id <> '';

CREATE TABLE connections (
    id         text PRIMARY KEY,
    user_id    uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    provider   text NOT NULL,
    state_hash bytea, -- null once the provider has answered
    verifier   bytea NOT NULL,
    code       bytea,
    return_to  text NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX connections_state ON connections (state_hash) WHERE state_hash IS NOT NULL;
CREATE INDEX connections_age ON connections (expires_at);

CREATE TABLE budgets (
    provider   text NOT NULL,
    credential text NOT NULL,
    ledger     jsonb NOT NULL,
    PRIMARY KEY (provider, credential)
) WITH (fillfactor = 70);

ALTER TABLE tasks ADD COLUMN fallback jsonb;
ALTER TABLE subtasks ADD COLUMN fallback jsonb;

-- +goose Down

ALTER TABLE subtasks DROP COLUMN fallback;
ALTER TABLE tasks DROP COLUMN fallback;
DROP TABLE budgets, connections, integrations;
