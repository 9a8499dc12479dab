-- Times are microseconds since 1970 UTC. Decimals are text. UUIDs are 16 bytes.
-- Flags are 0 or 1. Text ids stand once, in `users`, `sessions` and `symbols`; everything else
-- refers to them by their integer key.

CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE users (
    key INTEGER PRIMARY KEY,
    id  TEXT NOT NULL UNIQUE
) STRICT;

-- Rows of chat_sessions. A row whose columns are all unknown stands for a session that is
-- known only through a message.
CREATE TABLE sessions (
    key           INTEGER PRIMARY KEY,
    id            TEXT NOT NULL UNIQUE,
    owner         INTEGER REFERENCES users (key),
    title         TEXT,
    status        TEXT,
    last_activity INTEGER,
    created_at    INTEGER,
    updated_at    INTEGER,
    metadata      TEXT,
    -- What orders facts about the row: the newest live frame (commit time, arrival), the newest
    -- read (begin, end), the stamp of the fact that shows, and the columns older than it.
    live_commit   INTEGER,
    live_arrived  INTEGER,
    read_began    INTEGER,
    read_ended    INTEGER,
    stamp         INTEGER NOT NULL,
    behind        TEXT,
    incomplete    INTEGER NOT NULL DEFAULT 0,
    deleted       INTEGER NOT NULL DEFAULT 0,
    -- Hidden by a deletion of one's own that waits in the outbox.
    hidden        INTEGER NOT NULL DEFAULT 0,
    -- Made here; the server has not confirmed it.
    unsent        INTEGER NOT NULL DEFAULT 0,
    -- Stamp of the latest deletion: facts about its messages that are older do not count.
    gone_to       INTEGER,
    -- Complete lists in a row that lacked it.
    missing_lists INTEGER NOT NULL DEFAULT 0,
    no_access     INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Rows of chat_messages; a deleted one stays as a tombstone without content.
CREATE TABLE messages (
    key          INTEGER PRIMARY KEY,
    id           BLOB NOT NULL UNIQUE,
    session      INTEGER REFERENCES sessions (key),
    author       INTEGER REFERENCES users (key),
    content      TEXT,
    role         TEXT,
    metadata     TEXT,
    created_at   INTEGER,
    updated_at   INTEGER,
    status       TEXT,
    kind         TEXT,
    live_commit  INTEGER,
    live_arrived INTEGER,
    read_began   INTEGER,
    read_ended   INTEGER,
    stamp        INTEGER NOT NULL,
    behind       TEXT,
    incomplete   INTEGER NOT NULL DEFAULT 0,
    deleted      INTEGER NOT NULL DEFAULT 0,
    hidden       INTEGER NOT NULL DEFAULT 0,
    unsent       INTEGER NOT NULL DEFAULT 0,
    -- Whether the search index has the content as it is.
    indexed      INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX messages_in_order ON messages (session, created_at, id) WHERE deleted = 0 AND unsent = 0;
CREATE INDEX messages_unsent ON messages (session) WHERE unsent = 1;
CREATE INDEX messages_gone ON messages (key) WHERE deleted = 1;
CREATE INDEX messages_unindexed ON messages (key) WHERE indexed = 0;

-- Ranges of a session that were read whole. What lies between two that do not touch is a gap.
-- `older_at` is the smallest integer for the start of the session. While `live` is 1,
-- everything newer than the range arrives by itself.
CREATE TABLE ranges (
    session     INTEGER NOT NULL REFERENCES sessions (key) ON DELETE CASCADE,
    older_at    INTEGER NOT NULL,
    older_id    BLOB NOT NULL,
    newer_at    INTEGER NOT NULL,
    newer_id    BLOB NOT NULL,
    verified_at INTEGER NOT NULL,
    live        INTEGER NOT NULL,
    PRIMARY KEY (session, older_at, older_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX ranges_live ON ranges (live) WHERE live = 1;

CREATE TABLE read_positions (
    session INTEGER PRIMARY KEY REFERENCES sessions (key) ON DELETE CASCADE,
    at      INTEGER NOT NULL,
    id      BLOB NOT NULL
) STRICT;

CREATE TABLE drafts (
    session    INTEGER PRIMARY KEY REFERENCES sessions (key) ON DELETE CASCADE,
    text       TEXT NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE session_marks (
    session INTEGER PRIMARY KEY REFERENCES sessions (key) ON DELETE CASCADE,
    pinned  INTEGER NOT NULL DEFAULT 0,
    muted   INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Writes that wait for the server. `payload` is complete in itself, so that a row can be saved
-- from a damaged file.
CREATE TABLE outbox (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    account       INTEGER NOT NULL REFERENCES users (key),
    session       INTEGER NOT NULL REFERENCES sessions (key),
    message       INTEGER REFERENCES messages (key),
    op            TEXT NOT NULL CHECK (op IN ('insert', 'edit', 'delete', 'create_session', 'update_session', 'delete_session')),
    payload       TEXT NOT NULL,
    state         TEXT NOT NULL CHECK (state IN ('queued', 'sending', 'failed')),
    error_code    TEXT,
    error_message TEXT,
    attempts      INTEGER NOT NULL DEFAULT 0,
    created_at    INTEGER NOT NULL
) STRICT;

CREATE INDEX outbox_by_session ON outbox (session, id);
CREATE INDEX outbox_by_message ON outbox (message) WHERE message IS NOT NULL;

CREATE TABLE symbols (
    key          INTEGER PRIMARY KEY,
    name         TEXT NOT NULL UNIQUE,
    watch_order  INTEGER,
    evaluated_to INTEGER
) STRICT;

CREATE TABLE quotes (
    symbol                INTEGER PRIMARY KEY REFERENCES symbols (key),
    price                 TEXT NOT NULL,
    change_24h            TEXT,
    change_percentage_24h TEXT,
    market_cap            TEXT,
    volume_24h            TEXT,
    time                  INTEGER NOT NULL
) STRICT;

-- Prices as they came; older ones are folded into minutes.
CREATE TABLE ticks (
    symbol INTEGER NOT NULL REFERENCES symbols (key),
    time   INTEGER NOT NULL,
    price  TEXT NOT NULL,
    PRIMARY KEY (symbol, time)
) STRICT, WITHOUT ROWID;

CREATE TABLE minutes (
    symbol INTEGER NOT NULL REFERENCES symbols (key),
    minute INTEGER NOT NULL,
    time   INTEGER NOT NULL,
    price  TEXT NOT NULL,
    low    TEXT NOT NULL,
    high   TEXT NOT NULL,
    PRIMARY KEY (symbol, minute)
) STRICT, WITHOUT ROWID;

CREATE TABLE rules (
    id         BLOB PRIMARY KEY,
    symbol     INTEGER NOT NULL REFERENCES symbols (key),
    definition TEXT NOT NULL,
    state      TEXT NOT NULL,
    enabled    INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE firings (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    rule        BLOB NOT NULL,
    symbol      INTEGER NOT NULL REFERENCES symbols (key),
    sentence    TEXT NOT NULL,
    price       TEXT NOT NULL,
    source_time INTEGER NOT NULL,
    fired_at    INTEGER NOT NULL,
    mark        TEXT NOT NULL,
    pending     INTEGER NOT NULL
) STRICT;

CREATE INDEX firings_pending ON firings (id) WHERE pending = 1;

-- The words of messages, written in the background; rowid is messages.key.
CREATE VIRTUAL TABLE search_index USING fts5 (
    content,
    content = '',
    contentless_delete = 1,
    tokenize = 'unicode61 remove_diacritics 2',
    prefix = '2 3'
);
