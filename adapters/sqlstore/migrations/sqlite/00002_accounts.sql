-- +goose Up

-- Secrets are sealed before they come here: see access.Keyring.
CREATE TABLE integrations (
    id               text PRIMARY KEY,
    user_id          text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    provider         text NOT NULL,
    account_id       text NOT NULL, -- empty where the provider does not tell
    account_name     text NOT NULL,
    scopes           text NOT NULL,
    access_token     blob,
    refresh_token    blob,
    expires_at       text,
    ends_at          text,
    reason           text NOT NULL, -- why it must be connected again, or empty
    version          integer NOT NULL,
    refreshing_until text,
    last_used_at     text,
    created_at       text NOT NULL
) STRICT;
CREATE INDEX integrations_newest ON integrations (user_id, provider, (reason <> ''), id DESC); -- the newest that works is the first
CREATE UNIQUE INDEX integrations_account ON integrations (user_id, provider, account_id) WHERE account_id <> '';

CREATE TABLE connections (
    id         text PRIMARY KEY,
    user_id    text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    provider   text NOT NULL,
    state_hash blob, -- null once the provider has answered
    verifier   blob NOT NULL,
    code       blob,
    return_to  text NOT NULL,
    expires_at text NOT NULL
) STRICT;
CREATE UNIQUE INDEX connections_state ON connections (state_hash) WHERE state_hash IS NOT NULL;
CREATE INDEX connections_age ON connections (expires_at);

CREATE TABLE budgets (
    provider   text NOT NULL,
    credential text NOT NULL,
    ledger     text NOT NULL,
    PRIMARY KEY (provider, credential)
) STRICT;

ALTER TABLE tasks ADD COLUMN fallback text;
ALTER TABLE subtasks ADD COLUMN fallback text;

-- +goose Down

ALTER TABLE subtasks DROP COLUMN fallback;
ALTER TABLE tasks DROP COLUMN fallback;
DROP TABLE budgets;
DROP TABLE connections;
DROP TABLE integrations;
