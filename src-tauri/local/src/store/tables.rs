//! The tables as clients see them.

use super::schema::{Column, DefaultValue, Grants, Kind, Table, TableId};

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
    id: TableId::Sessions,
    columns: &SESSIONS,
    grants: Grants::All,
    published: true,
};

const SESSIONS_REV: [Column; 9] = with_rev(SESSIONS);

/// `chat_sessions` of a project with the sync part: one more column, `rev`.
pub static CHAT_SESSIONS_REV: Table = Table {
    name: CHAT_SESSIONS.name,
    id: TableId::Sessions,
    columns: &SESSIONS_REV,
    grants: Grants::All,
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
    id: TableId::Messages,
    columns: &MESSAGES,
    grants: Grants::All,
    published: true,
};

const MESSAGES_REV: [Column; 11] = with_rev(MESSAGES);

/// `chat_messages` of a project with the sync part: one more column, `rev`.
pub static CHAT_MESSAGES_REV: Table = Table {
    name: CHAT_MESSAGES.name,
    id: TableId::Messages,
    columns: &MESSAGES_REV,
    grants: Grants::All,
    published: true,
};

/// `user_presence`
pub static USER_PRESENCE: Table = Table {
    name: "user_presence",
    id: TableId::Presence,
    columns: &[
        required("user_id", Kind::Text),
        required("session_id", Kind::Text),
        one_of("status", "online", &["online", "away", "offline"]),
        plain("last_seen", Kind::Time, DefaultValue::Now),
        plain("is_typing", Kind::Bool, DefaultValue::False),
        plain("typing_in_session", Kind::Text, DefaultValue::Null),
        plain("metadata", Kind::Json, DefaultValue::EmptyObject),
    ],
    grants: Grants::All,
    published: true,
};

/// `crypto_prices`
pub static CRYPTO_PRICES: Table = Table {
    name: "crypto_prices",
    id: TableId::Prices,
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
    grants: Grants::All,
    published: true,
};

/// `chat_sync_heads` of the sync part.
pub static CHAT_SYNC_HEADS: Table = Table {
    name: "chat_sync_heads",
    id: TableId::Heads,
    columns: &[
        required("session_id", Kind::Text),
        required("last_rev", Kind::BigInt),
        required("gone", Kind::Bool),
    ],
    grants: Grants::Read,
    published: false,
};

/// `chat_tombstones` of the sync part.
pub static CHAT_TOMBSTONES: Table = Table {
    name: "chat_tombstones",
    id: TableId::Tombstones,
    columns: &[
        required("session_id", Kind::Text),
        required("id", Kind::Uuid),
        required("rev", Kind::BigInt),
        required("deleted_at", Kind::Time),
    ],
    grants: Grants::Read,
    published: false,
};

/// `chat_sync_digest` of the sync part, a view.
pub static CHAT_SYNC_DIGEST: Table = Table {
    name: "chat_sync_digest",
    id: TableId::Digest,
    columns: &[
        plain("version", Kind::BigInt, DefaultValue::Null),
        plain("epoch", Kind::Uuid, DefaultValue::Null),
        plain("heads", Kind::BigInt, DefaultValue::Null),
        plain("hash", Kind::Text, DefaultValue::Null),
    ],
    grants: Grants::Read,
    published: false,
};

/// `chat_session_members` of the members part.
pub static CHAT_SESSION_MEMBERS: Table = Table {
    name: "chat_session_members",
    id: TableId::Members,
    columns: &[
        Column {
            default: DefaultValue::Uuid,
            ..required("id", Kind::Uuid)
        },
        required("session_id", Kind::Text),
        required("user_id", Kind::Text),
        Column {
            allowed: &["owner", "member", "reader"],
            ..required("role", Kind::Text)
        },
        Column {
            default: DefaultValue::Now,
            ..required("joined_at", Kind::Time)
        },
    ],
    grants: Grants::Few(&["role"]),
    published: true,
};

/// `chat_session_invites` of the members part.
pub static CHAT_SESSION_INVITES: Table = Table {
    name: "chat_session_invites",
    id: TableId::Invites,
    columns: &[
        Column {
            default: DefaultValue::Uuid,
            ..required("id", Kind::Uuid)
        },
        required("session_id", Kind::Text),
        Column {
            allowed: &["member", "reader"],
            ..required("role", Kind::Text)
        },
        required("code_hash", Kind::Text),
        Column {
            default: DefaultValue::Now,
            ..required("created_at", Kind::Time)
        },
        required("expires_at", Kind::Time),
        plain("redeemed_by", Kind::Text, DefaultValue::Null),
        plain("redeemed_at", Kind::Time, DefaultValue::Null),
    ],
    grants: Grants::Few(&[]),
    published: false,
};

/// `chat_profiles` of the members part.
pub static CHAT_PROFILES: Table = Table {
    name: "chat_profiles",
    id: TableId::Profiles,
    columns: &[
        required("user_id", Kind::Text),
        Column {
            length: Some((1, 80)),
            ..required("display_name", Kind::Text)
        },
    ],
    grants: Grants::All,
    published: false,
};

/// `chat_members_info` of the members part, a view.
pub static CHAT_MEMBERS_INFO: Table = Table {
    name: "chat_members_info",
    id: TableId::MembersInfo,
    columns: &[plain("version", Kind::BigInt, DefaultValue::Null)],
    grants: Grants::Read,
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
        length: None,
    }
}

const fn required(name: &'static str, kind: Kind) -> Column {
    Column {
        name,
        kind,
        not_null: true,
        default: DefaultValue::Null,
        allowed: &[],
        length: None,
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
        length: None,
    }
}
