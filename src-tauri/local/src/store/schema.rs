//! The four tables as clients see them, and the database that holds them.

/// The type of a column, named after PostgreSQL's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `uuid`
    Uuid,
    /// `text`
    Text,
    /// `jsonb`
    Json,
    /// `timestamptz`
    Time,
    /// `boolean`
    Bool,
    /// `numeric`
    Numeric,
    /// `bigint`
    BigInt,
}

impl Kind {
    /// The name in the system catalogue, as Realtime tells it (`timestamptz`, `int8`).
    pub const fn catalog_name(self) -> &'static str {
        match self {
            Self::Uuid => "uuid",
            Self::Text => "text",
            Self::Json => "jsonb",
            Self::Time => "timestamptz",
            Self::Bool => "bool",
            Self::Numeric => "numeric",
            Self::BigInt => "int8",
        }
    }

    /// The name in PostgreSQL's messages (`timestamp with time zone`, `bigint`).
    pub const fn sql_name(self) -> &'static str {
        match self {
            Self::Uuid => "uuid",
            Self::Text => "text",
            Self::Json => "jsonb",
            Self::Time => "timestamp with time zone",
            Self::Bool => "boolean",
            Self::Numeric => "numeric",
            Self::BigInt => "bigint",
        }
    }
}

/// What a column holds when an insert does not name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DefaultValue {
    /// NULL.
    Null,
    /// A random UUID.
    Uuid,
    /// The start of the transaction.
    Now,
    /// A text.
    Text(&'static str),
    /// `{}`
    EmptyObject,
    /// `false`
    False,
    /// `0`
    Zero,
}

/// One column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub kind: Kind,
    /// Whether it refuses NULL.
    pub not_null: bool,
    /// What it holds by default.
    pub default: DefaultValue,
    /// The values its CHECK admits; empty when it has none.
    pub allowed: &'static [&'static str],
}

/// One table; its primary key is the first column.
#[derive(Debug, PartialEq, Eq)]
pub struct Table {
    /// Its name in the schema `public`.
    pub name: &'static str,
    /// Its columns in order.
    pub columns: &'static [Column],
}

impl Table {
    /// The primary key's column.
    pub fn key(&self) -> &'static Column {
        &self.columns[0]
    }

    /// The column called `name`.
    pub fn column(&self, name: &str) -> Option<&'static Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Where the column called `name` stands.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }
}

/// The table called `name`.
pub fn table(name: &str) -> Option<&'static Table> {
    TABLES.iter().copied().find(|table| table.name == name)
}

/// The only schema.
pub const SCHEMA: &str = "public";

/// All tables.
pub const TABLES: [&Table; 4] = [
    &CHAT_SESSIONS,
    &CHAT_MESSAGES,
    &USER_PRESENCE,
    &CRYPTO_PRICES,
];

/// `chat_sessions`
pub static CHAT_SESSIONS: Table = Table {
    name: "chat_sessions",
    columns: &[
        required("id", Kind::Text),
        plain("user_id", Kind::Text, DefaultValue::Null),
        plain("title", Kind::Text, DefaultValue::Null),
        one_of("status", "active", &["active", "inactive", "archived"]),
        plain("last_activity", Kind::Time, DefaultValue::Now),
        plain("created_at", Kind::Time, DefaultValue::Now),
        plain("updated_at", Kind::Time, DefaultValue::Now),
        plain("metadata", Kind::Json, DefaultValue::EmptyObject),
    ],
};

/// `chat_messages`
pub static CHAT_MESSAGES: Table = Table {
    name: "chat_messages",
    columns: &[
        Column {
            default: DefaultValue::Uuid,
            ..required("id", Kind::Uuid)
        },
        required("session_id", Kind::Text),
        plain("user_id", Kind::Text, DefaultValue::Null),
        required("content", Kind::Text),
        Column {
            allowed: &["user", "assistant", "system"],
            ..required("role", Kind::Text)
        },
        plain("metadata", Kind::Json, DefaultValue::EmptyObject),
        plain("created_at", Kind::Time, DefaultValue::Now),
        plain("updated_at", Kind::Time, DefaultValue::Now),
        one_of(
            "status",
            "delivered",
            &["sending", "delivered", "failed", "error"],
        ),
        one_of("message_type", "text", &["text", "voice", "adapter_action"]),
    ],
};

/// `user_presence`
pub static USER_PRESENCE: Table = Table {
    name: "user_presence",
    columns: &[
        required("user_id", Kind::Text),
        required("session_id", Kind::Text),
        one_of("status", "online", &["online", "away", "offline"]),
        plain("last_seen", Kind::Time, DefaultValue::Now),
        plain("is_typing", Kind::Bool, DefaultValue::False),
        plain("typing_in_session", Kind::Text, DefaultValue::Null),
        plain("metadata", Kind::Json, DefaultValue::EmptyObject),
    ],
};

/// `crypto_prices`
pub static CRYPTO_PRICES: Table = Table {
    name: "crypto_prices",
    columns: &[
        Column {
            default: DefaultValue::Uuid,
            ..required("id", Kind::Uuid)
        },
        required("symbol", Kind::Text),
        required("price", Kind::Numeric),
        plain("change_24h", Kind::Numeric, DefaultValue::Zero),
        plain("change_percentage_24h", Kind::Numeric, DefaultValue::Zero),
        plain("market_cap", Kind::BigInt, DefaultValue::Zero),
        plain("volume_24h", Kind::BigInt, DefaultValue::Zero),
        plain("last_updated", Kind::Time, DefaultValue::Now),
    ],
};

const fn plain(name: &'static str, kind: Kind, default: DefaultValue) -> Column {
    Column {
        name,
        kind,
        not_null: false,
        default,
        allowed: &[],
    }
}

const fn required(name: &'static str, kind: Kind) -> Column {
    Column {
        name,
        kind,
        not_null: true,
        default: DefaultValue::Null,
        allowed: &[],
    }
}

const fn one_of(
    name: &'static str,
    default: &'static str,
    allowed: &'static [&'static str],
) -> Column {
    Column {
        name,
        kind: Kind::Text,
        not_null: false,
        default: DefaultValue::Text(default),
        allowed,
    }
}

/// What makes the database, one version after another; `user_version` counts them.
pub(super) const STEPS: [&str; 2] = [DDL, SIGN_IN];

/// How the rows are held. Times are microseconds since 1970 UTC; `numeric` is its text,
/// ordered by the collation `exact`; JSON is the canonical text of `jsonb`.
const DDL: &str = "
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
