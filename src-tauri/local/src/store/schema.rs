//! The tables as clients see them.

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

/// One table or view; the first column is its primary key, or the first part of it.
#[derive(Debug, PartialEq, Eq)]
pub struct Table {
    /// Its name in the schema `public`.
    pub name: &'static str,
    /// Its columns in order.
    pub columns: &'static [Column],
    /// What clients are granted; policies say the rest.
    pub access: TableAccess,
    /// Whether its changes are told live.
    pub published: bool,
}

/// What clients are granted on a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableAccess {
    /// Every verb.
    Write,
    /// Reading; only the server itself writes it.
    Read,
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

/// The one of the four tables called `name`, as a project without optional parts has it.
pub fn table(name: &str) -> Option<&'static Table> {
    TABLES.iter().copied().find(|table| table.name == name)
}

/// The only schema.
pub const SCHEMA: &str = "public";

/// The four tables without optional parts.
pub const TABLES: [&Table; 4] = [
    &CHAT_SESSIONS,
    &CHAT_MESSAGES,
    &USER_PRESENCE,
    &CRYPTO_PRICES,
];

const SESSIONS: [Column; 8] = [
    required("id", Kind::Text),
    plain("user_id", Kind::Text, DefaultValue::Null),
    plain("title", Kind::Text, DefaultValue::Null),
    one_of("status", "active", &["active", "inactive", "archived"]),
    plain("last_activity", Kind::Time, DefaultValue::Now),
    plain("created_at", Kind::Time, DefaultValue::Now),
    plain("updated_at", Kind::Time, DefaultValue::Now),
    plain("metadata", Kind::Json, DefaultValue::EmptyObject),
];

/// `chat_sessions`
pub static CHAT_SESSIONS: Table = Table {
    name: "chat_sessions",
    columns: &SESSIONS,
    access: TableAccess::Write,
    published: true,
};

const SESSIONS_REV: [Column; 9] = with_rev(SESSIONS);

/// `chat_sessions` of a project with the sync part: one more column, `rev`.
pub static CHAT_SESSIONS_REV: Table = Table {
    name: CHAT_SESSIONS.name,
    columns: &SESSIONS_REV,
    access: TableAccess::Write,
    published: true,
};

const MESSAGES: [Column; 10] = [
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
];

/// `chat_messages`
pub static CHAT_MESSAGES: Table = Table {
    name: "chat_messages",
    columns: &MESSAGES,
    access: TableAccess::Write,
    published: true,
};

const MESSAGES_REV: [Column; 11] = with_rev(MESSAGES);

/// `chat_messages` of a project with the sync part: one more column, `rev`.
pub static CHAT_MESSAGES_REV: Table = Table {
    name: CHAT_MESSAGES.name,
    columns: &MESSAGES_REV,
    access: TableAccess::Write,
    published: true,
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
    access: TableAccess::Write,
    published: true,
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
    access: TableAccess::Write,
    published: true,
};

/// `chat_sync_heads` of the sync part.
pub static CHAT_SYNC_HEADS: Table = Table {
    name: "chat_sync_heads",
    columns: &[
        required("session_id", Kind::Text),
        required("last_rev", Kind::BigInt),
        required("gone", Kind::Bool),
    ],
    access: TableAccess::Read,
    published: false,
};

/// `chat_tombstones` of the sync part.
pub static CHAT_TOMBSTONES: Table = Table {
    name: "chat_tombstones",
    columns: &[
        required("session_id", Kind::Text),
        required("id", Kind::Uuid),
        required("rev", Kind::BigInt),
        required("deleted_at", Kind::Time),
    ],
    access: TableAccess::Read,
    published: false,
};

/// `chat_sync_digest` of the sync part, a view.
pub static CHAT_SYNC_DIGEST: Table = Table {
    name: "chat_sync_digest",
    columns: &[
        plain("version", Kind::BigInt, DefaultValue::Null),
        plain("epoch", Kind::Uuid, DefaultValue::Null),
        plain("heads", Kind::BigInt, DefaultValue::Null),
        plain("hash", Kind::Text, DefaultValue::Null),
    ],
    access: TableAccess::Read,
    published: false,
};

/// `columns`, and `rev` behind them.
const fn with_rev<const N: usize, const M: usize>(columns: [Column; N]) -> [Column; M] {
    let mut all = [plain("rev", Kind::BigInt, DefaultValue::Null); M];
    let mut at = 0;
    while at < N {
        all[at] = columns[at];
        at += 1;
    }
    all
}

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
