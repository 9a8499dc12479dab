//! The database that holds the rows.

/// What makes the database, one version after another; `user_version` counts them.
pub(super) const STEPS: [&str; 5] = [FIRST, SIGN_IN, SYNC, MEMBERS, STORAGE];

/// How the rows are held. Times are microseconds since 1970 UTC; `numeric` is its text,
/// ordered by the collation `exact`; JSON is the canonical text of `jsonb`.
const FIRST: &str = "
CREATE TABLE chat_sessions (
    id TEXT PRIMARY KEY NOT NULL,
    user_id TEXT,
    title TEXT,
    status TEXT,
    last_activity INTEGER,
    created_at INTEGER,
    updated_at INTEGER,
    metadata TEXT
) STRICT;
CREATE INDEX chat_sessions_user_id ON chat_sessions (user_id);
CREATE INDEX chat_sessions_last_activity ON chat_sessions (last_activity);

CREATE TABLE chat_messages (
    id TEXT PRIMARY KEY NOT NULL,
    session_id TEXT NOT NULL,
    user_id TEXT,
    content TEXT NOT NULL,
    role TEXT NOT NULL,
    metadata TEXT,
    created_at INTEGER,
    updated_at INTEGER,
    status TEXT,
    message_type TEXT
) STRICT;
CREATE INDEX chat_messages_session_id ON chat_messages (session_id, created_at, id);
CREATE INDEX chat_messages_created_at ON chat_messages (created_at, id);

CREATE TABLE user_presence (
    user_id TEXT PRIMARY KEY NOT NULL,
    session_id TEXT NOT NULL,
    status TEXT,
    last_seen INTEGER,
    is_typing INTEGER,
    typing_in_session TEXT,
    metadata TEXT
) STRICT;
CREATE INDEX user_presence_session_id ON user_presence (session_id);
CREATE INDEX user_presence_status ON user_presence (status);

CREATE TABLE crypto_prices (
    id TEXT PRIMARY KEY NOT NULL,
    symbol TEXT NOT NULL,
    price TEXT COLLATE exact NOT NULL,
    change_24h TEXT COLLATE exact,
    change_percentage_24h TEXT COLLATE exact,
    market_cap INTEGER,
    volume_24h INTEGER,
    last_updated INTEGER
) STRICT;
CREATE INDEX crypto_prices_symbol ON crypto_prices (symbol);
CREATE INDEX crypto_prices_last_updated ON crypto_prices (last_updated);

CREATE TABLE auth_users (
    id TEXT PRIMARY KEY NOT NULL,
    email TEXT UNIQUE,
    phone TEXT UNIQUE,
    password_hash TEXT,
    confirmed_at INTEGER,
    last_sign_in_at INTEGER,
    app_metadata TEXT NOT NULL,
    user_metadata TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE auth_sessions (
    id TEXT PRIMARY KEY NOT NULL,
    user_id TEXT NOT NULL REFERENCES auth_users (id) ON DELETE CASCADE,
    method TEXT NOT NULL,
    signed_in_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX auth_sessions_user_id ON auth_sessions (user_id);

CREATE TABLE auth_refresh_tokens (
    hash TEXT PRIMARY KEY NOT NULL,
    session_id TEXT NOT NULL REFERENCES auth_sessions (id) ON DELETE CASCADE,
    counter INTEGER NOT NULL,
    used_at INTEGER,
    created_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX auth_refresh_tokens_counter ON auth_refresh_tokens (session_id, counter);

CREATE TABLE auth_codes (
    code TEXT PRIMARY KEY NOT NULL,
    user_id TEXT NOT NULL REFERENCES auth_users (id) ON DELETE CASCADE,
    challenge TEXT NOT NULL,
    method TEXT NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;

CREATE TABLE auth_pending (
    user_id TEXT NOT NULL REFERENCES auth_users (id) ON DELETE CASCADE,
    purpose TEXT NOT NULL,
    target TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (user_id, purpose)
) STRICT;

CREATE TABLE assistant_queue (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    message_id TEXT NOT NULL
) STRICT;

CREATE TABLE workspace_state (
    name TEXT PRIMARY KEY NOT NULL,
    value TEXT NOT NULL
) STRICT;
";

/// Second factors, and sign-ins by a provider from their beginning on.
const SIGN_IN: &str = "
CREATE TABLE auth_factors (
    id TEXT PRIMARY KEY NOT NULL,
    user_id TEXT NOT NULL REFERENCES auth_users (id) ON DELETE CASCADE,
    name TEXT,
    secret TEXT NOT NULL,
    verified INTEGER NOT NULL,
    last_step INTEGER,
    last_challenged_at INTEGER,
    wrong INTEGER NOT NULL,
    wrong_since INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX auth_factors_name ON auth_factors (user_id, name);

CREATE TABLE auth_challenges (
    id TEXT PRIMARY KEY NOT NULL,
    factor_id TEXT NOT NULL REFERENCES auth_factors (id) ON DELETE CASCADE,
    expires_at INTEGER NOT NULL,
    used INTEGER NOT NULL
) STRICT;
CREATE INDEX auth_challenges_factor_id ON auth_challenges (factor_id);

ALTER TABLE auth_sessions ADD COLUMN factor_id TEXT REFERENCES auth_factors (id) ON DELETE SET NULL;
ALTER TABLE auth_sessions ADD COLUMN factor_at INTEGER;

DROP TABLE auth_codes;
CREATE TABLE auth_flows (
    id TEXT PRIMARY KEY NOT NULL,
    provider TEXT NOT NULL,
    redirect_to TEXT NOT NULL,
    challenge TEXT,
    method TEXT,
    code TEXT UNIQUE,
    user_id TEXT REFERENCES auth_users (id) ON DELETE CASCADE,
    expires_at INTEGER NOT NULL
) STRICT;
";

/// The sync part: revisions, heads, tombstones, and who could read a session that is gone.
/// The columns are there in every database; whether they are used is for [`super::parts`].
const SYNC: &str = "
ALTER TABLE chat_sessions ADD COLUMN rev INTEGER;
ALTER TABLE chat_messages ADD COLUMN rev INTEGER;
CREATE INDEX chat_messages_rev ON chat_messages (session_id, rev);

CREATE TABLE chat_sync_heads (
    session_id TEXT PRIMARY KEY NOT NULL,
    last_rev INTEGER NOT NULL,
    gone INTEGER NOT NULL
) STRICT;

CREATE TABLE chat_tombstones (
    session_id TEXT NOT NULL,
    id TEXT NOT NULL,
    rev INTEGER NOT NULL,
    deleted_at INTEGER NOT NULL,
    PRIMARY KEY (session_id, id)
) STRICT;
CREATE INDEX chat_tombstones_rev ON chat_tombstones (session_id, rev);

CREATE TABLE sync_gone (
    user_id TEXT NOT NULL,
    session_id TEXT NOT NULL,
    PRIMARY KEY (user_id, session_id)
) STRICT;
";

/// The members part: who takes part in a session, who may come, and what people are called.
const MEMBERS: &str = "
CREATE TABLE chat_session_members (
    id TEXT PRIMARY KEY NOT NULL,
    session_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    role TEXT NOT NULL,
    joined_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX chat_session_members_pair ON chat_session_members (session_id, user_id);
CREATE UNIQUE INDEX chat_session_members_owner ON chat_session_members (session_id)
    WHERE role = 'owner';
CREATE INDEX chat_session_members_user_id ON chat_session_members (user_id, session_id);

CREATE TABLE chat_session_invites (
    id TEXT PRIMARY KEY NOT NULL,
    session_id TEXT NOT NULL,
    role TEXT NOT NULL,
    code_hash TEXT NOT NULL UNIQUE,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    redeemed_by TEXT,
    redeemed_at INTEGER
) STRICT;
CREATE INDEX chat_session_invites_session_id ON chat_session_invites (session_id);

CREATE TABLE chat_profiles (
    user_id TEXT PRIMARY KEY NOT NULL,
    display_name TEXT NOT NULL
) STRICT;
";

/// Storage: an object's content stands last in its row, so that a look at the rest does not read it.
const STORAGE: &str = "
CREATE TABLE storage_buckets (
    id TEXT PRIMARY KEY NOT NULL,
    public INTEGER NOT NULL,
    size_limit INTEGER,
    mime_types TEXT
) STRICT;

CREATE TABLE storage_objects (
    bucket TEXT NOT NULL REFERENCES storage_buckets (id),
    name TEXT NOT NULL,
    id TEXT NOT NULL UNIQUE,
    owner TEXT,
    mime_type TEXT NOT NULL,
    cache_control TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    content BLOB NOT NULL,
    PRIMARY KEY (bucket, name)
) STRICT;
";
